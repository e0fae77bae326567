"""Valid inputs in bincode and MessagePack, schemas, and the words that are spliced into the inputs."""

from __future__ import annotations

import json
from typing import Any

from seeds import BARE, HEADERS, ID, METADATA_TEXTS

RAW_ID = bytes.fromhex(ID.replace(b"-", b"").decode())
TREE: dict[str, Any] = {"struct": [["name", "str"], ["size", "u64"]]}
for _ in range(6):
    TREE = {"struct": [["name", "str"], ["under", {"list": TREE}]]}
SCHEMAS: tuple[Any, ...] = (
    *[
        "bool",
        "u8",
        "i8",
        "u16",
        "i16",
        "u32",
        "i32",
        "u64",
        "i64",
        "u128",
        "i128",
        "f32",
        "f64",
        "char",
        "str",
        "bytes",
        "duration",
    ],
    {"option": "u32"},
    {"option": {"option": "str"}},
    {"list": "u8"},
    {"list": "i64"},
    {"list": "f64"},
    {"list": "str"},
    {"list": "bytes"},
    {"list": "duration"},
    {"list": {"list": {"list": "bool"}}},
    {"map": ["str", "u64"]},
    {"map": ["f64", {"list": "char"}]},
    {"map": ["bytes", {"option": "i128"}]},
    {"tuple": []},
    {"tuple": ["u8", "str", {"option": "bool"}]},
    {"struct": [["id", "u64"], ["name", "str"], ["tags", {"list": "str"}], ["price", {"option": "f64"}]]},
    {"list": {"struct": [["a", "bool"]]}},
    {"enum": [["Unit", None], ["One", {"tuple": ["u32"]}], ["Two", {"struct": [["a", "str"], ["b", "i8"]]}]]},
    {"list": {"enum": [["Off", None], ["On", {"tuple": ["u8", "u8"]}]]}},
    {"map": ["u8", {"map": ["char", {"tuple": ["f32", "duration"]}]}]},
    TREE,
)
_VALUES = (
    b"\0", b"\1", b"\xfb\x00\x04", b"\xfc\0\0\1\0", b"\xfd\0\0\0\0\1\0\0\0", b"\xfe" + b"\xff" * 16,
    b"\0\0\x80\x3f", b"\0\0\0\0\0\0\xf0\x3f", b"\0\0\xc0\x7f", "é".encode(), b"\5hello", b"\x09Qz7canary",
    b"\1\5", b"\1\1\2hi", b"\3\1\2\3", b"\2\2hi\0", b"\2\5\xfc\0\xca\x9a\x3b", b"\2\1\1\1\0",
    b"\x2a\6widget\2\1a\1b\1\0\0\0\0\0\0\4\x40", b"\2\1\7\0", b"\1\3", b"\2\2hi\3", b"\3a12\1\2cd\0",
    b"\2\1a\5\1b\6", b"\2\1a\1\2",
)  # fmt: skip
BINCODE_VALUES = tuple(
    bytes([at]) + value
    for at in range(len(SCHEMAS))
    for value in (_VALUES[at % len(_VALUES)], _VALUES[(7 * at + 3) % len(_VALUES)])
)
# By the recipe: the numbers of forms, then the data.
DRAWN = (
    b"\x00\x01",
    b"\x0e\x05hello",
    b"\x11\x0e\x01\x02hi",
    b"\x12\x07\x02\x02\x04",
    b"\x14\x0e\x07\x02\x01a\x04\x01b\x06",
    b"\x15\x03\x01\x0e\x07\x09\x02hi\x04",
    b"\x16\x02\x05\x12\x0e\x09\x01\x02hi",
    b"\x12\x16\x02\x00\x03\x02\x01\x05\x00\x06",
    b"\x17\x04\x00\x0e\x00\x07\x01\x02hi",
    b"\x12\x17\x03\x05\x0e\x00\x03\x00\x07\x01\x02hi\x02",
    b"\x14\x0c\x11\x12\x0d\x01\x00\x00\x00\x00\x00\x00\xf8\x7f\x01\x01a",
)
NOTATIONS = (
    *(json.dumps(schema).encode() for schema in SCHEMAS[-20:]),
    b'"u8"',
    b'"Qz7canary"',
    b'{"enum":[["A",{"tuple":[]}],["B",{"tuple":[{"option":"str"}]}],["C",{"struct":[]}]]}',
)
NOTATION_WORDS = (
    b'"u8"', b'"str"', b'"u128"', b'"duration"', b'"option"', b'{"option":', b'{"list":', b'{"map":["str",',
    b'{"tuple":[', b'{"struct":[["a",', b'{"enum":[["A",', b'["a","u8"],', b'["A",null],', b"}", b"]",
    b"null",
    b'{"tuple":[]}', b'{"struct":[]}', b"NaN", b"1e400", b'"\\ud800"',
)  # fmt: skip
BINCODE_WORDS = (
    b"\0", b"\1", b"\2", b"\xfa", b"\xfb", b"\xfc", b"\xfd", b"\xfe", b"\xff", b"\xfb\xff\xff", b"\xfb\0\0",
    b"\xfc\xff\xff\xff\xff", b"\xfc\0\0\0\0", b"\xfd" + b"\xff" * 8, b"\xfd" + b"\0" * 7 + b"\x80",
    b"\xfe" + b"\xff" * 16, b"\xfe" + b"\0" * 15 + b"\x80", b"\xfd\0\0\0\0\1\0\0\0", b"\5hello",
    b"\x09Qz7canary",
    b"\xed\xa0\x80", b"\xc3\xa9", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xf0\x9f\x98\x80", b"\0\0\xc0\x7f",
    b"\0\0\0\0\0\0\xf0\x7f", b"\1\0\0\0\0\0\xf0\x7f", b"\xfc\x00\xca\x9a\x3b", b"{}", RAW_ID,
)  # fmt: skip


