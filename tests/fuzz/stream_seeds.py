"""Valid inputs for what streams exchange, the words that are spliced into them, and large ones."""

from __future__ import annotations

import zlib

from binary_seeds import COMPACT, RAW_ID
from seeds import ID

_METADATA = b'{"total_size":5,"content_type":"text/plain","priority":"High","properties":{"k":"Qz7canary"}}'
JSON_CHUNKS = (
    b'{"stream_id":"%b","sequence":0,"total_chunks":1,"data":[104,101,108,108,111],"compressed":false,'
    b'"checksum":532,"is_final":true,"stream_metadata":%b}' % (ID, _METADATA),
    b'{"stream_id":"%b","sequence":1,"total_chunks":18446744073709551615,"data":[],"compressed":true,'
    b'"checksum":4294967295,"is_final":false,"stream_metadata":null}' % ID,
    b'{ "is_final" : true , "checksum" : 0 , "compressed" : false , "data" : [ 1 , 2 ] , "total_chunks" : 2 ,'
    b' "sequence" : 1 , "stream_id" : "urn:uuid:%b" , "more" : [{}] }' % ID.upper(),
    b'{"stream_id":"{%b}","sequence":0,"total_chunks":0,"data":[255],"compressed":false,"checksum":255,'
    b'"is_final":false,"stream_metadata":{"total_size":0,"priority":"Low","properties":{}}}' % ID,
)
CHUNK_WORDS = (
    b'"sequence":0,', b'"data":[1],', b'"data" :[0,256],', b'"stream_metadata":null', b'"is_final":true',
    b'"compressed":1,', b'"checksum":4294967296,', b'"priority":"Critical",', b'"priority":"critical",',
    b'"total_size":18446744073709551616,', b'"properties":{"a":1},', b'"content_type":null,',
)  # fmt: skip
BINARY_CHUNKS = (
    RAW_ID + b"\0\1\5hello\0\xfb\x14\2\1\0",
    RAW_ID + b"\0\2\2hi\0\xd1\0\1\5\1\x0atext/plain\2\1\1k\x09Qz7canary",
    RAW_ID + b"\xfb\0\1\xfc\0\0\1\0\0\0\xfc\xff\xff\xff\xff\0\0",
    RAW_ID
    + b"\xfd"
    + b"\xff" * 8
    + b"\xfd"
    + b"\xff" * 8
    + b"\xfb\0\1"
    + b"a" * 256
    + b"\1\xfb\0\x61\1\0 more",
    b"{" + RAW_ID[1:] + b"\0\1\1a\0\x61\1\0",
    RAW_ID + b"\1\2\3abc\0\xfc\xc2\x41\x24\x35\1\1\xfd\0\0\0\0\1\0\0\0\0\3\0",
)
ACKNOWLEDGEMENTS = (
    b'{"stream_id":"%b","sequence":0,"success":true,"error":null}' % ID,
    b'{"stream_id":"%b","sequence":7,"success":false,"error":"Checksum mismatch"}' % ID,
    b'{ "success" : false , "more" : {} , "sequence" : 18446744073709551615 , "stream_id" : "{%b}" }' % ID,
    b'{"stream_id":"%b","sequence":1,"success":false,"error":"\\ud83d\\ude00 Qz7canary"}' % ID.upper(),
)
PUBLICATIONS = (
    b'{"topic":"t","payload":[1,2],"priority":"Normal","ttl":null,"publisher":null,"metadata":{}}',
    b'{"topic":"a.b","payload":[],"priority":"Critical","ttl":{"secs":5,"nanos":500000000},"publisher":"p",'
    b'"metadata":{"k":"v"}}',
    b'{ "metadata" : {} , "payload" : [ 255 ] , "topic" : "Qz7canary" , "priority" : "Low" }',
    b'{"topic":"","payload":[0],"priority":"High","ttl":{"secs":18446744073709551615,"nanos":4294967295},'
    b'"publisher":"\\u0000","metadata":{"a":"b","c":"d"}}',
)
CONFIGURATIONS = (
    b'{"max_chunk_size":65536,"window_size":10,"ack_timeout":{"secs":30,"nanos":0},"max_retries":3,'
    b'"preserve_order":true,"enable_compression":true,"compression_threshold":1024}',
    b'{"max_chunk_size":1,"window_size":4294967295,"ack_timeout":{"secs":0,"nanos":1},"max_retries":0,'
    b'"preserve_order":false,"enable_compression":false,"compression_threshold":18446744073709551615}',
    b'{ "more" : 1 , "compression_threshold" : 0 , "enable_compression" : false , "preserve_order" : false ,'
    b' "max_retries" : 4294967295 , "ack_timeout" : { "nanos" : 4294967295 , "secs" : 18446744073709551615 }'
    b' , "window_size" : 4294967295 , "max_chunk_size" : 4294967295 }',
)
SETTING_WORDS = (
    b'{"secs":1,"nanos":0}', b'"secs":18446744073709551615', b'"nanos":4294967296', b'"nanos":-1',
    b'"ttl":null,',
    b'"window_size":0,', b'"max_chunk_size":4294967296,', b'"ack_timeout":1.5,', b'"priority":"Low",',
    b'"secs":1,', b'"topic":"x",', b'"success":0,', b'"error":1,', b"1e300", b"1e19", b"0.1",
)  # fmt: skip


