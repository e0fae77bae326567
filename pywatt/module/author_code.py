"""Tells the code of a module's author from everything beneath it."""

from __future__ import annotations

import os
import sys
import traceback

from pywatt.error_chains import error_chain
from pywatt.errors import PyWattSDKError

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARY = os.path.dirname(os.__file__)


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


def is_authors(filename: str) -> bool:
    """Whether a file is neither of pywatt, nor of the standard library, nor installed."""
    return (
        not filename.startswith(("<", _OWN + os.sep, _LIBRARY + os.sep)) and "site-packages" not in filename
    )
