"""Single values of decoded JSON, strictly: nothing is coerced, and no error shows content."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeVar

from pywatt.protocol.strict_json import kind_of

Made = TypeVar("Made")

MISSING: Final = "missing field"
U16: Final = "u16"  # written as Annotated[int, U16]
_U16_HIGHEST: Final = 0xFFFF
_BYTE_HIGHEST: Final = 0xFF
_LONGEST_KEY: Final = 20


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


def read_integer_key(value: object, _kind: Any = None) -> int:
    """An integer that is the key of an object, and so a string."""
    text = read_text(value)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_KEY):
        raise RefusedFieldError("", "expected a key that is an integer")
    return int(text)


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


def read_bytes(value: object, _kind: Any = None) -> bytes:
    """Bytes, from an array of integers."""
    if not isinstance(value, list):
        raise RefusedValueError("an array", value)
    if not all(type(item) is int and 0 <= item <= _BYTE_HIGHEST for item in value):
        raise RefusedFieldError("", "expected an array of integers from 0 to 255")
    return bytes(value)


def read_member(value: object, kind: type[Enum]) -> Enum:
    """The member of an enum that has this value; `true` is not the value 1."""
    for member in kind:
        if type(member.value) is type(value) and member.value == value:
            return member
    raise RefusedFieldError("", f"expected a value of {kind.__name__}")


def read_variant(value: object, names: tuple[str, ...]) -> str:
    """One of some names; `{"Name": null}` says the same, as the reference reads it."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        value = name if inner is None else None
    if value not in names:
        raise RefusedFieldError("", f"expected one of {', '.join(names)}")
    return str(value)


def required_field(fields: dict[str, Any], name: str, read: Callable[[object], Made]) -> Made:
    """What a field of an object holds, read by a function of this file or one like them.

    Raises:
        RefusedFieldError: the field is missing or not valid.
    """
    if name not in fields:
        raise RefusedFieldError(name, MISSING)
    try:
        return read(fields[name])
    except RefusedFieldError as error:
        raise RefusedFieldError(f"{name}.{error.path}" if error.path else name, error.reason) from None
    except RefusedValueError as error:
        raise RefusedFieldError(name, str(error)) from None


def optional_field(fields: dict[str, Any], name: str, read: Callable[[object], Made]) -> Made | None:
    """The same for a field that may be missing or null."""
    return None if fields.get(name) is None else required_field(fields, name, read)