def bare_metadata(properties: bytes = b"", time: bytes = b"\0", id: bytes = b"\0") -> bytes:
    return id + time + b"\1\1a\1\1b" + bytes([len(properties)]) + properties


_EMPTY = b"\0\0\0\0\0"
_METADATA = (
    b"",
    _EMPTY,
    b"\1" + _EMPTY,
    b"\1" + bare_metadata(b'{"n":[1]}', b"\1\xfc\0\xe2\xa7\xca", b"\1\4kind"),
    bare_metadata(b"{}", b"\1\xfd" + b"\xff" * 8, b"\1\x09Qz7canary"),
    b"\1" + bare_metadata(b'{"n":1,"n":2}', b"\1\xfd" + b"\xff" * 7 + b"\x7f"),
    bare_metadata(b"nonsense", b"\1\xfd" + b"\0" * 7 + b"\x80"),
    b"\0 what the crate ignores",
)
# The first byte: the schema; the second: Binary, Base64 of the rest, or the rest as Base64.
BINARY_MESSAGES = tuple(
    bytes([schema, way]) + value + metadata
    for schema, value in ((1, b"\x07"), (14, b"\5hello"), (31, b"\x2a\6widget\2\1a\1b\0"))
    for way, metadata in enumerate(_METADATA * 2)
) + tuple(
    bytes([31, way]) + b'{"id":"%b","content":{"a":1},"metadata":%b}' % (ID, METADATA_TEXTS[way])
    for way in range(3)
)

