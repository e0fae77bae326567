"""bincode as anyone would write it first: a walk over the schema, with the standard library's struct."""

from __future__ import annotations

import struct
from typing import Any

from core.rivals.naive import read_varint, write_varint


def encode(value: Any, schema: Any) -> bytes:
    out = bytearray()
    write(out, value, schema)
    return bytes(out)


def decode(data: bytes, schema: Any) -> tuple[Any, int]:
    """The value and the bytes used."""
    return read(data, 0, schema)


def write(out: bytearray, value: Any, schema: Any) -> None:
    if isinstance(schema, dict):
        write_compound(out, value, schema)
    elif schema == "u64":
        if not 0 <= value < 1 << 64:
            raise ValueError("out of range")
        write_varint(out, value)
    elif schema == "bool":
        out.append(1 if value else 0)
    elif schema == "f64":
        out += struct.pack("<d", value)
    elif schema == "str":
        text = value.encode()
        write_varint(out, len(text))
        out += text
    else:
        raise TypeError(schema)


def write_compound(out: bytearray, value: Any, schema: dict[str, Any]) -> None:
    ((kind, inner),) = schema.items()
    if kind == "struct":
        for name, field in inner:
            write(out, value[name], field)
    elif kind == "list":
        write_varint(out, len(value))
        for item in value:
            write(out, item, inner)
    elif kind == "option":
        out.append(0 if value is None else 1)
        if value is not None:
            write(out, value, inner)
    else:
        raise TypeError(kind)


def read(data: bytes, position: int, schema: Any) -> tuple[Any, int]:
    if isinstance(schema, dict):
        return read_compound(data, position, schema)
    if schema == "u64":
        return read_varint(data, position)
    if schema == "bool":
        if data[position] > 1:
            raise ValueError("expected 0 or 1")
        return data[position] == 1, position + 1
    if schema == "f64":
        return struct.unpack_from("<d", data, position)[0], position + 8
    if schema == "str":
        size, position = read_varint(data, position)
        if size > len(data) - position:
            raise ValueError("unexpected end of data")
        return data[position : position + size].decode(), position + size
    raise TypeError(schema)


def read_compound(data: bytes, position: int, schema: dict[str, Any]) -> tuple[Any, int]:
    ((kind, inner),) = schema.items()
    if kind == "struct":
        fields = {}
        for name, field in inner:
            fields[name], position = read(data, position, field)
        return fields, position
    if kind == "list":
        count, position = read_varint(data, position)
        items = []
        for _ in range(count):
            item, position = read(data, position, inner)
            items.append(item)
        return items, position
    if kind == "option":
        if data[position] == 0:
            return None, position + 1
        return read(data, position + 1, inner)
    raise TypeError(kind)
