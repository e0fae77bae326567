"""What the gate measures. Public names only: how the core's files lie differs between revisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[[], object]

LIMIT = 64 * 1024 * 1024
CHUNK = 64 * 1024
IDENTIFIER = "00112233-4455-4677-8899-aabbccddeeff"
HEADERS = {"accept": "application/json", "content-type": "application/json", "host": "127.0.0.1:9900"}
SMALL = {"sku": "A1", "cents": 1250, "tags": ["new", "red"], "stock": None}
LARGE = {"items": [{**SMALL, "sku": f"A{number}"} for number in range(200)]}


def feed_frames(core: Any, size: int) -> Call:
    stream = core.encode_frame(core.CODE_BINARY, bytes(size), LIMIT) * max(1, CHUNK // (size + 5) + 1)
    chunks = [stream[start : start + CHUNK] for start in range(0, len(stream), CHUNK)]

    def call() -> int:
        decoder = core.FrameDecoder(LIMIT)
        return sum(len(decoder.feed(chunk)) for chunk in chunks)

    return call


def feed_lines(core: Any) -> Call:
    stream = (b"x" * 199 + b"\n") * 330
    chunks = [stream[start : start + CHUNK] for start in range(0, len(stream), CHUNK)]

    def call() -> int:
        decoder = core.LineDecoder(LIMIT)
        return sum(len(decoder.feed(chunk)) for chunk in chunks)

    return call


def encode_frame(core: Any) -> Call:
    payload = bytes(64)
    return lambda: core.encode_frame(core.CODE_JSON, payload, LIMIT)


def encode_message(core: Any, content: object) -> Call:
    message = core.Message(content, core.MessageMetadata(None, None, "catalog"), IDENTIFIER)
    encode: Call = message.encode
    return encode


def decode_message(core: Any, content: object) -> Call:
    metadata = core.MessageMetadata(None, None, "catalog")
    data = core.Message(content, metadata, IDENTIFIER).encode().data
    return lambda: core.EncodedMessage(data).decode_full()


def request(core: Any) -> Any:
    return core.HttpRequest("q-1", "GET", "/orders?limit=20", HEADERS, None)


def response(core: Any) -> Any:
    return core.HttpResponse("q-1", 200, HEADERS, bytes(range(256)) * 16)


def write_operation(core: Any, operation: Callable[[Any], Any]) -> Call:
    value = operation(core)
    return lambda: core.write_operation_frame(value, True, LIMIT)


def read_operation(core: Any, operation: Callable[[Any], Any]) -> Call:
    text = core.write_operation_frame(operation(core), True, LIMIT)[core.HEADER_SIZE :]
    return lambda: core.read_operation(text)


def encode_byte_array(core: Any) -> Call:
    data = bytes(range(256)) * 16
    return lambda: core.encode_byte_array(data)


def decode_byte_array(core: Any) -> Call:
    text = core.encode_byte_array(bytes(range(256)) * 16)
    return lambda: core.decode_byte_array(text)


def canonical_identifier(core: Any) -> Call:
    braced = f"{{{IDENTIFIER.upper()}}}"
    return lambda: core.canonical_identifier(braced)


SUBJECTS: dict[str, Callable[[Any], Call]] = {
    "split frames of 64 B": lambda core: feed_frames(core, 64),
    "split frames of 4 KiB": lambda core: feed_frames(core, 4096),
    "split frames of 64 KiB": lambda core: feed_frames(core, 65536),
    "split lines of 200 B": feed_lines,
    "encode a frame of 64 B": encode_frame,
    "encode a small message": lambda core: encode_message(core, SMALL),
    "encode a large message": lambda core: encode_message(core, LARGE),
    "decode a small message": lambda core: decode_message(core, SMALL),
    "decode a large message": lambda core: decode_message(core, LARGE),
    "write a request": lambda core: write_operation(core, request),
    "read a request": lambda core: read_operation(core, request),
    "write a 4 KiB response": lambda core: write_operation(core, response),
    "read a 4 KiB response": lambda core: read_operation(core, response),
    "encode a byte array of 4 KiB": encode_byte_array,
    "decode a byte array of 4 KiB": decode_byte_array,
    "make an identifier": lambda core: core.new_identifier,
    "normalise an identifier": canonical_identifier,
}


def prepare(core: Any) -> dict[str, Call]:
    """Every subject that this core has, called once."""
    calls = {}
    for name, build in SUBJECTS.items():
        try:
            calls[name] = build(core)
            calls[name]()
        except (AttributeError, TypeError):
            continue  # this core has no such name, or calls it otherwise
    return calls
