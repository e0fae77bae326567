"""Typed objects from decoded JSON, strictly: nothing is coerced, and no error shows content.

One converter serves the operations and the payloads of message handlers. cattrs is imported and the converter
built when the first object is made: a module reads its init line and most of its operations without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from pywatt.protocol.strict_json import kind_of

if TYPE_CHECKING:
    from cattrs import Converter

Made = TypeVar("Made")

U16: Final = "u16"  # written as Annotated[int, U16]
_U16_HIGHEST: Final = 0xFFFF
MISSING: Final = "missing field"
_LONGEST_REASON: Final = 200


class SelfReading(ABC):
    """A type with a JSON form of its own, neither a scalar nor an object of its fields."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def from_json(cls, value: object) -> Self:
        """The object that a decoded value stands for; RefusedFieldError or RefusedValueError otherwise."""

    @abstractmethod
    def to_json(self) -> object:
        """The value that stands for the object."""


class RefusedValueError(ValueError):
    """A value that is not what was expected; says so without showing it."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(f"expected {expected}, found {kind_of(value)}")


class RefusedFieldError(ValueError):
    """A field that cannot be read.

    Args:
        path: the field, as in `endpoints[1].methods`; empty for the whole object.
        reason: what was expected; never content.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"field `{path}`: {reason}" if path else reason)
        self.path = path
        self.reason = reason


def read_text(value: object, _kind: Any = None) -> str:
    """A string."""
    if type(value) is not str:
        raise RefusedValueError("a string", value)
    return value


def read_boolean(value: object, _kind: Any = None) -> bool:
    """A boolean."""
    if type(value) is not bool:
        raise RefusedValueError("a boolean", value)
    return value


def read_integer(value: object, _kind: Any = None) -> int:
    """An integer; `true` and 1.0 are none."""
    if type(value) is not int:
        raise RefusedValueError("an integer", value)
    return value


def read_float(value: object, _kind: Any = None) -> float:
    """A number; an integer is one."""
    if type(value) is not float and type(value) is not int:
        raise RefusedValueError("a number", value)
    return float(value)


def read_u16(value: object, _kind: Any = None) -> int:
    """An integer from 0 to 65535."""
    number = read_integer(value)
    if not 0 <= number <= _U16_HIGHEST:
        raise RefusedFieldError("", "expected an integer from 0 to 65535")
    return number


def read_text_map(value: object, _kind: Any = None) -> dict[str, str]:
    """An object whose values are strings."""
    if not isinstance(value, dict):
        raise RefusedValueError("an object", value)
    for inner in value.values():
        if type(inner) is not str:
            raise RefusedFieldError("", f"expected string values, found {kind_of(inner)}")
    return value


def read_variant(value: object, names: tuple[str, ...]) -> str:
    """One of some names; `{"Name": null}` says the same, as the reference reads it."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        value = name if inner is None else None
    if value not in names:
        raise RefusedFieldError("", f"expected one of {', '.join(names)}")
    return str(value)


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
    # Texts of foreign errors may hold the value.
    return (
        str(error)[:_LONGEST_REASON] if revealing and isinstance(error, ValueError) else "not a valid value"
    )


@cache
def strict_converter() -> Converter:
    """The converter; add hooks to a copy of it, never to it."""
    import attrs
    import cattrs
    from cattrs.cols import is_mapping, is_sequence, list_structure_factory, mapping_structure_factory

    converter = cattrs.Converter(detailed_validation=True)
    for kind, hook in _SCALARS.items():
        converter.register_structure_hook(kind, hook)
    # By identity: a hook registered for `object` would serve every class.
    converter.register_structure_hook_func(lambda kind: kind is object, _as_it_is)
    converter.register_structure_hook_func(_is_u16, read_u16)
    converter.register_structure_hook_factory(is_sequence, _after(list, "an array", list_structure_factory))
    converter.register_structure_hook_factory(
        is_mapping, _after(dict, "an object", mapping_structure_factory)
    )
    converter.register_structure_hook_factory(attrs.has, _after(dict, "an object", _class_hook))
    converter.register_structure_hook_func(_reads_itself, lambda value, kind: kind.from_json(value))
    return converter


def _as_it_is(value: object, _kind: Any) -> object:
    return value


_SCALARS: Final[dict[type, Callable[[object, Any], object]]] = {
    str: read_text,
    bool: read_boolean,
    int: read_integer,
    float: read_float,
}


def _is_u16(kind: Any) -> bool:
    return U16 in getattr(kind, "__metadata__", ())


def _reads_itself(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, SelfReading)


def _class_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    from cattrs.gen import make_dict_structure_fn

    return make_dict_structure_fn(kind, converter)


def _after(
    form: type, expected: str, factory: Callable[[Any, Converter], Callable[[Any, Any], Any]]
) -> Callable[[Any, Converter], Callable[[Any, Any], Any]]:
    """A factory whose hooks refuse another JSON form first: cattrs takes any iterable for a list."""

    def make(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
        structured = factory(kind, converter)

        def read(value: Any, target: Any) -> Any:
            if not isinstance(value, form):
                raise RefusedValueError(expected, value)
            return structured(value, target)

        return read

    return make
