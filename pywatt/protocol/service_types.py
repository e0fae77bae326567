"""The kinds of services that operations name."""

from __future__ import annotations

from typing import Final, Self

import attrs

from pywatt.protocol.records import OwnForm
from pywatt.protocol.strict_values import RefusedFieldError, read_variant

_BUILT_IN: Final = ("Database", "Cache", "Jwt")
_CUSTOM: Final = "Custom"


@attrs.frozen
class ServiceType(OwnForm):
    """What kind of service is meant.

    Args:
        name: "Database", "Cache", "Jwt", or the name of a custom kind.
        is_custom: whether it is a custom kind.
    """

    name: str
    is_custom: bool = False

    @classmethod
    def custom(cls, name: str) -> Self:
        """A kind that the protocol does not name."""
        return cls(name, True)

    @classmethod
    def from_value(cls, value: object) -> Self:
        """The kind that `"Database"` or `{"Custom": name}` stands for."""
        if isinstance(value, dict) and len(value) == 1 and type(value.get(_CUSTOM)) is str:
            return cls(value[_CUSTOM], True)
        try:
            return cls(read_variant(value, _BUILT_IN))
        except RefusedFieldError as error:
            raise RefusedFieldError("", f'{error.reason} or {{"Custom": name}}') from None

    def to_value(self) -> object:
        """The JSON form."""
        return {_CUSTOM: self.name} if self.is_custom else self.name

    def __str__(self) -> str:
        return f"custom:{self.name}" if self.is_custom else self.name.lower()


DATABASE: Final = ServiceType("Database")
CACHE: Final = ServiceType("Cache")
JWT: Final = ServiceType("Jwt")
