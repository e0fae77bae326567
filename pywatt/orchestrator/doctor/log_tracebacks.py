"""Finds the last Python traceback in a log, and what the interpreter writes when C code crashes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pywatt.orchestrator.console.log_entry import entry_from, read_json_line
from pywatt.orchestrator.doctor.evidence import Frame, LogLine, RecordedError

_FILE: Final = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:,? in (?P<function>.+))?')
_ERROR: Final = re.compile(r"(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_PYWATT: Final = f"{Path(__file__).parents[2]}{os.sep}"
_NOT_OWN: Final = ("site-packages", "/lib/python", _PYWATT, "<frozen")


def last_traceback(lines: Sequence[LogLine]) -> RecordedError | None:
    """Return the error of the last traceback in a log; None when there is none.

    Args:
        lines: oldest first; a traceback in a field of a JSON line counts.
    """
    texts = [text for line in lines for text in _texts(line.text)]
    frames: list[Frame] = []
    found: RecordedError | None = None
    for number, text in enumerate(texts):
        place = _FILE.match(text)
        if text.startswith("Traceback (most recent call last)"):
            frames = []
        elif place is not None:
            following = texts[number + 1].strip() if number + 1 < len(texts) else ""
            frames.append(_frame(place, following))
        elif frames and not text.startswith(" ") and (error := _ERROR.match(text)) is not None:
            found = _error(error, frames)
            frames = []
    return found


def crash_stack(lines: Sequence[LogLine]) -> tuple[Frame, ...]:
    """Return where the interpreter stood when C code crashed, outermost first, as `faulthandler` tells it.

    Args:
        lines: oldest first.
    """
    texts = [line.text for line in lines]
    begin = next(
        (number for number, text in enumerate(texts) if text.startswith("Fatal Python error: ")), None
    )
    if begin is None:
        return ()
    places = (_FILE.match(text) for text in texts[begin:])
    return tuple(_frame(place, "") for place in places if place is not None)[::-1]


def _texts(line: str) -> Iterator[str]:
    document = read_json_line(line)
    if document is None:
        yield line.rstrip()
        return
    traceback = entry_from(document).traceback
    if traceback is not None:
        yield from traceback.splitlines()


def _frame(place: re.Match[str], text: str) -> Frame:
    file = place["file"]
    own = not any(mark in file for mark in _NOT_OWN)
    return Frame(file, int(place["line"]), place["function"] or "<module>", text, own)


def _error(error: re.Match[str], frames: list[Frame]) -> RecordedError:
    name = error["type"].rpartition(".")[2]
    message = error["message"] or ""
    details: dict[str, object] = {}
    if name in ("SyntaxError", "IndentationError", "TabError"):
        details = {"file": frames[-1].file, "line": frames[-1].line, "text": frames[-1].text}
    missing = re.match(r"No module named '([^']+)'", message)
    if missing is not None:
        details = {"name": missing[1]}
    bases = {"ModuleNotFoundError": ("ImportError",), "IndentationError": ("SyntaxError",)}
    return RecordedError(name, (name, *bases.get(name, ())), message, tuple(frames), details)
