"""Write lines to a terminal, a pipe or a file without ever waiting for whoever reads them."""

import io
import os
import select
import stat
import threading
from collections import deque
from typing import Final, TextIO

MAX_BACKLOG: Final = 4 * 1024 * 1024
# What a pipe that is ready takes for certain.
_PIECE: Final = 4096
_LINES_AT_ONCE: Final = 64


class LineOutput:
    """A stream of text lines with a bounded backlog.

    A reader that stops reading (a terminal on hold, a paused pager) must not stop the orchestrator: what
    cannot be written at once is left to a thread, what exceeds the backlog is dropped, counted and reported.

    Args:
        stream: where to write; one without a file descriptor is written to directly, None is nowhere.
        max_backlog: in bytes.

    Attributes:
        dropped: lines that were not written since the last report of it.
        is_nowhere: whether nobody can ever see what is written.
    """

    dropped: int
    is_nowhere: bool

    def __init__(self, stream: TextIO | None, max_backlog: int = MAX_BACKLOG) -> None:
        self.dropped = 0
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._descriptor = _descriptor_of(stream)
        self._max_backlog = max_backlog
        self._backlog: deque[bytes] = deque()
        self._backlog_size = 0
        self.is_nowhere = stream is None or _is_null_device(self._descriptor)
        self._gone = self.is_nowhere
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None

    def write_line(self, text: str) -> None:
        """Write one line, or several that belong together.

        Args:
            text: without the last line feed.
        """
        if self._descriptor is not None:
            self._write((text + "\n").encode(self._encoding, "backslashreplace"), 1)
        elif self._stream is not None and not self._gone:
            with self._lock:
                self._stream.write(text + "\n")
                self._stream.flush()

    def write_lines(self, lines: list[bytes]) -> None:
        """Write many lines at once.

        Args:
            lines: UTF-8, each with its line feed.
        """
        if self._descriptor is None:
            for line in lines:
                self.write_line(line.decode("utf-8", "backslashreplace").removesuffix("\n"))
            return
        # Pieces of a bounded size: what does not fit into the backlog is dropped piece by piece.
        for first in range(0, len(lines), _LINES_AT_ONCE):
            together = lines[first : first + _LINES_AT_ONCE]
            self._write(b"".join(together), len(together))

    def _write(self, data: bytes, lines: int) -> None:
        with self._lock:
            if self._gone:
                return
            if self._writer is None:
                assert self._descriptor is not None
                data = self._write_what_fits(self._descriptor, data)
            self._keep(data, lines)

    def close(self, timeout: float = 2.0) -> None:
        """Wait until the backlog is written.

        Args:
            timeout: how long, in seconds; what is left then is lost with its reader.
        """
        writer = self._writer
        if writer is not None:
            writer.join(timeout)

    def _keep(self, data: bytes, lines: int) -> None:
        if not data or self._gone:
            return
        if self._backlog_size + len(data) > self._max_backlog:
            self.dropped += lines
            return
        self._backlog.append(data)
        self._backlog_size += len(data)
        if self._writer is None:
            self._writer = threading.Thread(target=self._write_backlog, name="pywatt-console", daemon=True)
            self._writer.start()

    def _write_what_fits(self, descriptor: int, data: bytes) -> bytes:
        poller = select.poll()
        poller.register(descriptor, select.POLLOUT)
        while data and poller.poll(0):
            try:
                data = data[os.write(descriptor, data[:_PIECE]) :]
            except BlockingIOError:
                break
            except OSError:
                self._gone = True
                return b""
        return data

    def _write_backlog(self) -> None:
        while True:
            with self._lock:
                if not self._backlog and self.dropped:
                    self._backlog.append(
                        f"{self.dropped} lines of log were dropped: nobody read them\n".encode()
                    )
                    self._backlog_size += len(self._backlog[0])
                    self.dropped = 0
                if not self._backlog or self._gone:
                    self._backlog.clear()
                    self._backlog_size = 0
                    self._writer = None
                    return
                data = self._backlog[0]
            self._write_all(data)
            with self._lock:
                self._backlog.popleft()
                self._backlog_size -= len(data)

    def _write_all(self, data: bytes) -> None:
        assert self._descriptor is not None
        poller = select.poll()
        poller.register(self._descriptor, select.POLLOUT)
        while data:
            # Without end on purpose: this thread dies with the process, and `close` has a deadline.
            poller.poll()
            try:
                data = data[os.write(self._descriptor, data[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError:
                self._gone = True
                return


def _descriptor_of(stream: TextIO | None) -> int | None:
    if stream is None:
        return None
    try:
        stream.flush()
        return stream.fileno()
    except (AttributeError, OSError, ValueError, io.UnsupportedOperation):
        return None


def _is_null_device(descriptor: int | None) -> bool:
    if descriptor is None:
        return False
    try:
        status = os.fstat(descriptor)
        return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False
