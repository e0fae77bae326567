"""Tells the code of a module's author from everything beneath it."""

from __future__ import annotations

import os
import sys
import traceback

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
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_authors(frame.filename)]
    return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else text


def _is_authors(filename: str) -> bool:
    return (
        not filename.startswith(("<", _OWN + os.sep, _LIBRARY + os.sep)) and "site-packages" not in filename
    )
