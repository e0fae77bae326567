"""JSON by the standard library alone, with the text rules of the wire.

Used where orjson is absent or too old, and where a rule needs more than orjson offers.
"""

from __future__ import annotations

import enum
import json
import re
import uuid
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Final

from ..errors import JsonSerializationError

MAX_WRITE_DEPTH: Final = 254
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
_SURROGATE: Final = re.compile(f"[{chr(0xD800)}-{chr(0xDFFF)}]")


def format_float(value: float) -> str:
    """The shortest text that reads back: plain from 1e-5 up to 1e16, an unpadded signed exponent outside."""
    if not isfinite(value):
        return "null"
    text = float.__repr__(value)
    mantissa, _, exponent = text.partition("e")
    if exponent:
        power = int(exponent)
        if power != -5:
            return f"{mantissa}e{power:+d}"
        digits = mantissa.replace(".", "").removeprefix("-")
        return ("-" if value < 0 else "") + "0.0000" + digits
    return text


def _integer(text: str) -> int | float:
    if text == "-0":
        return -0.0
    if len(text) <= 20:
        value = int(text)
        if _SMALLEST <= value <= _LARGEST:
            return value
    return _number(text)


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise JsonSerializationError("number out of range")
    return value


def _constant(text: str) -> object:
    raise JsonSerializationError("NaN and infinity are not JSON")


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_constant)


def decode(text: str) -> object:
    """The value of one JSON text.

    Raises:
        JsonSerializationError: it is not one; a number beyond the range of a double, a lone surrogate and
            too deep nesting are refused as well.
    """
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonSerializationError(
            f"{error.msg}: line {error.lineno} column {error.colno}", error.pos
        ) from None
    except RecursionError:
        raise JsonSerializationError("nested too deeply") from None
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def _refuse_surrogates(root: object) -> None:
    waiting: list[object] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if _SURROGATE.search(value) is not None:
                raise JsonSerializationError("lone surrogate in a string")
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())


def encode(value: object, sort_keys: bool, indent: int = 0) -> bytes:
    """A value as JSON text.

    Args:
        value: None, bool, int, float, str, list, tuple, dict with text keys, UUID or Enum, at any depth up
            to 254.
        sort_keys: order every object's keys by their UTF-8 bytes.
        indent: spaces per level; 0 writes the compact form.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    out: list[str] = []
    _write(value, out, sort_keys, indent, 0)
    try:
        return "".join(out).encode()
    except UnicodeEncodeError:
        raise JsonSerializationError("lone surrogate in a string") from None


def _write(value: Any, out: list[str], sort_keys: bool, indent: int, depth: int) -> None:
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None:
        out.append("null")
    elif value is True:
        out.append("true")
    elif value is False:
        out.append("false")
    elif isinstance(value, str):
        out.append(encode_basestring(value))
    elif isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise JsonSerializationError("integer exceeds 64 bits")
        out.append(int.__repr__(value))
    elif type(value) is float:
        out.append(format_float(value))
    elif isinstance(value, list) or type(value) is tuple:
        _write_list(value, out, sort_keys, indent, depth + 1)
    elif isinstance(value, dict):
        _write_dict(value, out, sort_keys, indent, depth + 1)
    elif isinstance(value, uuid.UUID):
        out.append(f'"{value}"')
    else:
        raise JsonSerializationError(f"type is not JSON serializable: {type(value).__name__}")


def _write_list(values: Any, out: list[str], sort_keys: bool, indent: int, depth: int) -> None:
    _refuse_depth(depth)
    if not values:
        out.append("[]")
        return
    separator = "," if indent == 0 else ",\n" + " " * (indent * depth)
    out.append("[" + separator[1:])
    first = True
    for value in values:
        if not first:
            out.append(separator)
        first = False
        _write(value, out, sort_keys, indent, depth)
    out.append("]" if indent == 0 else "\n" + " " * (indent * (depth - 1)) + "]")


def _write_dict(values: Any, out: list[str], sort_keys: bool, indent: int, depth: int) -> None:
    _refuse_depth(depth)
    if not values:
        out.append("{}")
        return
    separator = "," if indent == 0 else ",\n" + " " * (indent * depth)
    out.append("{" + separator[1:])
    for key in values:
        if type(key) is not str:
            raise JsonSerializationError("object keys must be text")
    first = True
    for key in sorted(values) if sort_keys else values:
        if not first:
            out.append(separator)
        first = False
        out.append(encode_basestring(key))
        out.append(":" if indent == 0 else ": ")
        _write(values[key], out, sort_keys, indent, depth)
    out.append("}" if indent == 0 else "\n" + " " * (indent * (depth - 1)) + "}")


def _refuse_depth(depth: int) -> None:
    if depth > MAX_WRITE_DEPTH:
        raise JsonSerializationError("nested too deeply", None, MAX_WRITE_DEPTH)
