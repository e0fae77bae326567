"""What is fuzzed. A new decoder is one more entry in TARGETS, and a folder of inputs in corpus/."""

from __future__ import annotations

from base64 import b64encode
from binascii import b2a_base64
from types import ModuleType
from typing import Any

from binary_targets import BINARY_TARGETS
from bombs import (
    array_bombs,
    base64_bombs,
    chosen,
    frame_bombs,
    identifier_bombs,
    in_base64,
    json_bombs,
    line_bombs,
    message_bombs,
    operation_bombs,
)
from checks import (
    as_plain_json_says,
    gathered_alike,
    nested_once,
    no_known_field_twice,
    opened_alike,
    operation_once,
)
from fuzz_target import LIMITS, Target, attempt, behind, chunks
from routing_targets import ROUTING_TARGETS
from seeds import (
    BASE64,
    FRAME_STREAMS,
    FRAME_WORDS,
    IDENTIFIERS,
    JSON_WORDS,
    LINE_STREAMS,
    MESSAGE_WORDS,
    MESSAGES,
    NESTED,
    OPERATION_WORDS,
    OPERATIONS,
    VALUES,
    WRITTEN,
)
from stream_targets import STREAM_TARGETS

# --- streams: the first bytes of an input choose the limit and the chunks


def _frames(core: ModuleType, data: bytes) -> Any:
    if len(data) < 4:
        data += bytes(4)
    decoder = core.FrameDecoder(LIMITS[data[0] % len(LIMITS)], data[0] < 128)
    found: list[Any] = []
    for chunk in chunks(data[1:4], data[4:]):
        try:
            found += decoder.feed(chunk)
        except core.CoreError as error:
            again = attempt(decoder.feed, b"\0")
            return found, error, str(again), decoder.unfinished, decoder.skipped
    return found, decoder.unfinished, decoder.skipped


def _spans(core: ModuleType, data: bytes) -> Any:
    """The spans of a stream, the frames put together from them, and those of the other decoder."""
    if len(data) < 4:
        data += bytes(4)
    sink = core.SpanList()
    limit, skip = LIMITS[data[0] % len(LIMITS)], data[0] < 128
    decoder = core.SpanDecoder(sink, limit, skip)
    other = core.FrameDecoder(limit, skip)
    if data[0] % 5 == 0:
        decoder.accept_message_pack()
        other.accept_message_pack()
    spans: list[Any] = []
    gathered: list[Any] = []
    frames: list[Any] = []
    part = b""
    for chunk in chunks(data[1:4], data[4:]):
        refusal = attempt(decoder.feed, chunk)
        for code, held, start, end, missing in sink.take():
            spans.append((code, held is chunk, start, end, missing))
            part += held[start:end]
            if missing == 0:
                gathered.append((code, part))
                part = b""
        try:
            frames += other.feed(chunk)
            other_refusal = None
        except core.CoreError as error:
            frames += error.frames
            other_refusal = error
        if refusal is not None or other_refusal is not None:
            again = attempt(decoder.feed, b"\0")
            return spans, gathered, frames, refusal, other_refusal, again is refusal
    return spans, gathered, frames, decoder.unfinished, decoder.statistics(), other.statistics()


