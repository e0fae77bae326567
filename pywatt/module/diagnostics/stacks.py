"""Stacks and places in the form in which they are recorded."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any, Final

from pywatt import event_loop
from pywatt.module.author_code import is_authors
from pywatt.observe.diagnostic_records import MAX_FRAMES

_PYWATT: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_RUNNER: Final = os.path.abspath(event_loop.__file__)
MAX_DEPTH: Final = 400
_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep
# Import machinery, and the observers themselves: nobody looks for a mistake there.
_MACHINERY: Final = ("<frozen importlib", os.path.dirname(os.path.abspath(__file__)) + os.sep)

Frame = dict[str, Any]


def frame_record(code: CodeType, line: int | None) -> Frame:
    """A frame as it is recorded.

    Args:
        code: what runs in it.
        line: where it stands.
    """
    number = line or code.co_firstlineno
    file = code.co_filename
    return {
        "file": file,
        "line": number,
        "function": code.co_name,
        "text": linecache.getline(file, number).strip(),
        "own": is_authors(file),
    }


def stack_of(frame: FrameType | None) -> list[Frame]:
    """The frames that lead to one, outermost first, without what only imports and observes.

    Args:
        frame: the innermost.
    """
    # The thread whose frames they are runs on meanwhile: nothing is read from a file before all are taken.
    taken: list[tuple[CodeType, int | None]] = []
    while frame is not None and len(taken) < MAX_DEPTH:
        taken.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    shown = [place for place in taken if not place[0].co_filename.startswith(_MACHINERY)][:MAX_FRAMES]
    return [frame_record(code, line) for code, line in reversed(shown)]


def called_by_loop(stack: list[Frame]) -> list[Frame]:
    """Leave out what started the event loop: it stands on every stack, and is why nothing runs long.

    Args:
        stack: outermost first.
    """
    begin = next((place for place in reversed(range(len(stack))) if stack[place]["file"] == _RUNNER), -1)
    return stack[begin + 1 :]


def await_chain(coroutine: Any) -> list[Frame]:
    """Where a suspended coroutine waits: itself, what it awaits, and so on.

    Args:
        coroutine: of a task.
    """
    found: list[Frame] = []
    while coroutine is not None and len(found) < MAX_FRAMES:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            break
        found.append(frame_record(frame.f_code, frame.f_lineno))
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found


def traceback_stack(traceback: Any) -> list[Frame]:
    """The frames that an error passed through, outermost first.

    Args:
        traceback: of the error.
    """
    found: list[Frame] = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_MACHINERY):
            found.append(frame_record(traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found[-MAX_FRAMES:]


def calling_frame(depth: int) -> FrameType:
    """The frame of the author's code that a call comes from; else the first that is neither ours nor the
    library's; else the caller itself.

    Args:
        depth: frames to leave out, from the caller of this function on.
    """
    first = sys._getframe(depth + 1)
    foreign: FrameType | None = None
    frame: FrameType | None = first
    while frame is not None:
        file = frame.f_code.co_filename
        if is_authors(file):
            return frame
        if foreign is None and not file.startswith(("<", _PYWATT, _LIBRARY)):
            foreign = frame
        frame = frame.f_back
    return foreign or first


def has_foreign_code(stack: Iterable[Frame]) -> bool:
    """Tell whether a stack holds more than the library's code and ours."""
    return any(not frame["file"].startswith(("<", _PYWATT, _LIBRARY)) or frame["own"] for frame in stack)
