"""Operations that are not hot from their decoded fields.

The strict converter reads them. The three that an ordinary module receives are read by hand: the converter's
library would otherwise be imported at every start, or at every stop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pywatt.protocol.handshake import read_init_fields
from pywatt.protocol.operations import Init, SecretValue, Shutdown
from pywatt.protocol.records import ControlOperation
from pywatt.protocol.strict_values import optional_field, read_text, required_field


def read_operation_fields(kind: type[ControlOperation], fields: dict[str, Any]) -> ControlOperation:
    """The operation that a decoded object holds.

    Args:
        kind: which one, by its `op`.
        fields: of the object; unknown ones are ignored.

    Raises:
        RefusedFieldError: a field is missing or not valid.
    """
    read = _BY_HAND.get(kind)
    if read is not None:
        return read(fields)
    from pywatt.protocol.structuring import structure

    return structure(fields, kind)


def _read_init(fields: dict[str, Any]) -> Init:
    return Init(read_init_fields(fields))


def _read_secret(fields: dict[str, Any]) -> SecretValue:
    """A value, or else an error."""
    error = fields.get("error")
    is_refused = fields.get("value") is None and isinstance(error, str)
    return SecretValue(
        name=required_field(fields, "name", read_text),
        value=None if is_refused else required_field(fields, "value", read_text),
        error=error if is_refused else None,
        rotation_id=optional_field(fields, "rotation_id", read_text),
    )


def _read_shutdown(_fields: dict[str, Any]) -> Shutdown:
    return Shutdown()


_BY_HAND: Final[dict[type[ControlOperation], Callable[[dict[str, Any]], ControlOperation]]] = {
    Init: _read_init,
    SecretValue: _read_secret,
    Shutdown: _read_shutdown,
}
