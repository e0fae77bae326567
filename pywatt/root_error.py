"""The root of all errors, in a file of its own: a command line that only asks needs no others."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ErrorType = TypeVar("ErrorType", bound="PyWattSDKError")


class PyWattSDKError(Exception):
    """The root of all errors of pywatt.

    Args:
        message: what happened, without the prefix that names the kind of error.
        cause: the error that led to this one; becomes `__cause__`.
    """

    prefix: ClassVar[str] = ""
    message: str

    def __init__(self, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.message = message
        if cause is not None:
            self.__cause__ = cause

    @property
    def cause(self) -> BaseException | None:
        """The error that led to this one."""
        return self.__cause__

    def __str__(self) -> str:
        return f"{self.prefix}{self.message}"

    def __reduce__(self) -> tuple[Callable[..., PyWattSDKError], tuple[Any, ...]]:
        # Constructors differ from `args`, so the default way of pickling would call them wrongly.
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(kind: type[ErrorType], args: tuple[Any, ...], state: dict[str, Any]) -> ErrorType:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
