"""Typed objects whose fields are printed in the order in which they are declared."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Any, ClassVar, Final, Self, dataclass_transform

from pywatt.protocol.strict_values import RefusedFieldError
from pywatt.protocol.structuring import structure

REDACTED: Final = "[REDACTED]"
REQUIRED: Final[Any] = object()
"""Stands for the default of a field that has none."""
_DEEPEST_CONTENT: Final = 127


@dataclass_transform(frozen_default=True)
class Record:
    """The ground of all typed objects of the protocol: annotated class attributes become fields.

    Nothing is generated per class, because every module starts with these classes: generated methods would
    cost it more than all else in this package.
    """

    fields: ClassVar[dict[str, Any]] = {}
    """Field names in printed order, with their defaults."""
    omitted: ClassVar[frozenset[str]] = frozenset()
    """Fields that are left out when they are None or False; all others are always printed."""
    content: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold any JSON; their keys are printed sorted."""
    reads_itself: ClassVar[bool] = False
    """Whether the JSON form is not an object of the fields, so that `from_value` is the class's own."""
    confidential: ClassVar[frozenset[str]] = frozenset()
    """Fields that never show in a repr."""

    def __init_subclass__(cls) -> None:
        own = {
            name: vars(cls).get(name, REQUIRED)
            for name, annotation in inspect.get_annotations(cls).items()
            if "ClassVar" not in str(annotation)
        }
        cls.fields = cls.fields | own

    def __init__(self, *values: Any, **named: Any) -> None:
        kind = type(self)
        if len(values) > len(kind.fields):
            raise TypeError(f"{kind.__name__} takes {len(kind.fields)} values, not {len(values)}")
        state = dict(zip(kind.fields, values, strict=False))
        for name in named:
            if name not in kind.fields or name in state:
                raise TypeError(f"{kind.__name__} has no field {name!r}, or it is given twice")
        state |= named
        for name, default in kind.fields.items():
            if name not in state:
                if default is REQUIRED:
                    raise TypeError(f"{kind.__name__} needs a {name!r}")
                state[name] = default
        vars(self).update(state)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed; replaced({name}=...) makes another")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def replaced(self, **changes: Any) -> Self:
        """A copy with other values in some fields."""
        return type(self)(**{name: getattr(self, name) for name in self.fields} | changes)

    def to_fields(self) -> dict[str, object]:
        """The JSON object, in printed order."""
        printed: dict[str, object] = {}
        for name in self.fields:
            value = getattr(self, name)
            if (value is None or value is False) and name in self.omitted:
                continue
            printed[name] = sorted_content(value, name) if name in self.content else _printable(value)
        return printed

    def to_value(self) -> object:
        """The JSON value inside another object."""
        return self.to_fields()

    @classmethod
    def from_value(cls, value: object) -> Self:
        """The object that a decoded JSON value stands for.

        Raises:
            RefusedFieldError: a field is missing or not valid.
        """
        return structure(value, cls)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        shown = (f"{name}={self._shown(name)}" for name in self.fields)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        return REDACTED if name in self.confidential and value is not None else repr(value)


class ControlOperation(Record):
    """An operation that is not hot: lifecycle, secrets, ports, services."""

    op: ClassVar[str]
    added: ClassVar[dict[str, type]] = {}
    """Fields that the reference does not know: one of another type is ignored, as it would be there."""

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> Self:
        """The operation that a decoded object holds.

        Raises:
            RefusedFieldError: a field is missing or not valid.
        """
        if not cls.fields:
            return cls()
        known = {
            name: value
            for name, value in fields.items()
            if name not in cls.added or type(value) is cls.added[name]
        }
        return structure(known, cls)


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
        return value.to_value()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_printable(inner) for inner in value]
    return value
