"""A value or an error, kept instead of raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

Value = TypeVar("Value")
Other = TypeVar("Other")


class Result(Generic[Value]):
    """A value or an error, for code that keeps failures instead of raising them."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: Value | None, error: BaseException | None) -> None:
        self._value = value
        self._error = error

    @classmethod
    def ok(cls, value: Value) -> Result[Value]:
        """A success; None is a value like any other."""
        return cls(value, None)

    @classmethod
    def err(cls, error: BaseException) -> Result[Value]:
        """A failure."""
        return cls(None, error)

    @property
    def is_ok(self) -> bool:
        """Whether there is a value."""
        return self._error is None

    @property
    def is_err(self) -> bool:
        """Whether there is an error."""
        return self._error is not None

    @property
    def error(self) -> BaseException | None:
        """The error, or None."""
        return self._error

    def unwrap(self) -> Value:
        """The value; raises the error of a failure."""
        if self._error is not None:
            raise self._error
        return cast(Value, self._value)

    def unwrap_or(self, default: Value) -> Value:
        """The value, or the default for a failure."""
        return default if self._error is not None else cast(Value, self._value)

    def map(self, function: Callable[[Value], Other]) -> Result[Other]:
        """The same result with its value changed; a failure stays as it is."""
        if self._error is not None:
            return Result[Other](None, self._error)
        return Result[Other](function(cast(Value, self._value)), None)

    def __repr__(self) -> str:
        return f"Result.ok({self._value!r})" if self._error is None else f"Result.err({self._error!r})"
