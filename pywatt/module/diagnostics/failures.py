"""An error that ended the process, and what led to it."""

from __future__ import annotations

import linecache
from typing import Any, Final

from pywatt.errors import SecretNotFound
from pywatt.messaging.handlers import DuplicateHandler
from pywatt.module.diagnostics.stacks import traceback_stack

MAX_ERRORS: Final = 8


def describe_failure(error: BaseException) -> list[dict[str, Any]]:
    """The error and its causes, what happened first first.

    Args:
        error: what came out of the module.
    """
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < MAX_ERRORS:
        chain.append(_record(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[::-1]


def _record(error: BaseException) -> dict[str, Any]:
    record: dict[str, Any] = {
        "type": type(error).__name__,
        "bases": [kind.__name__ for kind in type(error).__mro__],
        "message": str(error),
        "stack": traceback_stack(error.__traceback__),
    }
    if isinstance(error, SyntaxError):
        text = error.text or linecache.getline(error.filename or "", error.lineno or 0)
        record |= {
            "message": error.msg,
            "file": error.filename,
            "line": error.lineno,
            "column": error.offset,
            "text": text.rstrip(),
        }
    elif isinstance(error, ImportError):
        record |= {"name": error.name, "path": error.path}
    elif isinstance(error, OSError):
        record |= {"errno": error.errno}
    elif isinstance(error, DuplicateHandler):
        record |= {"endpoint": error.endpoint, "first": error.first, "second": error.second}
    elif isinstance(error, SecretNotFound):
        record |= {"name": error.key}
    elif isinstance(error, SystemExit):
        record |= {"code": None if error.code is None else str(error.code)}
    return record
