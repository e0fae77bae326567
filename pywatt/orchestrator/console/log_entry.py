"""A line of log, read from what a module wrote."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from math import isfinite
from types import NoneType
from typing import Any, Final

import attrs

_LEVELS: Final = {
    "WARNING": "WARN",
    "CRITICAL": "ERROR",
    "FATAL": "ERROR",
    "PANIC": "ERROR",
    "NOTICE": "INFO",
}
_MESSAGE_KEYS: Final = ("message", "msg", "event")
_TIME_KEYS: Final = ("timestamp", "time", "ts")
_LEVEL_KEYS: Final = ("level", "severity", "levelname")
_TRACEBACK_KEYS: Final = ("exception", "exc_info", "traceback", "stack")
# Where in the code it was written: for machines, and for whoever asks for JSON.
_ORIGIN_KEYS: Final = ("target", "module", "function", "line", "logger", "span", "spans")
# What lies deeper than any log has a reason to is text: to walk it costs a call for each level.
_MAX_DEPTH: Final = 64
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


@attrs.frozen
class LogEntry:
    """One line of log.

    Attributes:
        level: "ERROR", "WARN", "INFO", "DEBUG", "TRACE" or what the writer calls it.
        message: the text.
        time: when it was written; None when the writer does not say.
        fields: everything else that was said with it.
        traceback: the text of an exception, or None.
    """

    level: str
    message: str
    time: datetime | None = None
    fields: Mapping[str, Any] = attrs.field(factory=dict)
    traceback: str | None = None


def read_json_line(text: str) -> dict[str, Any] | None:
    """Return a line of JSON log as it is; None when the line is something else.

    What Python writes and JSON does not know, such as NaN, becomes text, and half a surrogate pair, which
    UTF-8 does not know, its escape.

    Args:
        text: the line.
    """
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if text.count("{") + text.count("[") > _MAX_DEPTH and _is_deep(document):
        return None
    if "\\u" in text and _SURROGATE.search(text):
        document = map_leaves(document, _without_halves)
    fields = document.get("fields")
    inner = fields if isinstance(fields, dict) else {}
    known = any(key in document or key in inner for key in _MESSAGE_KEYS)
    return document if known else None


def entry_from(document: Mapping[str, Any]) -> LogEntry:
    """Return what a JSON log line says: in our layout, which is that of Rust's tracing, or a flat one.

    Args:
        document: from `read_json_line`.
    """
    fields = {key: value for key, value in document.items() if key not in _ORIGIN_KEYS and key != "fields"}
    inner = document.get("fields")
    if isinstance(inner, dict):
        fields |= inner
    level = str(_take(fields, _LEVEL_KEYS) or "INFO").upper()
    traceback = _take(fields, _TRACEBACK_KEYS)
    return LogEntry(
        level=_LEVELS.get(level, level),
        message=_as_text(_take(fields, _MESSAGE_KEYS)),
        time=_as_time(_take(fields, _TIME_KEYS)),
        traceback=None if not traceback else _as_text(traceback),
        fields=fields,
    )


def without_own_name(entry: LogEntry, module: str) -> LogEntry:
    """Return an entry without the name of its module, where a prefix says it already.

    Args:
        entry: the entry.
        module: whose line it is.
    """
    if entry.fields.get("module_id") != module:
        return entry
    fields = {name: value for name, value in entry.fields.items() if name != "module_id"}
    return attrs.evolve(entry, fields=fields)


def map_leaves(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it changed, the names of its fields included.

    Args:
        value: the value.
        change: the change.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): map_leaves(inner, change) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [map_leaves(inner, change) for inner in value]
    # A number may be a secret too.
    text = str(value)
    changed = change(text)
    unchanged = isinstance(value, (int, float, NoneType)) and changed == text
    return value if unchanged else changed


def _without_halves(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _finite(text: str) -> float | str:
    number = float(text)
    return number if isfinite(number) else text


_DECODER: Final = json.JSONDecoder(parse_float=_finite, parse_constant=str)


def _is_deep(document: Any) -> bool:
    level = [document]
    for _ in range(_MAX_DEPTH):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in inner for value in values if isinstance(value, (dict, list))]
        if not level:
            return False
    return True


def _take(fields: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """Remove and return the first that is there."""
    return next((fields.pop(key) for key in keys if key in fields), None)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _as_time(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            time = time if time.tzinfo else time.replace(tzinfo=UTC)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            # Milliseconds are told from seconds by their size.
            time = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    # At either end of time it would not exist in every time zone.
    return time if MINYEAR < time.year < MAXYEAR else None
