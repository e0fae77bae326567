"""Typed objects from decoded JSON, strictly.

One converter serves the operations and the payloads of message handlers. cattrs is imported and the converter
built when the first object is made: a module reads its init line and most of its operations without it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Set
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin

import attrs

from pywatt.protocol.records import ADDED, NULL_WHEN_MISSING
from pywatt.protocol.strict_values import (
    MISSING,
    U16,
    RefusedFieldError,
    RefusedValueError,
    read_boolean,
    read_bytes,
    read_float,
    read_integer,
    read_integer_key,
    read_member,
    read_text,
    read_u16,
)

if TYPE_CHECKING:
    from cattrs import Converter

Made = TypeVar("Made")

_LONGEST_REASON: Final = 200
_MOST_REFUSALS: Final = 10
_NOT_VALID: Final = "not a valid value"


class SeveralRefusedError(ValueError):
    """Values of a collection that cannot be read.

    Args:
        errors: each with its index or key.
    """

    def __init__(self, errors: list[tuple[int | str, Exception]]) -> None:
        super().__init__(f"{len(errors)} values are not valid")
        self.errors = errors


def structure(value: object, kind: type[Made]) -> Made:
    """An object of a class made from decoded JSON.

    Args:
        value: what `decode_strict` gave.
        kind: an attrs class, a dataclass, or any type built of them, scalars, lists, maps and unions.

    Raises:
        RefusedFieldError: for the first field that is not valid.
    """
    try:
        return strict_converter().structure(value, kind)
    except (ValueError, ExceptionGroup) as error:
        raise next(refusals(error)) from None


def refusals(error: BaseException, path: str = "", *, revealing: bool = False) -> Iterator[RefusedFieldError]:
    """The single refusals inside an error of the converter, each with the path of its field.

    Args:
        error: what the converter raised.
        path: where the converted value stands.
        revealing: whether the keys of maps may stand in a path, and what a class says about its values in the
            reason. Both may be content, so they are for the sender of a payload only.

    Raises:
        BaseException: what is inside is no refusal but a fault of the class that was to be made.
    """
    if isinstance(error, SeveralRefusedError):
        for place, inner in error.errors:
            shown = f"[{place}]" if revealing or isinstance(place, int) else ""
            yield from refusals(inner, path + shown, revealing=revealing)
    elif isinstance(error, BaseExceptionGroup):
        for single in error.exceptions:
            yield from refusals(single, _joined(path, _attribute_of(single)), revealing=revealing)
    elif isinstance(error, RefusedFieldError):
        yield RefusedFieldError(_joined(path, error.path), error.reason)
    else:
        yield RefusedFieldError(path, _reason(error, revealing))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name and not name.startswith("[") else path + name


def _attribute_of(error: BaseException) -> str:
    from cattrs.errors import AttributeValidationNote

    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return note.name
    return ""


def _reason(error: BaseException, revealing: bool) -> str:
    if isinstance(error, RefusedValueError):
        return str(error)
    if _is_raised_by_cattrs(error):
        return MISSING if isinstance(error, KeyError) else _NOT_VALID
    if not isinstance(error, ValueError):
        raise error
    # What a class itself says about a value may hold it.
    return str(error)[:_LONGEST_REASON] if revealing else _NOT_VALID


def _is_raised_by_cattrs(error: BaseException) -> bool:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    is_generated = place.tb_frame.f_code.co_filename.startswith("<cattrs")
    return is_generated or str(place.tb_frame.f_globals.get("__name__")).partition(".")[0] == "cattrs"


@cache
def strict_converter() -> Converter:
    """The converter; add hooks to a copy of it, never to it."""
    from pathlib import Path

    import cattrs
    from cattrs.cols import is_any_set, is_mapping, is_sequence

    from pywatt.protocol.service_types import ServiceType

    converter = cattrs.Converter(detailed_validation=True)
    for kind, read in _SCALARS.items():
        converter.register_structure_hook(kind, _scalar_hook(kind, read))
    converter.register_structure_hook(Enum, read_member)
    converter.register_structure_hook(Path, lambda value, kind: kind(read_text(value)))
    converter.register_structure_hook(ServiceType, lambda value, _: ServiceType.from_value(value))
    # By identity: a hook registered for `object` would serve every class.
    converter.register_structure_hook_func(lambda kind: kind is object, _as_it_is)
    converter.register_structure_hook_func(_is_u16, read_u16)
    converter.register_structure_hook_factory(is_sequence, _collection_hook)
    converter.register_structure_hook_factory(is_any_set, _collection_hook)
    converter.register_structure_hook_factory(is_mapping, _mapping_hook)
    converter.register_structure_hook_factory(_is_class_of_fields, _class_hook)
    return converter


def _as_it_is(value: object, _kind: Any) -> object:
    return value


_SCALARS: Final[dict[type, Callable[[object, Any], object]]] = {
    str: read_text,
    bool: read_boolean,
    int: read_integer,
    float: read_float,
    bytes: read_bytes,
}


def _scalar_hook(base: type, read: Callable[[object, Any], Any]) -> Callable[[object, Any], Any]:
    """A hook for a scalar type and, because that is how cattrs finds hooks, for its subclasses."""

    def read_as(value: object, kind: Any) -> Any:
        if kind is base:
            return read(value, kind)
        return read_member(value, kind) if issubclass(kind, Enum) else kind(read(value, kind))

    return read_as


def _is_u16(kind: Any) -> bool:
    return U16 in getattr(kind, "__metadata__", ())


def _is_class_of_fields(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and any(
        hasattr(origin, marker) for marker in ("__dataclass_fields__", "__attrs_attrs__")
    )


def _class_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    from cattrs.gen import make_dict_structure_fn, override

    fields = attrs.fields(kind) if attrs.has(kind) else ()
    lenient: dict[str, Any] = {
        field.name: override(struct_hook=_lenient_hook(field)) for field in fields if ADDED in field.metadata
    }
    nulls = {field.name: None for field in fields if NULL_WHEN_MISSING in field.metadata}
    structured = make_dict_structure_fn(kind, converter, **lenient)

    def read(value: Any, target: Any) -> Any:
        # cattrs itself looks for fields in anything.
        if not isinstance(value, dict):
            raise RefusedValueError("an object", value)
        return structured({**nulls, **value} if nulls else value, target)

    return read


def _lenient_hook(field: attrs.Attribute[Any]) -> Callable[[object, Any], object]:
    expected, otherwise = field.metadata[ADDED], field.default
    return lambda value, _: value if type(value) is expected else otherwise


def _collection_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Reads an array into the list, set or other collection; cattrs itself takes any iterable, even text."""
    item_kind = (*get_args(kind), Any)[0]
    hook = converter.get_structure_hook(item_kind)
    origin = get_origin(kind) or kind
    made = _concrete(origin, set if issubclass(origin, Set) else list)

    def read(value: Any, _kind: Any) -> Any:
        if not isinstance(value, list):
            raise RefusedValueError("an array", value)
        items = _read_items(hook, item_kind, enumerate(value))
        return items if made is list else made(items)

    return read


