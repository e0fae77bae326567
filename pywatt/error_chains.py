"""Foreign errors made ours, and errors told with what led to them."""

from __future__ import annotations

from collections.abc import Iterator

from pywatt.errors import PyWattSDKError


def wrap_exception(
    error: BaseException, message: str | None = None, kind: type[PyWattSDKError] = PyWattSDKError
) -> PyWattSDKError:
    """An error of pywatt made from any other.

    Args:
        error: what was caught; returned as it is when it is already a `kind` and no message is given.
        message: what was being done; the error's own text when absent.
        kind: a class whose constructor takes a message and a cause.
    """
    if message is None and isinstance(error, kind):
        return error
    return kind(message or str(error) or type(error).__name__, error)


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def format_error_chain(error: BaseException) -> str:
    """One line with an error and all that led to it, outermost first."""
    texts = [(type(link).__name__, str(link)) for link in error_chain(error)]
    return " <- ".join(f"{name}: {text}" if text else name for name, text in texts)