def _lines(core: ModuleType, data: bytes) -> Any:
    if len(data) < 4:
        data += bytes(4)
    decoder = core.LineDecoder(LIMITS[data[0] % 8])
    found: list[Any] = []
    for at, chunk in enumerate(chunks(data[1:4], data[4:])):
        if at == 3:
            decoder.set_limit(LIMITS[data[0] // 8 % 8])
        found += decoder.feed(chunk)
    return found, decoder.unfinished, decoder.skipped


# --- JSON


def _json(core: ModuleType, data: bytes) -> Any:
    return attempt(core.decode_json, data)


def _json_of_text(core: ModuleType, data: bytes) -> Any:
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "ignore")
    return attempt(core.decode_json, text)


def _json_written_again(core: ModuleType, data: bytes) -> Any:
    value = attempt(core.decode_json, data)
    if isinstance(value, Exception):
        return value
    return (
        attempt(core.encode_json, value),
        attempt(core.encode_json_sorted, value),
        attempt(core.encode_json_pretty, value),
    )


def _byte_array(core: ModuleType, data: bytes) -> Any:
    return attempt(core.decode_byte_array, data)


def _base64(core: ModuleType, data: bytes) -> Any:
    encoded = core.EncodedMessage(data, core.EncodingFormat.BASE64)
    return attempt(encoded.to_format, core.EncodingFormat.BINARY)


def _identifier(core: ModuleType, data: bytes) -> Any:
    return attempt(core.canonical_identifier, data.decode("utf-8", "surrogateescape"))


# --- messages


def _message(core: ModuleType, data: bytes) -> Any:
    message = core.EncodedMessage(data)
    return attempt(message.decode), attempt(message.decode_full), attempt(message.peek_metadata)


def _opened(core: ModuleType, data: bytes) -> Any:
    """An opened message part by part, and the same read whole."""
    message = core.EncodedMessage(data)
    destination = attempt(message.peek_destination)
    opened = attempt(message.open)
    full = attempt(message.decode_full)
    if isinstance(opened, Exception):
        return opened, destination, full
    names = ("source", "destination", "id", "content", "metadata", "content_text", "metadata_text")
    return *(attempt(getattr, opened, name) for name in names), destination, full


def _message_kind(core: ModuleType, data: bytes) -> Any:
    return attempt(core.EncodedMessage(data).peek_kind)


def _message_in_format(core: ModuleType, data: bytes) -> Any:
    formats = list(core.EncodingFormat)
    message = core.EncodedMessage(data[1:], formats[(data[0] if data else 0) % 4])
    return (
        attempt(message.decode),
        attempt(message.decode_full),
        attempt(message.peek_kind),
        attempt(message.peek_metadata),
        attempt(message.to_string),
    )


def _message_read_from(core: ModuleType, data: bytes) -> Any:
    return attempt(core.EncodedMessage.read_from, _Reader(data[1:]), LIMITS[(data[0] if data else 0) % 12])


class _Reader:
    """A blocking reader over bytes; io.BytesIO would allocate what is asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def read(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        self.at += len(part)
        return part


def _nested(core: ModuleType, data: bytes) -> Any:
    return attempt(core.EncodedMessage.from_json, data)


def _conversion(core: ModuleType, data: bytes) -> Any:
    formats = list(core.EncodingFormat)
    chosen = data[0] if data else 0
    message = core.EncodedMessage(data[1:], formats[chosen % 4])
    return attempt(message.to_format, formats[chosen // 4 % 4])


# --- operations


def _operation(core: ModuleType, data: bytes) -> Any:
    """Under the code that the length chooses; code 3 gets the input in base64."""
    code = 1 + len(data) % 3
    return attempt(core.read_operation, b2a_base64(data, newline=False) if code == 3 else data, code)


def _operation_in_base64(core: ModuleType, data: bytes) -> Any:
    return attempt(core.read_operation, data, 3)


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("frames", _frames, FRAME_STREAMS, FRAME_WORDS, bombs=frame_bombs, passes=2),
        Target(
            "spans",
            _spans,
            FRAME_STREAMS,
            FRAME_WORDS,
            passes=2,
            check=gathered_alike,
            bombs=frame_bombs,
        ),
        Target("lines", _lines, LINE_STREAMS, (b"\n", b"\r\n", b"\r", b"\n\n"), bombs=line_bombs, passes=2),
        Target("json", _json, VALUES, JSON_WORDS, True, check=as_plain_json_says, bombs=json_bombs),
        Target("json_of_text", _json_of_text, VALUES, JSON_WORDS, True, bombs=json_bombs),
        Target(
            "json_written_again", _json_written_again, VALUES, JSON_WORDS, True, bombs=json_bombs, passes=20
        ),
        Target(
            "byte_arrays",
            _byte_array,
            (b"[]", b"[0,10,255]", b"[ 1 , 2 ]", b"[1,[2]]"),
            JSON_WORDS,
            True,
            bombs=array_bombs,
        ),
        Target("base64", _base64, BASE64, (b"=", b"==", b"A", b"\n", b"-", b"_", b"+/"), bombs=base64_bombs),
        Target(
            "identifiers",
            _identifier,
            IDENTIFIERS,
            (b"-", b"{", b"}", b"urn:uuid:", b"\n", b"\xed\xb2\x80", "\uff10".encode()),
            bombs=identifier_bombs,
        ),
        Target(
            "messages",
            _message,
            MESSAGES,
            JSON_WORDS + MESSAGE_WORDS,
            True,
            3,
            no_known_field_twice,
            message_bombs,
        ),
        Target(
            "opened_messages",
            _opened,
            MESSAGES,
            JSON_WORDS + MESSAGE_WORDS,
            True,
            5,
            opened_alike,
            message_bombs,
        ),
        Target(
            "message_kinds",
            _message_kind,
            MESSAGES + VALUES,
            JSON_WORDS + MESSAGE_WORDS,
            True,
            2,
            bombs=message_bombs,
        ),
        Target(
            "messages_by_format",
            _message_in_format,
            behind(b"\0\1\2\3", WRITTEN),
            JSON_WORDS + MESSAGE_WORDS,
            passes=5,
            bombs=chosen(b"\0\1\2", message_bombs),
        ),
        Target(
            "message_frames",
            _message_read_from,
            behind(b"\3\7\13", tuple(stream[4:] for stream in FRAME_STREAMS)),
            FRAME_WORDS,
            passes=2,
        ),
        Target(
            "nested_messages",
            _nested,
            NESTED,
            (*JSON_WORDS, b'"data":[1],', b'"data" :[1],', b'"format":"Json",', b'"format" :"Auto",'),
            True,
            2,
            nested_once,
            array_bombs,
        ),
        Target(
            "conversions",
            _conversion,
            behind(b"\0\1\2\4\5\6\x08\x09\x0a", WRITTEN),
            JSON_WORDS + BASE64[:4],
            passes=2,
            bombs=chosen(b"\1\2\x08", json_bombs),
        ),
        Target(
            "operations",
            _operation,
            OPERATIONS,
            JSON_WORDS + OPERATION_WORDS,
            True,
            4,
            operation_once,
            operation_bombs,
        ),
        Target(
            "operations_in_base64",
            _operation_in_base64,
            tuple(map(b64encode, OPERATIONS)),
            (b"=", b"==", b"eyJv", b"\n"),
            False,
            4,
            None,
            in_base64(message_bombs),
        ),
        *BINARY_TARGETS,
        *STREAM_TARGETS,
        *ROUTING_TARGETS,
    )
}
