"""What a person sees of a running orchestrator: the logs on stderr, the ready lines on stdout."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TextIO

import attrs

from pywatt.observe.logging import level_from_environment, level_name, parse_level
from pywatt.observe.redaction import redact
from pywatt.orchestrator.console.console_output import LineOutput
from pywatt.orchestrator.console.display_budget import DisplayBudget
from pywatt.orchestrator.console.json_lines import json_lines
from pywatt.orchestrator.console.log_entry import (
    entry_from,
    map_leaves,
    read_json_line,
    without_own_name,
)
from pywatt.orchestrator.console.log_layout import MAX_LINE, OWN_NAME, LogLayout, bounded, in_one_line
from pywatt.orchestrator.console.log_lines import LONGEST
from pywatt.orchestrator.console.own_line import OWN_TARGET, own_document
from pywatt.orchestrator.console.terminal import is_terminal, use_colour

LogFormat = Literal["auto", "pretty", "json"]


class Console:
    """Shows the logs of all modules and of the orchestrator itself.

    Args:
        log_format: "auto" and "pretty" lay lines out for a person; "json" passes JSON lines on, each with the
            module's name.
        modules: the modules' names, for alignment.
        stderr: where logs go; None: the standard stream.
        stdout: where the ready lines go; None: the standard stream.

    Attributes:
        on_own_line: takes each line that the orchestrator itself says, as JSON without secrets, and the
            module it is about.
        shows_logs: whether anybody can see what is written to stderr.
    """

    on_own_line: Callable[[str, str | None], None] | None = None

    def __init__(
        self,
        log_format: LogFormat = "auto",
        modules: Iterable[str] = (),
        *,
        stderr: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        stderr = stderr if stderr is not None else sys.stderr
        terminal = is_terminal(stderr)
        self._json = log_format == "json"
        self._names = tuple(modules)
        self._layout = LogLayout(
            self._names, use_colour(stderr), local_time=terminal or log_format == "pretty"
        )
        self._logs = LineOutput(stderr)
        self._announcements = LineOutput(stdout if stdout is not None else sys.stdout)
        self._lowest = level_from_environment() or logging.INFO
        self._handler: logging.Handler | None = None
        self.shows_logs = not self._logs.is_nowhere
        self._budget = DisplayBudget()
        # By module: the text of its last line, until something is said about the module.
        self._last_line: dict[str, str] = {}

    def module_line(self, module: str, line: bytes) -> None:
        """Show a line that a module wrote to stderr.

        Args:
            module: its name.
            line: the line, with or without its end.
        """
        if self._json:
            document = self._json_document(module, line)
            if document is not None:
                self._logs.write_line(document)
            return
        text, log = _read(line)
        if log is not None:
            entry = without_own_name(entry_from(log), module)
            self._last_line[module] = entry.message
            self._logs.write_line(redact(self._layout.entry(module, entry)))
        elif text.strip():
            self._last_line[module] = text
            self._logs.write_line(self._layout.text(module, text))

    def module_lines(self, module: str, lines: bytes) -> None:
        """Show lines that a module wrote; in a flood of them some are left out, and counted.

        JSON lines are for programs: they are all passed on, as long as they are read.

        Args:
            module: its name.
            lines: each with its line feed, without secrets.
        """
        shown = lines.split(b"\n")[:-1]
        if self._json:
            documents = json_lines(module, shown, lambda line: self._json_document(module, line))
            self._logs.write_lines(list(documents))
            return
        for line in shown[: self._budget.take(module, len(shown))]:
            self.module_line(module, line)

    def tell_unshown(self, *, at_once: bool = False) -> bool:
        """Say how many lines were left out, when the flood leaves room for it; True while there are some.

        Args:
            at_once: whether not to wait for room.
        """
        for module, count in self._budget.unshown(at_once=at_once).items():
            lines = "line" if count == 1 else "lines"
            where = f"{'it is' if count == 1 else 'all are'} in: pywatt logs {module}"
            self.event("WARN", f"{count:,} {lines} of {module} not shown here; {where}")
        return self._budget.has_unshown

    def event(self, level: str, message: str, module: str | None = None, **fields: object) -> None:
        """Show what happened in the orchestrator.

        Args:
            level: "ERROR", "WARN", "INFO", "DEBUG" or "TRACE".
            message: what happened.
            module: the module it is about.
            fields: what belongs to it; `exception` is the text of a traceback.
        """
        self._own(level, message, OWN_TARGET, module, fields)

    def started(self) -> None:
        """Take note that the orchestrator takes commands; nothing else changes for whoever watches."""

    def ready(self, module: str, url: str) -> None:
        """Tell on stdout that a module is ready.

        Args:
            module: its name.
            url: where it is reached.
        """
        self._announce(module, module, url)

    def all_ready(self, url: str) -> None:
        """Tell on stdout that all modules are ready.

        Args:
            url: where the gateway is reached.
        """
        self._announce("all", None, url)

    def capture_logging(self) -> None:
        """Show what this process logs through the standard library, until the console is closed."""
        if self._handler is None:
            self._handler = _ConsoleHandler(self)
            root = logging.getLogger()
            root.addHandler(self._handler)
            root.setLevel(self._lowest)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left and let go of the standard library's logging.

        Args:
            timeout: how long to wait for a reader that does not read, in seconds.
        """
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler = None
        self.tell_unshown(at_once=True)
        self._logs.close(timeout)
        self._announcements.close(timeout)

    def show_record(self, record: logging.LogRecord) -> None:
        """Show a record of the standard library's logging.

        Args:
            record: the record.
        """
        fields: dict[str, object] = {}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        self._own(level_name(record.levelno), record.getMessage(), record.name, None, fields)

    def _announce(self, name: str, module: str | None, url: str) -> None:
        message = "all ready" if module is None else "ready"
        line = self._json_line(own_document("INFO", message, OWN_TARGET, module, {"url": url}))
        self._keep(line, module)
        if self._json:
            self._announcements.write_line(line)
            return
        width = max(map(len, self._names), default=0)
        self._announcements.write_line(f"Ready  {name:<{width}}  {url}")

    def _own(
        self, level: str, message: str, target: str, module: str | None, fields: Mapping[str, object]
    ) -> None:
        if (parse_level(level) or logging.INFO) < self._lowest:
            return
        document = map_leaves(own_document(level, message, target, module, fields), redact)
        line = self._json_line(document)
        self._keep(line, module)
        if self._json:
            self._logs.write_line(line)
            return
        entry = entry_from(document)
        if module is not None:
            message = self._without_last_line(module, entry.message)
            entry = attrs.evolve(entry, message=f"{module}: {message}")
        self._logs.write_line(redact(self._layout.entry(OWN_NAME, entry)))

    def _keep(self, line: str, module: str | None) -> None:
        if self.on_own_line is not None:
            self.on_own_line(line, module)

    def _without_last_line(self, module: str, message: str) -> str:
        """A message without the line of the module that it quotes, where that line was shown just before."""
        quoted = in_one_line(self._last_line.pop(module, ""))[:LONGEST]
        return re.sub(f": {re.escape(quoted)}(?=;|$)", "", message, count=1) if quoted else message

    def _json_document(self, module: str, line: bytes) -> str | None:
        text, log = _read(line)
        if log is not None:
            return self._json_line({**log, "module": module})
        if not text.strip():
            return None
        return self._json_line(own_document("INFO", bounded(text), "stderr", module, {}))

    def _json_line(self, document: Mapping[str, Any]) -> str:
        line = redact(json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str))
        if len(line) <= 2 * MAX_LINE:
            return line
        # A cut line would not be JSON any more, so its message is cut and the rest left out.
        entry = entry_from(document)
        module = document.get("module")
        cut = own_document(entry.level, bounded(entry.message), str(document.get("target", "")), module, {})
        return json.dumps(cut, ensure_ascii=False, separators=(",", ":"))


def _read(line: bytes) -> tuple[str, dict[str, Any] | None]:
    """The text of a line, and for a line of JSON log what it says; both without secrets."""
    text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    document = read_json_line(text) if len(text) <= MAX_LINE else None
    return redact(text), None if document is None else map_leaves(document, redact)


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._console.show_record(record)
        except Exception:
            # A message whose arguments do not fit it: the standard library's own report names the place.
            self.handleError(record)
