"""Typed objects whose fields are printed in the order in which they are declared."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar, Final, Self

import attrs

from pywatt.protocol.listen import TcpAddress, UnixAddress
from pywatt.protocol.strict_values import RefusedFieldError, SelfReading
from pywatt.protocol.structuring import structure

REDACTED: Final = "[REDACTED]"
_DEEPEST_CONTENT: Final = 127


class Record:
    """The ground of all typed objects of the protocol.

    Subclasses are attrs classes with `eq=False, repr=False`: one comparison and one redacting repr here cost
    less at start-up than two generated ones in each class.
    """

    __slots__ = ()

    omitted: ClassVar[frozenset[str]] = frozenset()
    """Fields that are left out when they are None or False; all others are always printed."""
    content: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold any JSON; their keys are printed sorted."""
    confidential: ClassVar[frozenset[str]] = frozenset()
    """Fields that never show in a repr."""

    def to_fields(self) -> dict[str, object]:
        """The JSON object, in printed order."""
        fields: dict[str, object] = {}
        for name in field_names(type(self)):
            value = getattr(self, name)
            if (value is None or value is False) and name in self.omitted:
                continue
            fields[name] = sorted_content(value, name) if name in self.content else _printable(value)
        return fields

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in field_names(type(self)))

    __hash__ = None  # type: ignore[assignment]  # fields may be lists and maps

    def __repr__(self) -> str:
        shown = (f"{name}={self._shown(name, getattr(self, name))}" for name in field_names(type(self)))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str, value: object) -> str:
        return REDACTED if name in self.confidential and value is not None else repr(value)


class ControlOperation(Record):
    """An operation that is not hot: lifecycle, secrets, ports, services."""

    __slots__ = ()

    op: ClassVar[str]
    added: ClassVar[dict[str, type]] = {}
    """Fields that the reference does not know: one of another type is ignored, as it would be there."""

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> Self:
        """The operation that a decoded object holds.

        Raises:
            RefusedFieldError: a field is missing or not valid.
        """
        if not field_names(cls):
            return cls()
        known = {
            name: value
            for name, value in fields.items()
            if name not in cls.added or type(value) is cls.added[name]
        }
        return structure(known, cls)


def field_names(kind: type[Any]) -> tuple[str, ...]:
    """The fields of an attrs class, in printed order."""
    return tuple(field.name for field in attrs.fields(kind))


def sorted_content(value: object, field: str, depth: int = 1) -> object:
    """The same JSON value with the keys of every object sorted, as the reference prints free content.

    Args:
        value: any JSON.
        field: where it stands, for the error.
        depth: how many objects and arrays it stands in.

    Raises:
        RefusedFieldError: nested deeper than the reference reads, or a key is no string.
    """
    if not isinstance(value, dict | list | tuple):
        return value
    if depth > _DEEPEST_CONTENT:
        raise RefusedFieldError(field, f"nested deeper than {_DEEPEST_CONTENT} levels")
    if not isinstance(value, dict):
        return [sorted_content(inner, field, depth + 1) for inner in value]
    if not all(isinstance(key, str) for key in value):
        raise RefusedFieldError(field, "a key is no string")
    return {key: sorted_content(value[key], field, depth + 1) for key in sorted(value)}


def _printable(value: object) -> object:
    if isinstance(value, Record):
        return value.to_fields()
    if isinstance(value, SelfReading):
        return value.to_json()
    if isinstance(value, TcpAddress | UnixAddress):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_printable(inner) for inner in value]
    return value
