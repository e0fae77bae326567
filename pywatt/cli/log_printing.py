"""Lines of log on standard output: for a person as on the console, or as JSON documents."""

import contextlib
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import attrs

from pywatt.orchestrator.console.log_entry import without_own_name
from pywatt.orchestrator.console.log_layout import OWN_NAME, LogLayout, utc_text
from pywatt.orchestrator.console.terminal import is_terminal, use_colour
from pywatt.orchestrator.logs.log_directory import OWN_LOG
from pywatt.orchestrator.logs.selection import LoggedLine, time_of
from pywatt.orchestrator.logs.stored_lines import MAX_LINE

_LONGEST_LAID_OUT = 2 * MAX_LINE
_AT_ONCE = 500


class LinePrinter:
    """Prints lines until nobody reads them any more.

    Args:
        names: of all logs, for alignment and colours.
        as_json: whether to print one JSON document for each line.

    Attributes:
        is_unread: whether whoever read the output has gone.
    """

    def __init__(self, names: Iterable[str], *, as_json: bool) -> None:
        self.is_unread = False
        self._as_json = as_json
        self._layout = LogLayout(
            tuple(name for name in names if name != OWN_LOG),
            use_colour(sys.stdout),
            local_time=is_terminal(sys.stdout),
            longest=_LONGEST_LAID_OUT,
        )

    def print(self, lines: Iterable[LoggedLine]) -> None:
        """Print lines.

        Args:
            lines: in their order.
        """
        texts: list[str] = []
        for line in lines:
            texts.append(self._json(line) if self._as_json else self._laid_out(line))
            if len(texts) == _AT_ONCE:
                self._write(texts)
                texts = []
            if self.is_unread:
                return
        self._write(texts)

    def note(self, text: str) -> None:
        """Say something about the lines, on standard error.

        Args:
            text: in one line.
        """
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{text}\n")

    def close(self) -> None:
        """Keep the interpreter from complaining about an output that nobody reads."""
        if self.is_unread:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _write(self, texts: list[str]) -> None:
        if not texts or self.is_unread:
            return
        try:
            sys.stdout.buffer.write(("\n".join(texts) + "\n").encode("utf-8", "backslashreplace"))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self.is_unread = True

    def _laid_out(self, line: LoggedLine) -> str:
        if line.entry is None:
            return self._layout.text(OWN_NAME if line.is_own else line.log, line.text) + _cut_mark(line)
        entry = attrs.evolve(line.entry, time=line.entry.time or time_of(line.stored.stamp))
        if not line.is_own:
            return self._layout.entry(line.log, without_own_name(entry, line.log))
        message = entry.message if line.module is None else f"{line.module}: {entry.message}"
        return self._layout.entry(OWN_NAME, attrs.evolve(entry, message=message))

    def _json(self, line: LoggedLine) -> str:
        entry = line.entry
        collected = time_of(line.stored.stamp)
        time = (entry.time if entry is not None else None) or collected
        document: dict[str, Any] = {
            "module": line.module,
            "timestamp": None if time is None else utc_text(time),
            "level": "INFO" if entry is None else entry.level,
            "message": line.text + _cut_mark(line) if entry is None else entry.message,
            "fields": {} if entry is None else dict(entry.fields),
        }
        if entry is not None and entry.traceback is not None:
            document["exception"] = entry.traceback
        if line.is_own:
            document["source"] = "orchestrator"
        return json.dumps(document, default=str)


def _cut_mark(line: LoggedLine) -> str:
    shown, whole = len(line.stored.content), line.stored.length
    return "" if shown == whole else f" ... [{shown:,} of {whole:,} bytes shown]"
