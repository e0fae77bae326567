"""Deep and long inputs: too large to be stored, so they are made."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from seeds import ID


def deep(
    opening: bytes, closing: bytes, inner: bytes = b"1", before: bytes = b"", after: bytes = b""
) -> list[bytes]:
    depths = (127, 128, 200, 255, 1000, 1023, 1024, 1025, 5000, 100_000)
    whole = [before + opening * depth + inner + closing * depth + after for depth in depths]
    return [
        *whole,
        before + opening * 1000,
        before + opening * 100_000,
        before + b"1" + closing * 100_000 + after,
    ]


def json_bombs() -> list[bytes]:
    return [
        *deep(b"[", b"]"),
        *deep(b"[", b"]", b"-0"),
        *deep(b"[", b"]", b'"a-0 "'),
        *deep(b'{"":', b"}"),
        *deep(b'[{"a":', b"}]", b"-0"),
        b"[" + b"[]," * 4_000 + b"[]]",
        b"[" + b"{}," * 4_000 + b"{}]",
        b"[" + b'{"":0},' * 2_000 + b"0]",
        b"{" + b",".join(b'"%d":0' % at for at in range(2_000)) + b"}",
        b"{" + b'"":0,' * 2_000 + b'"":0}',
        b"[" + b"0," * 6_000 + b"0]",
        b"[" + b"0.5," * 4_000 + b"-0]",
        b'"' + b"\\u0061" * 4_000 + b'"',
        b'"' + b"a" * 100_000,
        b'"' + b"\\" * 100_001,
        '"😀{}"'.format("a" * 100_000).encode(),
        b"9" * 5000,
        b"-" + b"9" * 100_000,
        b"0." + b"1" * 100_000,
        b"1e" + b"9" * 5000,
        b"1" + b"0" * 308,
        b"1" + b"0" * 309,
        b"0" * 100_000,
        b" " * 100_000 + b"1",
        b'"x' * 6_000,
        b"\n" * 6_000 + b"x",
    ]


def message_bombs() -> list[bytes]:
    before, after = b'{"id":"%b","content":' % ID, b',"metadata":{}}'
    metadata = b'{"id":"%b","content":1,"metadata":{"properties":' % ID
    return [
        *deep(b"[", b"]", before=before, after=after),
        *deep(b'{"a":', b"}", b"-0", before=before, after=after),
        *deep(b"[", b"]", before=b'{"content":', after=b',"id":"%b"}' % ID),
        *deep(b'{"a":', b"}", before=metadata, after=b"}}"),
        *deep(b"[", b"]", before=metadata + b'{"a":', after=b"}}}"),
        before + b"1" + b',"metadata":{}' * 1000 + b"}",
        before + b"1" + b',"metadata":{' * 1000 + b"}" * 1001,
        before + b'"' + b'\\",\\"metadata\\":{' * 1000 + b'"' + after,
        before + b"9" * 5000 + after,
        metadata + b"{" + b'"k":0,' * 2_000 + b'"k":0}}}',
        b"{" + b'"x":{},' * 2_000 + b'"id":"%b","content":1}' % ID,
        b'{"id":"%b","content":1,"metadata":{"timestamp":%b}}' % (ID, b"9" * 5000),
    ]


def operation_bombs() -> list[bytes]:
    before, after = (
        b'{"op":"http_request","request_id":"q","method":"GET","uri":"/","headers":',
        b',"body":null}',
    )
    inside = b'{"id":"%b","content":' % ID
    return [
        *json_bombs(),
        *message_bombs(),
        *deep(b"[", b"]", before=before, after=after),
        *deep(b"[", b"]", before=b'{"op":"x","a":', after=b"}"),
        *deep(b"[", b"]", before=inside + b'{"op":"x","a":', after=b'},"metadata":{}}'),
        *deep(b'{"payload":', b"}", before=b'{"op":"route_to_module","payload":', after=b"}"),
        *deep(b"[", b"]", before=before + b'{},"body":', after=b"}"),
        before + b'{},"body":[' + b"0," * 100_000 + b"0]}",
        before + b'{},"body":[' + b"0," * 100_000 + b"256]}",
        before + b'{},"body":[' * 2_000,
        before + b"{" + b'"k":"v",' * 2_000 + b'"k":"v"},"body":null}',
    ]


def array_bombs() -> list[bytes]:
    return [b"[" + b"0," * 100_000 + b"0]", b"[" + b"255, " * 6_000 + b"0]", *json_bombs()]


def chosen(first: bytes, bombs: Callable[[], list[bytes]]) -> Callable[[], list[bytes]]:
    """Bombs behind each of the bytes that choose a way to read them."""
    return lambda: [bytes([byte]) + bomb for byte in first for bomb in bombs()]


def frame_bombs() -> list[bytes]:
    return [
        *(
            bytes([limit, cut, 0, 0]) + b"\xff\xff\xff\xff\x01" + b"a" * 100
            for limit in (10, 11)
            for cut in (0, 1, 7)
        ),
        b"\x0b\x01\x01\x01" + b"\x7f\xff\xff\xff\x01" + b"a" * 60,
        b"\x07\0\0\0" + b"\0\0\0\0\x01" * 4_000,
        b"\x07\0\0\0" + b"\0\0\0\x01\x02x" * 4_000,
        b"\x07\0\0\0" + b"\0\0\0\x02\x03xy" * 4_000,
        b"\x07\0\0\0" + b"\0\0\0\x01\x09x" * 4_000,
    ]


def line_bombs() -> list[bytes]:
    return [
        b"\x07\0\0\0" + b"\n" * 100_000,
        b"\x07\0\0\0" + b"ab\n" * 4_000,
        b"\x07\0\0\0" + b"ab\r\n" * 4_000,
        b"\x00\0\0\0" + b"a\n" * 4_000,
        b"\x07\x01\x01\x01" + b"a" * 100_000,
    ]


def base64_bombs() -> list[bytes]:
    return [b"A" * 100_000, b"=" * 100_000, b"AAA=" * 4_000, b"\n" * 100_000, b"A" * 100_001]


def identifier_bombs() -> list[bytes]:
    return [b"{" * 100_000, b"urn:uuid:" * 2_000, b"a" * 100_000, b"{" + b"-" * 6_000 + b"}"]


def in_base64(bombs: Callable[[], list[bytes]]) -> Callable[[], list[bytes]]:
    return lambda: [b64encode(bomb) for bomb in bombs()]
