"""Places and lines of code as a person reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from pywatt.observe.redaction import redact
from pywatt.orchestrator.console.log_entry import entry_from, read_json_line
from pywatt.orchestrator.doctor.evidence import Evidence, Frame, LogLine, RecordedError

MAX_STACK: Final = 12
MAX_OTHERS: Final = 4
MAX_WIDTH: Final = 160


def shown_path(file: str, evidence: Evidence) -> str:
    """Return a path relative to where the user is, if it lies below.

    Args:
        file: the path.
        evidence: knows the directory.
    """
    below = evidence.directory.rstrip(os.sep) + os.sep
    return file.removeprefix(below) if evidence.directory else file


def shown_place(frame: Frame, evidence: Evidence) -> str:
    """Return file and line of a frame, as editors recognise them.

    Args:
        frame: the place.
        evidence: knows the directory.
    """
    return f"{shown_path(frame.file, evidence)}:{frame.line}"


def own_frame(stack: Sequence[Frame]) -> Frame | None:
    """Return the innermost frame of the author's code.

    Args:
        stack: outermost first.
    """
    return next((frame for frame in reversed(stack) if frame.own), None)


def source_quote(
    evidence: Evidence, file: str, line: int, text: str = "", around: int = 1
) -> tuple[str, ...]:
    """Return a line of source with its neighbours, the line itself marked.

    Args:
        evidence: holds the author's files.
        file: the file.
        line: the line, from 1.
        text: the line, for a file that was not read.
        around: how many lines before and after.
    """
    lines = evidence.source_texts.get(file, "").splitlines()
    if not 0 < line <= len(lines):
        return (f"> {line} | {_cut(text)}",) if text else ()
    first, last = max(1, line - around), min(len(lines), line + around)
    width = len(str(last))
    return tuple(
        f"{'>' if number == line else ' '} {number:>{width}} | {_cut(redact(lines[number - 1]))}"
        for number in range(first, last + 1)
    )


def frame_quote(evidence: Evidence, frame: Frame) -> tuple[str, ...]:
    """Return the line of a frame with its neighbours.

    Args:
        evidence: holds the author's files.
        frame: the place.
    """
    return source_quote(evidence, frame.file, frame.line, frame.text)


def stack_quote(evidence: Evidence, stack: Sequence[Frame]) -> tuple[str, ...]:
    """Return a stack, innermost first, the author's frames, which are marked, before all others.

    Args:
        evidence: knows the directory.
        stack: outermost first.
    """
    inner = list(reversed(stack))
    own = [frame for frame in inner if frame.own]
    others = [frame for frame in inner if not frame.own and not frame.file.startswith("<")]
    lines = [f"> {shown_place(frame, evidence)} in {frame.function}: {frame.text}" for frame in own][
        :MAX_STACK
    ]
    rest = [f"  {shown_place(frame, evidence)} in {frame.function}" for frame in others]
    shown = rest[: MAX_OTHERS if lines else MAX_STACK]
    left = len(rest) - len(shown)
    return tuple([_cut(line) for line in [*lines, *shown]] + ([f"  ... and {left} more"] if left else []))


def log_quote(lines: Sequence[LogLine], most: int = 5) -> tuple[str, ...]:
    """Return the last lines of a log; of a line of JSON its level and message.

    Args:
        lines: oldest first.
        most: how many at most.
    """
    return tuple(_cut(_log_text(line.text)) for line in lines if line.text.strip())[-most:]


def described(error: RecordedError) -> str:
    """Return an error in one line.

    Args:
        error: the error.
    """
    first = error.message.splitlines()[0] if error.message else ""
    return f"{error.type}: {first}" if first else error.type


def _log_text(text: str) -> str:
    document = read_json_line(text)
    if document is None:
        return text
    entry = entry_from(document)
    return f"{entry.level} {entry.message}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WIDTH else f"{text[:MAX_WIDTH]}..."