def _mapping_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    key_kind, value_kind = (*get_args(kind), str, Any)[:2] if len(get_args(kind)) != 1 else (str, Any)
    read_key = read_integer_key if key_kind is int else converter.get_structure_hook(key_kind)
    hook = converter.get_structure_hook(value_kind)
    origin = get_origin(kind) or kind
    made = _concrete(origin, dict)

    def read(value: Any, _kind: Any) -> Any:
        if not isinstance(value, dict):
            raise RefusedValueError("an object", value)
        keys = _read_items(read_key, key_kind, zip(value, value, strict=True))
        return made(zip(keys, _read_items(hook, value_kind, value.items()), strict=True))

    return read


def _concrete(origin: Any, otherwise: type) -> Any:
    return otherwise if inspect.isabstract(origin) else origin


def _read_items(
    hook: Callable[[Any, Any], Any], kind: Any, items: Iterable[tuple[int | str, Any]]
) -> list[Any]:
    """All values of a collection, or the first errors: a hostile array must not become as many of them."""
    made: list[Any] = []
    refused: list[tuple[int | str, Exception]] = []
    for place, item in items:
        try:
            made.append(hook(item, kind))
        except Exception as error:
            refused.append((place, error))
            if len(refused) == _MOST_REFUSALS:
                break
    if refused:
        raise SeveralRefusedError(refused)
    return made
