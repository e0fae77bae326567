"""Typed objects from decoded JSON, strictly.

One converter serves the operations and the payloads of message handlers. cattrs is imported and the converter
built when the first object is made: a module reads its init line and most of its operations without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_type_hints

from pywatt.protocol.strict_values import (
    MISSING,
    RefusedFieldError,
    RefusedValueError,
    read_boolean,
    read_bytes,
    read_float,
    read_integer,
    read_member,
    read_text,
    read_u16,
)

if TYPE_CHECKING:
    from cattrs import Converter

Made = TypeVar("Made")

U16: Final = "u16"  # written as Annotated[int, U16]
_LONGEST_REASON: Final = 200


def structure(value: object, kind: type[Made]) -> Made:
    """An object of a class made from decoded JSON.

    Args:
        value: what `decode_strict` gave.
        kind: an attrs class, a dataclass, or any type built of them, scalars, lists, maps and unions.

    Raises:
        RefusedFieldError: for the first field that is not valid.
    """
    import cattrs

    try:
        return strict_converter().structure(value, kind)
    except (cattrs.BaseValidationError, RefusedValueError, RefusedFieldError) as error:
        raise next(refusals(error)) from None


def refusals(error: BaseException, path: str = "", *, revealing: bool = False) -> Iterator[RefusedFieldError]:
    """The single refusals inside an error of the converter, each with the path of its field.

    Args:
        error: what the converter raised.
        path: where the converted value stands.
        revealing: whether the keys of maps may stand in a path, and what a class says about its values in the
            reason. Both may be content, so they are for the sender of a payload only.
    """
    import cattrs
    from cattrs.errors import AttributeValidationNote, IterableValidationNote

    if not isinstance(error, cattrs.BaseValidationError):
        yield RefusedFieldError(path + _own_path(error, path), _reason(error, revealing))
        return
    for inner in error.exceptions:
        place = path
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                place = f"{path}.{note.name}" if path else note.name
            elif isinstance(note, IterableValidationNote) and (revealing or isinstance(note.index, int)):
                place = f"{path}[{note.index}]"
        yield from refusals(inner, place, revealing=revealing)


def _own_path(error: BaseException, path: str) -> str:
    own = error.path if isinstance(error, RefusedFieldError) else ""
    return f".{own}" if own and path and not own.startswith("[") else own


def _reason(error: BaseException, revealing: bool) -> str:
    if isinstance(error, RefusedFieldError):
        return error.reason
    if isinstance(error, RefusedValueError):
        return str(error)
    if isinstance(error, KeyError):
        return MISSING
    # A foreign text may hold the value; what the class itself says about it is meant for the sender.
    meant = revealing and isinstance(error, ValueError) and not _is_raised_by_cattrs(error)
    return str(error)[:_LONGEST_REASON] if meant else "not a valid value"


def _is_raised_by_cattrs(error: BaseException) -> bool:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and str(place.tb_frame.f_globals.get("__name__")).startswith("cattrs")


@cache
def strict_converter() -> Converter:
    """The converter; add hooks to a copy of it, never to it."""
    from pathlib import Path

    import cattrs
    from cattrs.cols import is_mapping, is_sequence, list_structure_factory, mapping_structure_factory

    converter = cattrs.Converter(detailed_validation=True)
    for kind, read in _SCALARS.items():
        converter.register_structure_hook(kind, _scalar_hook(kind, read))
    converter.register_structure_hook(Enum, read_member)
    converter.register_structure_hook(Path, lambda value, kind: kind(read_text(value)))
    # By identity: a hook registered for `object` would serve every class.
    converter.register_structure_hook_func(lambda kind: kind is object, _as_it_is)
    converter.register_structure_hook_func(_is_u16, read_u16)
    converter.register_structure_hook_factory(is_sequence, after(list, "an array", list_structure_factory))
    converter.register_structure_hook_factory(is_mapping, after(dict, "an object", mapping_structure_factory))
    converter.register_structure_hook_factory(_is_record, _record_hook)
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


def _is_record(kind: Any) -> bool:
    from pywatt.protocol.records import Record

    return isinstance(kind, type) and issubclass(kind, Record)


def _record_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    from pywatt.protocol.records import REQUIRED

    if kind.reads_itself:
        return lambda value, _: kind.from_value(value)
    hints = get_type_hints(kind, include_extras=True)
    readers = []
    for name, declared in kind.fields.items():
        hint = hints[name]
        # On the wire a field that may be null may also be missing, whatever the constructor asks for.
        default = None if declared is REQUIRED and type(None) in get_args(hint) else declared
        readers.append((name, converter.get_structure_hook(hint), hint, default))

    def read(value: Any, _kind: Any) -> Any:
        if not isinstance(value, dict):
            raise RefusedValueError("an object", value)
        made = {}
        for name, hook, hint, default in readers:
            if name in value:
                made[name] = _read_field(name, hook, value[name], hint)
            elif default is REQUIRED:
                raise RefusedFieldError(name, MISSING)
            else:
                made[name] = default
        return kind(**made)

    return read


def _read_field(name: str, hook: Callable[[Any, Any], Any], value: Any, hint: Any) -> Any:
    import cattrs

    try:
        return hook(value, hint)
    except (cattrs.BaseValidationError, RefusedValueError, RefusedFieldError) as error:
        raise next(refusals(error, name)) from None


def after(
    form: type, expected: str, factory: Callable[[Any, Converter], Callable[[Any, Any], Any]]
) -> Callable[[Any, Converter], Callable[[Any, Any], Any]]:
    """A factory whose hooks refuse another JSON form first: cattrs takes any iterable for a list.

    Args:
        form: what `json` gives for the form, list or dict.
        expected: the form in words.
        factory: makes the hook for a type.
    """

    def make(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
        structured = factory(kind, converter)

        def read(value: Any, target: Any) -> Any:
            if not isinstance(value, form):
                raise RefusedValueError(expected, value)
            return structured(value, target)

        return read

    return make
