"""Logs: one JSON object per line on standard error, in the layout of the Rust SDK, without secrets."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from pywatt.observe.redaction import MARKER, redact

LEVEL_VARIABLE: Final = "PYWATT_LOG_LEVEL"
RUST_LEVEL_VARIABLE: Final = "RUST_LOG"

TRACE: Final = 5
"""Below DEBUG, as in Rust."""

OFF: Final = logging.CRITICAL + 10

LEVELS: Final[dict[str, int]] = {
    "trace": TRACE,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "off": OFF,
}

FAILED: Final = "[REDACTION FAILED]"
MAX_DEPTH: Final = 8

STANDARD_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; all else was given by the caller as `extra`."""


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of JSON.

    Args:
        module_id: a field of every line, None for none.
    """

    def __init__(self, module_id: str | None = None) -> None:
        super().__init__()
        self.module_id = module_id

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; an error in the making of it shows of the record only its place."""
        try:
            fields = self._fields(record)
        except Exception as error:
            place = f"{record.filename}:{record.lineno}"
            fields = json.dumps({"message": FAILED, "error": type(error).__name__, "place": place})
        timestamp = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        target = json.dumps(_clean_text(record.name.replace(".", "::")), ensure_ascii=False)
        level = level_name(record.levelno)
        return f'{{"timestamp":"{timestamp}","level":"{level}","fields":{fields},"target":{target}}}'

    def _fields(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {"message": record.getMessage()}
        if self.module_id is not None:
            fields["module_id"] = self.module_id
        for name, value in vars(record).items():
            if name not in STANDARD_ATTRIBUTES:
                fields[name] = value
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        elif record.exc_text:
            fields["exception"] = record.exc_text
        if record.stack_info:
            fields["stack"] = record.stack_info
        # Leaf by leaf, so that no secret breaks the line by looking like JSON; then the whole.
        text = json.dumps(_clean(fields, 0), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        redacted = redact(text)
        if redacted is not text and redacted != text and not _is_json(redacted):
            return json.dumps({"message": MARKER})
        return redacted


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _clean(value: object, depth: int) -> object:
    """A value that JSON can print, without secrets."""
    if isinstance(value, str):
        return _clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and type(value) in (int, float):
        shown = redact(repr(value))
        finite = value == value and value not in (float("inf"), float("-inf"))  # noqa: PLR0124  NaN is not itself
        return value if shown == repr(value) and finite else shown
    if depth < MAX_DEPTH:
        if isinstance(value, dict):
            return {_clean_text(str(key)): _clean(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [_clean(inner, depth + 1) for inner in value]
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    """Without secrets, and without the halves of surrogate pairs, which are no UTF-8."""
    return redact(text if text.isascii() else text.encode("utf-8", "backslashreplace").decode())


def level_name(level: int) -> str:
    """The name Rust gives to a level."""
    if level >= logging.ERROR:
        return "ERROR"
    if level >= logging.WARNING:
        return "WARN"
    if level >= logging.INFO:
        return "INFO"
    return "DEBUG" if level >= logging.DEBUG else "TRACE"


def parse_level(text: str) -> int | None:
    """The level a name stands for, None for anything else; Rust's and Python's names, in any case."""
    return LEVELS.get(text.strip().lower())


def level_from_environment() -> int | None:
    """PYWATT_LOG_LEVEL, else the directive of RUST_LOG that names no target; None when neither is set."""
    level = parse_level(os.environ.get(LEVEL_VARIABLE, ""))
    if level is not None:
        return level
    for directive in reversed(os.environ.get(RUST_LEVEL_VARIABLE, "").split(",")):
        level = parse_level(directive)
        if level is not None:
            return level
    return None


class StandardErrorHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> object:
        """Standard error."""
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name of the standard library
        """Say that a line was lost; the standard library would print the record as it is."""
        message = json.dumps({"message": f"a log line of {record.module} was lost"})
        try:
            sys.stderr.write(f'{{"level":"ERROR","fields":{message},"target":"pywatt::observe"}}\n')
        except (OSError, ValueError, AttributeError):  # standard error itself is gone
            return


_handler: StandardErrorHandler | None = None


def setup_logging(module_id: str | None = None) -> None:
    """Send all logs of the process, and all exceptions that nobody caught, to standard error as JSON lines.

    The level is PYWATT_LOG_LEVEL, else that of RUST_LOG, else INFO. A second call changes nothing but an id
    that was not known before.

    Args:
        module_id: a field of every line.
    """
    global _handler  # noqa: PLW0603  the logs belong to the process
    if _handler is not None:
        formatter = _handler.formatter
        if isinstance(formatter, JsonFormatter) and formatter.module_id is None:
            formatter.module_id = module_id
        return
    logging.addLevelName(TRACE, "TRACE")
    _handler = StandardErrorHandler()
    _handler.setFormatter(JsonFormatter(module_id))
    root = logging.getLogger()
    root.addHandler(_handler)
    root.setLevel(level_from_environment() or logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def set_level(level: str) -> None:
    """Log this level and above.

    Args:
        level: trace, debug, info, warn, error or off, in any case.

    Raises:
        ValueError: another name.
    """
    found = parse_level(level)
    if found is None:
        raise ValueError(f"not a log level: {level!r}; expected one of trace, debug, info, warn, error, off")
    logging.getLogger().setLevel(found)


def set_default_level(level: str) -> None:
    """Log this level and above, unless the environment says otherwise; an unknown name changes nothing.

    Args:
        level: from the init line.
    """
    found = parse_level(level)
    if found is not None and level_from_environment() is None:
        logging.getLogger().setLevel(found)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("pywatt").critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or issubclass(arguments.exc_type, SystemExit):
        return
    name = arguments.thread.name if arguments.thread is not None else "unknown"
    logging.getLogger("pywatt").critical(
        "uncaught exception in thread %s",
        name,
        exc_info=(arguments.exc_type, arguments.exc_value, arguments.exc_traceback),
    )
