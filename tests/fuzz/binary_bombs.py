"""Deep and long inputs in bincode and MessagePack."""

from __future__ import annotations

import json

from binary_seeds import RAW_ID, SCHEMAS

_DEPTHS = (60, 126, 127, 128, 129, 200, 1000, 100_000)
_HUGE = (
    b"\xfc\xff\xff\xff\xff",
    b"\xfd" + b"\xff" * 8,
    b"\xfd" + b"\xff" * 7 + b"\x7f",
    b"\xfd\0\0\0\0\1\0\0\0",
)


def _count(number: int) -> bytes:
    return b"\xfc" + number.to_bytes(4, "little")


def bincode_bombs() -> list[bytes]:
    """Every schema on lengths without data, on many small items, and on varints cut short."""
    inputs = [
        *_HUGE,
        *(huge + b"\0" * 5_000 for huge in _HUGE),
        _count(3_000) + b"\0" * 3_000,
        _count(3_000) + b"\1" * 3_000,
        _count(1_500) + b"\1\0" * 1_500,
        _count(100_000) + b"\0" * 100_000,
        _count(5_000) + b"\xfd\0\0" * 5_000,
        b"\xfb",
        b"\xfc\0\0\0",
        b"\xfd\0\0\0\0\0\0\0",
        b"\xfe" + b"\0" * 15,
        b"\x7f" + b"\xff" * 200,
        b"\x04\xed\xa0\x80x",
    ]
    return [bytes([at]) + data for at in range(len(SCHEMAS)) for data in inputs]


def drawn_bombs() -> list[bytes]:
    """Lists of structs in structs: much is made of each byte."""
    shapes = (
        b"\x12\x00",
        b"\x12\x10",
        b"\x12\x11\x00",
        b"\x12\x16\x01\x00",
        b"\x12\x16\x01\x16\x01\x16\x01\x16\x01\x00",
        b"\x12\x12\x12\x00",
        b"\x14\x01\x12\x00",
        b"\x12\x17\x01\x00",
        b"\x12\x17\x02\x17\x02\x17\x02\x00\x00\x00\x00",
        b"\x12\x15\x01\x15\x01\x15\x01\x00",
        b"\x12\x11\x11\x11\x11\x00",
    )
    return [
        shape + length + fill * 3_000
        for shape in shapes
        for length in (*_HUGE, _count(3_000), _count(1_500))
        for fill in (b"\0", b"\1")
    ]


def notation_bombs() -> list[bytes]:
    whole = []
    for opening, closing in (
        ('{"option":', "}"),
        ('{"list":', "}"),
        ('{"map":["u8",', "]}"),
        ('{"tuple":[', "]}"),
        ('{"struct":[["a",', "]]}"),
        ('{"enum":[["A",{"tuple":[', "]}]]}"),
        ('{"enum":[["A",{"struct":[["a",', "]]}]]}"),
    ):
        whole += [(opening * depth + '"u8"' + closing * depth).encode() for depth in _DEPTHS[:-2]]
    return [
        *whole,
        json.dumps({"tuple": ["u128"] * 4_000}).encode(),
        json.dumps({"struct": [[f"f{at}", "u8"] for at in range(1_000)]}).encode(),
        json.dumps({"enum": [[f"f{at}", None] for at in range(1_000)]}).encode(),
        json.dumps({"tuple": [{"tuple": [{"tuple": ["bytes"] * 20}] * 20}] * 20}).encode(),
    ]


def binary_message_bombs() -> list[bytes]:
    """Contents and metadata with lengths that nothing follows; deep JSON among the properties."""
    names = (1, 14, 17, 19, 31)
    return [
        bytes([schema, way]) + data
        for schema in names
        for way in range(2)
        for data in (
            *_HUGE,
            _count(3_000) + b"\1" * 3_000,
            b"\5\1\1" + _HUGE[1],
            b"\5\1\0\1\xfd" + b"\xff" * 8 + b"\0\0\0",
            b"\5\1\0\0\0\0" + _count(10_000) + b"[" * 10_000,
            b"\5\1\0\0\0\0" + _count(12_005) + b'{"":' * 3_001 + b"1",
            b"[" * 10_000,
            b'{"a":' * 3_000,
        )
    ]


def compact_bombs() -> list[bytes]:
    """Nested containers, lengths without data, and very many of the smallest values."""
    deep = [opening * depth + b"\xc0" for opening in (b"\x91", b"\x81\xa0", b"\xdc\0\1") for depth in _DEPTHS]
    huge = [
        before + mark + b"\xff\xff\xff\xff" + b"\x90" * 100
        for before in (b"", b"\x91", b"\x96\x01", b"\x94\x11\x01\x00", b"\x96\x10\x01\x01\x02\x00")
        for mark in (b"\xc6", b"\xdb", b"\xdd", b"\xdf")
    ]
    many = [
        mark + (3_000 // width).to_bytes(4, "big") + item * (3_000 // width)
        for mark, item, width in (
            (b"\xdd", b"\xc0", 1),
            (b"\xdd", b"\x90", 1),
            (b"\xdd", b"\x80", 1),
            (b"\xdd", b"\xa0", 1),
            (b"\xdd", b"\x81\xa0\xc0", 3),
            (b"\xdd", b"\xcb\x7f\xf8\0\0\0\0\0\0", 9),
            (b"\xdd", b"\xdd\0\0\0\0", 5),
            (b"\xdf", b"\xa0\xc0", 2),
        )
    ]
    headers = b"\xdf\0\0\x07\xd0" + b"".join(b"\xa4%04d\xa1v" % at for at in range(2_000))
    return [
        *deep,
        *(b"\x96\x10\x01\x01\x02\x00\x81\xa1k" + bomb for bomb in deep),
        *huge,
        *many,
        b"\xdd\0\0\x0b\xb8" + b"\xdd\0\0\x0b\xb8" * 3_000,
        b"\x95\x02\xa1q\xcc\xc8" + headers + b"\xc0",
        b"\x95\x02\xa1q\xcc\xc8\xdf\0\0\x07\xd0" + b"\xa1k\xa1v" * 2_000 + b"\xc0",
        b"\x96\x03\xa1b\xa2/e\xc4\x10" + RAW_ID + b"\x01\xc6\0\0\x0b\xb8" + b"x" * 3_000,
        b"\x93\x00\xc0\xc6\0\0\x0b\xb8" + b"[" * 3_000,
        b"\x93\x00\xc6\0\0\x0b\xb8" + b'{"x":' * 3_000 + b"\xc4\x0a" + b'{"op":"x"}',
        b"\xd9" + b"\xff" * 3,
    ]
