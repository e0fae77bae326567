"""Tells the code of a module's author from everything beneath it."""

from __future__ import annotations

import os
import sys
import traceback
from functools import lru_cache

from pywatt.error_chains import error_chain
from pywatt.errors import PyWattSDKError

_PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_NOT_AUTHORS = (
    "<",
    os.path.join(_PACKAGES, "pywatt") + os.sep,
    os.path.join(_PACKAGES, "pywatt_fast") + os.sep,
    os.path.dirname(os.__file__) + os.sep,
)


def describe(error: BaseException) -> str:
    """An error in one line, with the last place in the author's code that it passed through."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
    lines = str(error).splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    if isinstance(error, ModuleNotFoundError):
        text += f"; is it installed for {sys.executable}?"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_authors(frame.filename)]
    return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else text


def authors_traceback(error: BaseException) -> str:
    """The traceback of what an author's code raised, without the frames that are not the author's.

    Args:
        error: an error, or one of pywatt that was caused by it.

    Returns:
        Its text; empty when nothing but pywatt raised anything.
    """
    cause = next((link for link in error_chain(error) if not isinstance(link, PyWattSDKError)), None)
    if cause is None:
        return ""
    told = traceback.TracebackException.from_exception(cause)
    link: traceback.TracebackException | None = told
    while link is not None:
        frames = [frame for frame in link.stack if is_authors(frame.filename)]
        link.stack = traceback.StackSummary.from_list(frames)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "".join(told.format()).rstrip()


@lru_cache(maxsize=4096)
def is_authors(filename: str) -> bool:
    """Tell whether a file is the author's: none of ours, of the standard library or of a package."""
    return (
        may_be_authors(filename)
        # What was compiled names sources that are not here.
        and filename.endswith((".py", ".pyw"))
        and os.path.exists(filename)
    )


def may_be_authors(path: str) -> bool:
    """Tell whether a path, which need not exist, lies where the author's code may lie."""
    return not path.startswith(_NOT_AUTHORS) and "site-packages" not in path
