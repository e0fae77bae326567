"""What the typed objects of the protocol share: how their fields are marked, hidden and printed.

They are attrs classes, whose fields are printed in the order in which they are declared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import Any, ClassVar, Final

import attrs

from pywatt.protocol.strict_values import RefusedFieldError

REDACTED: Final = "[REDACTED]"
_DEEPEST_CONTENT: Final = 127

# What the metadata of a field may say.
OMITTED: Final = "pywatt.omitted"
"""True: the field is left out when it is None or False; all others are always printed."""
CONTENT: Final = "pywatt.content"
"""True: the field holds any JSON; its keys are printed sorted."""
ADDED: Final = "pywatt.added"
"""A type. The reference does not know the field: a value of another type is ignored, as it would be there."""
NULL_WHEN_MISSING: Final = "pywatt.null_when_missing"
"""True: the field may be missing on the wire, although the constructor asks for it."""


class OwnForm(ABC):
    """A typed object whose JSON form is not an object of its fields."""

    __slots__ = ()

    @abstractmethod
    def to_value(self) -> object:
        """The JSON value that stands for the object."""


class ControlOperation:
    """An operation that is not hot: lifecycle, secrets, ports, services."""

    __slots__ = ()

    op: ClassVar[str]

    def to_fields(self) -> dict[str, object]:
        """The JSON object without `op`, in printed order."""
        return printed_fields(self)


def redacted(value: object) -> str:
    """The repr of a confidential field: whether there is a value, not which."""
    return repr(value) if value is None else REDACTED


def printed_fields(record: Any) -> dict[str, object]:
    """The JSON object of an attrs object's fields, in declared order.

    Raises:
        RefusedFieldError: free content is nested deeper than the reference reads, or a key is no string.
    """
    return attrs.asdict(record, recurse=False, filter=_is_printed, value_serializer=_printed)


def _is_printed(field: attrs.Attribute[Any], value: object) -> bool:
    return not (OMITTED in field.metadata and (value is None or value is False))


def _printed(_record: object, field: attrs.Attribute[Any], value: object) -> object:
    return sorted_content(value, field.name) if CONTENT in field.metadata else _printable(value)


def _printable(value: object) -> object:
    if isinstance(value, OwnForm):
        return value.to_value()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_printable(inner) for inner in value]
    return printed_fields(value) if attrs.has(type(value)) else value


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