_PACKED_HEADERS = b"\x82\xa1a\xa1b\xa3c-t\xaatext/plain"
_BODY = b"\xc4\x03\x00\x0a\xff"
COMPACT = (
    b"\x96\x01\xa1q\xa3GET\xa6/a?b=1" + _PACKED_HEADERS + b"\xc0",
    b"\x96\x01\xa1q\xa4POST\xa1/\x80" + _BODY,
    b"\x95\x02\xa1q\xcc\xc8" + _PACKED_HEADERS + _BODY,
    b"\x95\x02\xa1q\xcd\xff\xff\x80\xc0",
    b"\x96\x03\xa1b\xa2/e\xc4\x10" + RAW_ID + b"\x01\xc4\x02{}",
    b"\x96\x04\xa1b\xc4\x10" + RAW_ID + b"\xa1e\x02\xc4\x00",
    b"\x96\x04\xa1b\xc4\x10" + RAW_ID + b"\xc0\x00\xc4\x01\x05",
    b"\x95\x05\xa1b\xc4\x10" + RAW_ID + b"\x03\xc4\x04AAAA",
    b"\x91\x06",
    b"\x91\x07",
    b"\x93\x00\xc0\xc4" + bytes([len(BARE[8])]) + BARE[8],
    b"\x93\x00\xc4\x02{}\xc4" + bytes([len(BARE[8])]) + BARE[8],
    b"\x93\x00\xc4\x0d" + b'{"source":""}' + b"\xc4\x18" + b'{"op":"Qz7canary","a":1}',
    b"\x96\x10\x01\x01\xcd\x10\x00\x00\x81\xa1k\x93\x01\xc3\xcb\x3f\xf8\0\0\0\0\0\0",
    b"\x96\x10\xce\xff\xff\xff\xff\x03\xcf\x40\0\0\0\0\0\0\0\xcf\x00\x1f\xff\xff\xff\xff\xff\xff\x80",
    b"\x94\x11\x01\x00\xc4\x05hello",
    b"\x94\x11\xcd\x01\x00\xce\0\1\0\0\xc5\x01\x00" + b"a" * 256,
    b"\x93\x12\x00\xcd\x10\x00",
    b"\x92\x13\x01",
    b"\x94\x14\x01\x02\xa4gone",
    b"\x92\x06\x01",
    b"\xdc\x00\x02\x13\x01",
)
COMPACT_WORDS = (
    b"\x80", b"\x81\xa1k", b"\x8f", b"\x90", b"\x91", b"\x9f", b"\xa0", b"\xa1k", b"\xbf", b"\xc0",
    b"\xc1", b"\xc2",
    b"\xc3", b"\xc4\0", b"\xc5\0\1x", b"\xc6\0\0\0\1x", b"\xc6\xff\xff\xff\xff", b"\xc7\0\1",
    b"\xca\x7f\xc0\0\0",
    b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xcc\x05", b"\xcd\0\x05", b"\xce\0\0\0\x05", b"\xcf" + b"\xff" * 8,
    b"\xcf\x00\x20\0\0\0\0\0\0", b"\xcf\x80" + b"\0" * 7, b"\xd0\xff", b"\xd1\x80\0", b"\xd2\x80\0\0\0",
    b"\xd3\x80" + b"\0" * 7, b"\xd4\1\1", b"\xd6\xff\0\0\0\0", b"\xd9\x01k", b"\xda\0\1k", b"\xdb\0\0\0\1k",
    b"\xdb\xff\xff\xff\xff", b"\xdc\0\1", b"\xdd\0\0\0\1", b"\xdd\xff\xff\xff\xff", b"\xde\0\1",
    b"\xdf\0\0\0\1",
    b"\xdf\xff\xff\xff\xff", b"\xe0", b"\xff", b"\xa9Qz7canary", b"\xa3\xed\xa0\x80", b"\xa2\xc3\xa9",
    b"\x82\xa1k\x01\xa1k\x02", b"\xc4\x10" + RAW_ID, b"\xc4\x02{}", HEADERS,
)  # fmt: skip
PACKED_VALUES = (
    *COMPACT,
    b"\xc0",
    b"\xa9Qz7canary",
    b"\x93\x01\xff\xd0\x80",
    b"\x82\xa1a\x92\xc2\xc3\xa1b\x81\xa1c\xcb\x40\x04\0\0\0\0\0\0",
    b"\xca\x3f\x80\0\0",
    b"\xd9\x20" + b"x" * 32,
    b"\xdf\0\0\0\1\xdb\0\0\0\1k\xdd\0\0\0\1\xc6\0\0\0\1x",
)
