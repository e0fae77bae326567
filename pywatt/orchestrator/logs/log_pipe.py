"""The log pipe of one process: read in large pieces by the collector, never by anybody else."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from typing import Final

from pywatt.observe.chunk_redaction import ChunkRedactor
from pywatt.orchestrator.logs.entry_format import MAX_PART, PARTIAL, Piece
from pywatt.orchestrator.logs.line_cutter import LineCutter

PIPE_SIZE: Final = 256 * 1024
"""What a process can log while the collector rests or a disk stalls, before it has to wait."""

READ_SIZE: Final = PIPE_SIZE
REMEMBERED_LINES: Final = 20
REMEMBERED_LENGTH: Final = 4096  # a JSON line that is cut cannot be read any more
_REMEMBERED: Final = REMEMBERED_LINES * REMEMBERED_LENGTH
_USUALLY_ENOUGH: Final = 8192
_SPLIT: Final = REMEMBERED_LINES + 4  # some of them may be blank
CUT_MARK: Final = b" ... [line cut]"
_SHOWN_PART: Final = MAX_PART - len(CUT_MARK)


class LogPipe:
    """A pipe that a process writes its log to.

    Args:
        module: the module's name.
        redactor: hides secrets.
        before: the last lines of the process before.

    Attributes:
        module: the module's name.
        before: the last lines of the process before.
        writing: the end for the process; -1 when we have let go of it.
        reading: the collector's end; -1 when it is closed.
        recent: the last lines, oldest first, each cut to `REMEMBERED_LENGTH` bytes, without secrets.

    Raises:
        OSError: no descriptor is left.
    """

    def __init__(self, module: str, redactor: ChunkRedactor, before: Sequence[bytes] = ()) -> None:
        self.module = module
        self.before = before
        self.reading, self.writing = os.pipe()
        self.recent: tuple[bytes, ...] = ()
        os.set_blocking(self.reading, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # the user's limit on pipes is used up: 64 KiB have to do
                fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        self._cutter = LineCutter(redactor)
        self._shown_inside_line = False

    def read(self, buffer: bytearray) -> bytes | None:
        """Return what the pipe holds, empty when there is nothing now, None at its end.

        Args:
            buffer: at most so much is read.
        """
        try:
            count = os.readv(self.reading, [buffer])
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError:
            return None
        return bytes(memoryview(buffer)[:count]) if count else None

    def cut(self, data: bytes) -> list[Piece]:
        """Return what can be written of what was read.

        Args:
            data: from `read`.
        """
        return self._remembered(self._cutter.feed(data))

    def end(self) -> list[Piece]:
        """Close the pipe, and return what is left of its last line."""
        if self.reading < 0:
            return []
        os.close(self.reading)
        self.reading = -1
        return self._remembered(self._cutter.end())

    def close_writing(self) -> None:
        """Let go of the process's end: it has its own by now, or never will."""
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1

    def shown(self, pieces: list[Piece]) -> list[bytes]:
        """Return what a person gets to see of pieces: of a line in parts the beginning, with a mark.

        Args:
            pieces: each list of them in its turn.
        """
        texts = []
        for tag, content in pieces:
            if tag == PARTIAL:
                if not self._shown_inside_line:
                    texts.append(content[:_SHOWN_PART] + CUT_MARK + b"\n")
                self._shown_inside_line = True
                continue
            if self._shown_inside_line:
                self._shown_inside_line = False
                texts.append(content[content.index(b"\n") + 1 :])
            else:
                texts.append(content)
        return [text for text in texts if text]

    def _remembered(self, pieces: list[Piece]) -> list[Piece]:
        for _, content in pieces[-REMEMBERED_LINES:]:
            told = _last_lines(content[-_USUALLY_ENOUGH:])
            if len(told) < REMEMBERED_LINES and len(content) > _USUALLY_ENOUGH:
                told = _last_lines(content[-_REMEMBERED:])
            self.recent = (*self.recent, *told)[-REMEMBERED_LINES:]
        return pieces


def _last_lines(content: bytes) -> list[bytes]:
    lines = content.rsplit(b"\n", _SPLIT)[-_SPLIT:]
    return [line[:REMEMBERED_LENGTH] for line in lines if line and not line.isspace()]