def made(sequence: int, total: int, data: bytes, final: bool, metadata: bytes = b"\0") -> bytes:
    """A sound chunk in bincode."""
    checksum = b"\xfc" + zlib.crc32(data).to_bytes(4, "little")
    head = RAW_ID + bytes([sequence, total, len(data)])
    return head + data + b"\0" + checksum + bytes([final]) + metadata


# By the recipe of transfers: settings, then steps, each a byte and what it asks for.
TRANSFERS = (
    b"\0" + b"\0\0\3\2ab\0\1\3\2cd\0\2\3\1e",
    b"\1" + b"\0\2\3\1e\0\1\3\2cd\0\0\3\2ab\6\0\0\3\2ab",
    b"\2" + b"\0\1\2\2ab\1\1\2\2ab\0\1\2\2xy\2\0\2\1a\3\0\2\1a\4\0\2\1a",
    b"\3" + b"\5\0\2\x0aaaaaaaaaaa\5\1\2\x02zz\6",
    b"\4" + b"\0\5\xff\1a\0\6\xff\1b\0\7\xff\1c\0\0\xff\1d\7\0\1\xff\1x",
    b"\0" + b"".join(b"\x08" + bytes([len(chunk)]) + chunk for chunk in BINARY_CHUNKS if len(chunk) < 256),
    b"\1"
    + b"".join(b"\x08" + bytes([len(c)]) + c for c in (made(1, 2, b"b", True), made(0, 2, b"a", False))),
    b"\2" + b"\x09\0\2\1a\5" + b"\x09\0\2\1a\2\0\1\2\1b",
    b"\3" + b"\x0a\0\2\1a\x0b\1\2\1a\x0c\1\2\1a",
)
TRANSFER_WORDS = (
    b"\6", b"\7", b"\0\0\2\1a", b"\0\1\2\1b", b"\0\1\2\0", b"\3\0\2\1a", b"\x09\0\1\1a\1", b"\5\0\1\4aaaa",
    b"\0\xff\xff\1a", b"\0\xfe\xff\1a", b"\xfc\xff\xff\xff\xff", b"\xfd" + b"\xff" * 8, RAW_ID,
    b"\x08" + bytes([len(BINARY_CHUNKS[0])]) + BINARY_CHUNKS[0],
)  # fmt: skip
# By the recipe of multiplexers: the role, then steps, each a byte and what it asks for.
MULTIPLEXERS = (
    b"\0" + b"\0\1\1\x40\0" + b"\1\1\0\5hello" + b"\1\1\1\2ab" + b"\3\1" + b"\x0b\xff" + b"\x0a\1\7",
    b"\1" + b"\5\1" + b"\6\1\x09some data" + b"\x0b\xff" + b"\2\1\4" + b"\1\1\0\3abc" + b"\7\1\x0b\xff\3\1",
    b"\0" + b"\0\1\1\x40\0" * 2,
    b"\0" + b"".join(b"\0" + bytes([at]) + b"\1\x40\0" for at in range(1, 16, 2)) + b"\4\1\2\1x\x0b\xff",
    b"\1" + b"\5\0\5\1\5\2\5\3\5\0" + b"".join(b"\6" + bytes([at]) + b"\x20"
    + b"x" * 32 for at in (1, 3, 5, 7))
    + b"\x0b\x20\x0b\x20\2\0\x10\x0b\xff\x08\1\1\1r",
    b"\0" + b"\0\1\1\x40\0" + b"\x09\1\1" + b"\1\1\0\x10" + b"a" * 16 + b"\1\1\1\x10" + b"a" * 16
    + b"\x0a\1\x20\x0b\xff",
    b"\0" + b"".join(b"\x0c" + bytes([len(frame)]) + frame for frame in COMPACT[13:20] if len(frame) < 256),
    b"\2" + b"\0\1\3\xff\xff\4\1\xff\1x\3\1\1\1\0\1x\2\1\xff",
)  # fmt: skip
MULTIPLEXER_WORDS = (
    b"\0\1\1\x40\0", b"\0\2\1\x40\0", b"\1\1\0\1x", b"\1\1\1\0", b"\2\0\x10", b"\2\1\x10", b"\3\1",
    b"\4\1\0\1r",
    b"\5\1", b"\6\1\5hello", b"\7\1", b"\x08\1\0\1r", b"\x09\1\1", b"\x0a\1\5", b"\x0b\xff", b"\x0b\0",
    b"\x0c\1\x91",
    b"\x0c\4\x93\x12\1\5", b"\x0d", b"\xff",
)  # fmt: skip


