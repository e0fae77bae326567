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
# As deep as orjson reads.
MAX_READ_DEPTH: Final = 1024
# From here on the library's decoder, which recurses, might not reach the end.
_DEEP: Final = 200
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_BRACKET_OR_STRING: Final = re.compile(r'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
# A pair, a lone surrogate, any other escape.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
SURROGATE: Final = re.compile(f"[{chr(0xD800)}-{chr(0xDFFF)}]")


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
    deep = text.count("[") + text.count("{") > _DEEP and _depth(text) > _DEEP
    try:
        value: object = _decode_deep(text) if deep else _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonSerializationError(
            f"{error.msg}: line {error.lineno} column {error.colno}", byte_offset(text, error.pos)
        ) from None
    except RecursionError:
        raise JsonSerializationError("nested too deeply") from None
    if "\\u" in text:
        _refuse_surrogates(text)
    return value


def byte_offset(text: str, position: int) -> int:
    """The place of a character in the UTF-8 form of the text."""
    return position if text.isascii() else len(text[:position].encode("utf-8", "surrogatepass"))


def _depth(text: str) -> int:
    """How deep the brackets of a text go; of one that is no JSON, any number."""
    depth = deepest = 0
    for found in _BRACKET_OR_STRING.finditer(text):
        sign = found.group()
        if sign == "[" or sign == "{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign == "]" or sign == "}":
            depth -= 1
    return deepest


def _decode_deep(text: str) -> object:
    """As the library's decoder, without recursion.

    Raises:
        json.JSONDecodeError: it is not JSON.
        JsonSerializationError: it is nested deeper than `MAX_READ_DEPTH`.
    """
    holders: list[Any] = []
    keys: list[str] = []
    position = _skip_space(text, 0)
    while True:
        sign = text[position : position + 1]
        value: Any
        if sign == "[" or sign == "{":
            if len(holders) == MAX_READ_DEPTH:
                raise JsonSerializationError("nested too deeply", byte_offset(text, position), MAX_READ_DEPTH)
            value = [] if sign == "[" else {}
            position = _skip_space(text, position + 1)
            if text[position : position + 1] != ("]" if sign == "[" else "}"):
                holders.append(value)
                position = _take_key(text, position, keys) if sign == "{" else position
                continue
            position += 1
        else:
            value, position = _DECODER.raw_decode(text, position)
        # A value is whole: put it where it belongs, and close what it ends.
        while True:
            position = _skip_space(text, position)
            if not holders:
                if position != len(text):
                    raise json.JSONDecodeError("Extra data", text, position)
                return value
            holder = holders[-1]
            in_list = isinstance(holder, list)
            if in_list:
                holder.append(value)
            else:
                holder[keys.pop()] = value
            sign = text[position : position + 1]
            position += 1
            if sign == ",":
                position = _skip_space(text, position)
                position = position if in_list else _take_key(text, position, keys)
                break
            if sign != ("]" if in_list else "}"):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, position - 1)
            value = holders.pop()


def _take_key(text: str, position: int, keys: list[str]) -> int:
    """Read a key and its colon; the place after both."""
    if text[position : position + 1] != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, position)
    key, position = _DECODER.raw_decode(text, position)
    position = _skip_space(text, position)
    if text[position : position + 1] != ":":
        raise json.JSONDecodeError("Expecting ':' delimiter", text, position)
    keys.append(key)
    return _skip_space(text, position + 1)


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return position if found is None else found.end()


def _refuse_surrogates(text: str) -> None:
    """Refuse an escaped lone surrogate, also where a later member of the same name hides the string."""
    for found in _ESCAPE.finditer(text):
        if found.group(1) is not None:
            raise JsonSerializationError("lone surrogate in a string", byte_offset(text, found.start()))


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
