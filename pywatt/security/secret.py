"""A value that is shown only when it is asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar, final

Value = TypeVar("Value")
Other = TypeVar("Other")

_REDACTED = "Secret([REDACTED])"


@final
class Secret(Generic[Value]):
    """A value that text, logs, JSON and pickles never show.

    `expose_secret()` gives it. Two secrets compare in constant time; a secret cannot be a dictionary key.

    Args:
        value: what is to be kept; strings and bytes are the usual ones.
    """

    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Value) -> None:
        self.__value = value

    def expose_secret(self) -> Value:
        """The value itself. Keep it out of logs and messages."""
        return self.__value

    def map(self, function: Callable[[Value], Other]) -> Secret[Other]:
        """A secret that holds what the function makes of this one's value."""
        return Secret(function(self.__value))

    def __repr__(self) -> str:
        return _REDACTED

    def __str__(self) -> str:
        return _REDACTED

    def __format__(self, format_spec: str) -> str:
        return _REDACTED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = _as_bytes(self.__value), _as_bytes(other.__value)
        if (
            mine is None
            or theirs is None
            or isinstance(self.__value, str) is not isinstance(other.__value, str)
        ):
            return bool(self.__value == other.__value)
        # Here, because it loads a cryptographic library that most modules never need.
        import hmac

        return hmac.compare_digest(mine, theirs)

    def __copy__(self) -> Secret[Value]:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret[Value]:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError(
            "a Secret cannot be pickled: expose_secret() first, if its value may leave the process"
        )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__getstate__()

    def __bytes__(self) -> NoReturn:
        raise TypeError("a Secret has no bytes: use expose_secret()")


def _as_bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return bytes(value) if isinstance(value, (bytes, bytearray)) else None
