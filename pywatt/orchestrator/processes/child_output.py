"""What a module prints: read without ever blocking, cut into lines of bounded length."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Final

MAX_LOG_LINE: Final = 64 * 1024
READ_SIZE: Final = 16 * 1024  # small: one module that floods must not hold up the others for long
REMEMBERED_LINES: Final = 20
REMEMBERED_LENGTH: Final = 2048
READS_AFTER_EXIT: Final = 64  # a pipe holds 64 KiB; more comes only from a child that was left behind
CUT_MARK: Final = b" ... [line cut]"


class ChildOutput:
    """Reads one pipe of a child and hands each line on.

    A line longer than `MAX_LOG_LINE` is handed on in part, with a mark, and read past to its end.

    Args:
        descriptor: the pipe's reading end; owned by this object from now on.
        on_line: called with each line, without its line feed, on the event loop's thread.
    """

    def __init__(self, descriptor: int, on_line: Callable[[bytes], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._partial = b""
        self._discarding = False
        self._recent: deque[bytes] = deque(maxlen=REMEMBERED_LINES)
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)

    @property
    def recent(self) -> list[bytes]:
        """The last lines, oldest first, each cut to `REMEMBERED_LENGTH` bytes."""
        return list(self._recent)

    def finish(self) -> None:
        """Hands on what the pipe still holds and closes it, whoever else keeps its other end open."""
        for _ in range(READS_AFTER_EXIT):
            if not self._read_once():
                break
        self._close()

    def _readable(self) -> None:
        if self._read_once() is None:
            self._close()

    def _read_once(self) -> bool | None:
        """True after data, False when there is none now, None at the end."""
        if self._descriptor < 0:
            return None
        try:
            chunk = os.read(self._descriptor, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return None
        if not chunk:
            return None
        self._split(chunk)
        return True

    def _split(self, chunk: bytes) -> None:
        *lines, rest = (self._partial + chunk).split(b"\n")
        for line in lines:
            if self._discarding:
                self._discarding = False
            else:
                self._emit(line)
        if len(rest) > MAX_LOG_LINE:
            if not self._discarding:
                self._emit(rest)
            self._discarding = True
            rest = b""
        self._partial = b"" if self._discarding else rest

    def _emit(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        if len(line) > MAX_LOG_LINE:
            line = line[:MAX_LOG_LINE] + CUT_MARK
        if line.strip():
            self._recent.append(line[:REMEMBERED_LENGTH])
        self._on_line(line)

    def _close(self) -> None:
        if self._descriptor < 0:
            return
        if self._partial:
            self._emit(self._partial)
            self._partial = b""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
