"""JSON by orjson where it is installed and follows the wire's text rules, else by the standard library.

Both give the same bytes and the same values.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, Final

from ..errors import JsonSerializationError
from ..variant import COMPILED
from . import standard
from .scan import may_hold_negative_zero


def _find_orjson() -> Any:
    try:
        module: Any = importlib.import_module("orjson")
    except ImportError:
        return None
    # Before 3.11.7 it printed 1e20, where the wire wants 1e+20.
    return module if module.dumps(1e20) == b"1e+20" else None


_ORJSON: Final[Any] = _find_orjson()
_dumps: Final[Callable[..., bytes] | None] = None if _ORJSON is None else _ORJSON.dumps
_loads: Final[Callable[..., object] | None] = None if _ORJSON is None else _ORJSON.loads
_PLAIN: Final[int] = (
    0 if _ORJSON is None else _ORJSON.OPT_PASSTHROUGH_DATACLASS | _ORJSON.OPT_PASSTHROUGH_DATETIME
)
_SORTED: Final[int] = 0 if _ORJSON is None else _PLAIN | _ORJSON.OPT_SORT_KEYS
_PRETTY: Final[int] = 0 if _ORJSON is None else _SORTED | _ORJSON.OPT_INDENT_2

# Below so many bytes a copy costs less than a view.
_VIEWED: Final = 4096

# A literal beginning lets the search skip ahead; a match inside a string only costs a second reading.
_NEGATIVE_ZERO: Final = re.compile(rb"-0(?:[,\]}\s]|\Z)")
# Strings are matched to be stepped over; an exponent may end in -0 too.
_STRING_OR_ZERO: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?<![eE])-0(?=[,\]}\s]|\Z)', re.DOTALL)


def encode_json(value: object) -> bytes:
    """Compact JSON with keys in their own order.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    if _dumps is None:
        return standard.encode(value, False)
    try:
        return _dumps(value, None, _PLAIN)
    except TypeError as error:
        raise _unwritable(error) from None


def encode_json_sorted(value: object) -> bytes:
    """Compact JSON with the keys of every object sorted by their UTF-8 bytes.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    if _dumps is None:
        return standard.encode(value, True)
    try:
        return _dumps(value, None, _SORTED)
    except TypeError as error:
        raise _unwritable(error) from None


def encode_json_pretty(value: object) -> bytes:
    """As `encode_json_sorted`, indented by two spaces per level.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    if _dumps is None:
        return standard.encode(value, True, 2)
    try:
        return _dumps(value, None, _PRETTY)
    except TypeError as error:
        raise _unwritable(error) from None


def decode_json(data: bytes | str) -> object:
    """The value of one JSON text.

    Args:
        data: UTF-8 bytes without byte-order mark, or text.

    Raises:
        JsonSerializationError: it is not JSON; NaN, numbers beyond the range of a double, lone surrogates
            and too deep nesting are refused as well.
    """
    if _loads is None:
        return standard.decode(_text_of(data))
    try:
        value = _loads(data)
    except ValueError as error:
        raise _unreadable(error, data) from None
    # orjson reads -0 as the integer 0. The text is JSON, so only its whole zeros have to be rewritten.
    text = data if isinstance(data, bytes) else data.encode()
    if COMPILED:
        doubtful = may_hold_negative_zero(text, 0, len(text))
    else:
        doubtful = b"-0" in text and _NEGATIVE_ZERO.search(text) is not None
    return _loads(_STRING_OR_ZERO.sub(_with_sign, text)) if doubtful else value


def decode_json_part(data: bytes, start: int, end: int) -> object:
    """As `decode_json`, of a part of a longer text; a large one is not copied.

    Raises:
        JsonSerializationError: the part is not JSON; the offset counts from its beginning.
    """
    if not COMPILED or _loads is None or end - start < _VIEWED or may_hold_negative_zero(data, start, end):
        return decode_json(data[start:end])
    try:
        return _loads(memoryview(data)[start:end])
    except ValueError as error:
        raise _unreadable(error, data[start:end]) from None


def _with_sign(found: re.Match[bytes]) -> bytes:
    """What orjson gives the sign of a negative zero for; a string as it is."""
    text = found.group()
    return b"-0.0" if text == b"-0" else text


def _text_of(data: bytes | str) -> str:
    if isinstance(data, str):
        if not data.isascii() and standard.SURROGATE.search(data) is not None:
            raise JsonSerializationError("lone surrogate in the text")
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise JsonSerializationError("invalid UTF-8", error.start) from None


def _unreadable(error: ValueError, data: bytes | str) -> JsonSerializationError:
    """The refusal that orjson's stands for; its place counts characters, ours counts bytes."""
    position: object = getattr(error, "pos", None)
    if not isinstance(position, int):
        return JsonSerializationError(str(error))
    if isinstance(data, str):
        return JsonSerializationError(str(error), standard.byte_offset(data, position))
    if data.isascii():
        return JsonSerializationError(str(error), position)
    try:
        text = data.decode()
    except UnicodeDecodeError as wrong:
        return JsonSerializationError("invalid UTF-8", wrong.start)
    return JsonSerializationError(str(error), standard.byte_offset(text, position))


def _unwritable(error: TypeError) -> JsonSerializationError:
    return JsonSerializationError(str(error))
