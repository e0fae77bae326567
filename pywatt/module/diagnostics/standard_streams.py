"""Who writes to standard output and who reads standard input, where the protocol used to be."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from pywatt.module.diagnostics.record_file import RecordFile
from pywatt.module.diagnostics.stacks import calling_frame, frame_record
from pywatt.observe.diagnostic_records import RecordKind

MAX_PLACES: Final = 100


class _Watched:
    """A standard stream whose use is noted; all else is the stream's own.

    Args:
        stream: the real one.
        records: where the places are told.
    """

    def __init__(self, stream: Any, records: RecordFile) -> None:
        self._stream = stream
        self._records = records
        # The lines that each place wrote, or none for one that read.
        self._counts: Counter[tuple[str, int]] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _note_place(self, kind: RecordKind, lines: int = 0, **fields: Any) -> None:
        frame = calling_frame(3)
        place = frame.f_code.co_filename, frame.f_lineno
        if place not in self._counts:
            if len(self._counts) >= MAX_PLACES:
                return
            self._records.write(kind, place=frame_record(frame.f_code, frame.f_lineno), **fields)
        self._counts[place] += lines


class WatchedOutput(_Watched):
    """Standard output that knows who writes to it."""

    def write(self, text: str) -> int:
        """Write, and note from where."""
        if text:
            self._note(text)
        count: int = self._stream.write(text)
        return count

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def tell_totals(self) -> None:
        """Record how many lines each place wrote."""
        if self._counts:
            places = [
                {"file": file, "line": line, "count": count} for (file, line), count in self._counts.items()
            ]
            self._records.write(RecordKind.OUTPUT_TOTAL, places=places)

    def _note(self, text: str) -> None:
        # A print writes its arguments and the end of its line one by one.
        self._note_place(RecordKind.OUTPUT, text.count("\n"), text=text.strip())


class WatchedInput(_Watched):
    """Standard input that knows who reads from it."""

    def __getattr__(self, name: str) -> Any:
        if name in ("buffer", "read", "readlines"):
            self._note()
        return super().__getattr__(name)

    def readline(self, *arguments: Any) -> str:
        """Read a line, and note for whom."""
        self._note()
        line: str = self._stream.readline(*arguments)
        return line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self._note()
        line: str = next(self._stream)
        return line

    def _note(self) -> None:
        self._note_place(RecordKind.INPUT)


def watch_standard_streams(records: RecordFile) -> WatchedOutput | None:
    """Put watched streams in the place of `sys.stdout` and `sys.stdin`; the output, None where there is none.

    Args:
        records: where the places are told.
    """
    if sys.stdin is not None:
        sys.stdin = WatchedInput(sys.stdin, records)
    if sys.stdout is None:
        return None
    output = WatchedOutput(sys.stdout, records)
    sys.stdout = output
    return output