def chunk_bombs() -> list[bytes]:
    begun = b'{"stream_id":"%b","sequence":0,"total_chunks":1,' % ID
    tail = b'"compressed":false,"checksum":0,"is_final":true,'
    huge = b"\xfd" + b"\xff" * 7 + b"\x7f"
    entries = b"".join(b"\4%04d\1v" % at for at in range(2_000))
    return [
        begun + b'"data":[' + b"0," * 100_000 + b"0]," + tail + b'"stream_metadata":null}',
        begun + b'"data":[' + b"255," * 4_000 + b"256]," + tail + b'"stream_metadata":null}',
        begun + b'"data":' + b"[" * 10_000,
        begun + b'"data":[],' + tail + b'"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        begun + b'"data":[],' + tail + b'"stream_metadata":' + b'{"properties":' * 1_000 + b"}" * 1_001,
        begun + b'"data":[],' * 1_000 + tail + b'"stream_metadata":null}',
        begun + b'"data":[],' + tail + b'"x":' + b"9" * 5_000 + b"}",
        b'{"sequence":' + b"9" * 5_000 + b"}",
        RAW_ID + huge * 3,
        RAW_ID + b"\0\1" + huge + b"a" * 10_000,
        RAW_ID + b"\0\1\0\0\0\1\1\0\0\0" + huge,
        RAW_ID + b"\0\1\0\0\0\1\1\0\0\0\xfb\xd0\7" + entries,
        RAW_ID + b"\0\1\0\0\0\1\1\0\0\0\xfb\x10\x27" + b"\0" * 20_000,
        RAW_ID + b"\0\1\xfc\0\x80\0\0" + b"x" * 0x8000 + b"\0\0\1\0",
    ]


def text_bombs() -> list[bytes]:
    """Objects with long, deep and repeated members."""
    return [
        b"{" + b'"x":0,' * 3_000 + b'"topic":""}',
        b'{"topic":' * 1_000,
        b'{"ttl":' + b'{"secs":' * 3_000 + b"}" * 3_001,
        b'{"error":"' + b"\\u00e9" * 3_000 + b'"}',
        b'{"metadata":{' + b",".join(b'"%d":"v"' % at for at in range(1_500)) + b"}}",
        b'{"x":' + b"[" * 1_025 + b"]" * 1_025 + b"}",
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"max_retries":' + b"9" * 5_000 + b"}",
        b'{"x":1e' + b"9" * 5_000 + b"}",
    ]


def transfer_bombs() -> list[bytes]:
    return [
        b"\4" + b"".join(bytes((0, at % 200 + 1, 0xFF, 1, 0x61)) for at in range(3_000)),
        b"\0" + b"".join(bytes((0, at % 200 + 1, 0xEF, 0)) for at in range(3_000)),
        b"\3" + b"\x0d\0\1" * 20,
        b"\2" + b"\0\0\2\1a" * 3_000,
    ]


def multiplexer_bombs() -> list[bytes]:
    opened = b"\0\1\1\x40\0"
    # Only whole frames have the numbers of so many streams; with the default limits 1024 are taken.
    many = [b"\x96\x10\xcd%b\x01\xcd\xff\xff\x00\x80" % at.to_bytes(2, "big") for at in range(1, 3_000, 2)]
    return [
        b"\0" + b"".join(bytes((0, at % 240 | 1, 1, 0x40, 0)) for at in range(3_000)),
        b"\2" + b"".join(b"\x0c" + bytes([len(frame)]) + frame for frame in many),
        b"\0" + opened + b"\1\1\0\0" * 4_000,
        b"\0" + (opened + b"\4\1\0\0") * 2_000,
        b"\1" + b"\5\1\x08\1\0\0" * 3_000,
        b"\1" + b"\5\1" + b"\6\1\x01x" * 3_000,
    ]
