"""The compact layout: the same operations as JSON carries, refusals alike, and memory that no peer drives."""

import struct
import tracemalloc
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

msgpack = pytest.importorskip("msgpack")

IDENTIFIER = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
RAW = bytes.fromhex(IDENTIFIER.replace("-", ""))
LIMIT = 1 << 20
HEADER = 5

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
headers = st.dictionaries(texts, texts, max_size=18)
bodies = st.none() | st.binary(max_size=300)
numbers = st.integers(0, 2**53 - 1)
identifiers = st.uuids().map(str)
formats = st.sampled_from(["Json", "Binary", "Base64", "Auto"])
payloads = st.tuples(st.binary(max_size=300), formats)

# What an operation is made of, apart from the core that makes it.
hot = st.one_of(
    st.tuples(st.just("HttpRequest"), texts, texts, texts, headers, bodies),
    st.tuples(st.just("HttpResponse"), texts, st.integers(0, 65535), headers, bodies),
    st.tuples(st.just("RouteToModule"), texts, texts, identifiers, payloads),
    st.tuples(st.just("RoutedModuleMessage"), texts, identifiers, payloads, st.none() | texts),
    st.tuples(st.just("RoutedModuleResponse"), texts, identifiers, payloads),
    st.tuples(st.just("Heartbeat")),
    st.tuples(st.just("HeartbeatAck")),
)
streams = st.one_of(
    st.tuples(
        st.just("StreamOpen"), numbers, numbers, numbers, numbers, st.dictionaries(texts, st.lists(texts))
    ),
    st.tuples(st.just("StreamData"), numbers, numbers, st.binary(max_size=5000)),
    st.tuples(st.just("StreamCredit"), numbers, numbers),
    st.tuples(st.just("StreamEnd"), numbers),
    st.tuples(st.just("StreamReset"), numbers, numbers, texts),
)


def built(core: ModuleType, parts: tuple[Any, ...]) -> Any:
    fields = [
        core.EncodedMessage(part[0], core.EncodingFormat(part[1])) if isinstance(part, tuple) else part
        for part in parts[1:]
    ]
    return getattr(core, parts[0])(*fields)


def outcome(core: ModuleType, payload: bytes) -> Any:
    """What reading gives, comparable between variants: the frame written again, or the refusal."""
    try:
        found = core.read_compact(payload)
    except core.CoreError as error:
        return type(error).__name__, str(error), error.offset, error.limit
    return type(found).__name__, core.write_compact_frame(found, LIMIT)


@given(parts=hot)
def test_the_compact_form_carries_what_the_json_form_carries(
    core: ModuleType, parts: tuple[Any, ...]
) -> None:
    operation = built(core, parts)
    compact = core.read_compact(core.write_compact_frame(operation, LIMIT)[HEADER:])
    assert compact == core.read_operation(core.write_operation(operation, False)) == operation


@given(parts=hot | streams)
def test_both_variants_write_the_same_bytes_in_the_shortest_form(
    cores: dict[str, ModuleType], parts: tuple[Any, ...]
) -> None:
    compiled, interpreted = (
        cores[name].write_compact_frame(built(cores[name], parts), LIMIT)
        for name in ("compiled", "interpreted")
    )
    assert compiled == interpreted
    assert compiled[HEADER:] == msgpack.packb(msgpack.unpackb(compiled[HEADER:]))
    for core in cores.values():
        assert core.read_compact(compiled[HEADER:]) == built(core, parts)


@settings(max_examples=1500)
@given(
    parts=hot | streams,
    changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 3),
    added=st.sampled_from([b"", b"", b"\xc0", b"\x91", b"\x90"]),
)
def test_hostile_payloads_end_alike(
    cores: dict[str, ModuleType],
    parts: tuple[Any, ...],
    changes: list[tuple[int, int]],
    cut: int,
    added: bytes,
) -> None:
    core = cores["compiled"]
    payload = bytearray(core.write_compact_frame(built(core, parts), LIMIT)[HEADER:] + added)
    for at, byte in changes:
        payload[at % len(payload)] = byte
    data = bytes(payload[: len(payload) - cut])
    assert outcome(cores["compiled"], data) == outcome(cores["interpreted"], data)


strangers = st.sampled_from(
    [None, True, 0, 4, 65536, -1, 2**53, 2**64 - 1, 1.5, "", "x", b"", RAW, [], [["a", "b"]], {}, {"a": 1}]
)


@settings(max_examples=1000)
@given(kind=st.integers(-1, 21), fields=st.lists(strangers, max_size=7))
def test_fields_of_any_type_end_alike(cores: dict[str, ModuleType], kind: int, fields: list[Any]) -> None:
    data = msgpack.packb([kind, *fields])
    assert outcome(cores["compiled"], data) == outcome(cores["interpreted"], data)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("HttpRequest", "q", "GET", "\ud800", {}, None), "http_request: field `uri`: not valid text"),
        (
            ("HttpRequest", "q", "GET", "/", {"\ud800": ""}, None),
            "http_request: field `headers`: not valid text",
        ),
        (
            ("HttpRequest", "q", "GET", "/", {"a": 1}, None),
            "http_request: field `headers`: expected string keys and values",
        ),
        (
            ("HttpResponse", "q", 65536, {}, None),
            "http_response: field `status_code`: expected an integer from 0 to 65535",
        ),
        (
            ("RouteToModule", "b", "/e", "no", (b"", "Json")),
            "route_to_module: field `request_id`: expected a UUID",
        ),
        (
            ("RoutedModuleMessage", "b", "no", (b"", "Json"), None),
            "routed_module_message: field `original_request_id`: expected a UUID",
        ),
        (("StreamEnd", -1), "stream_end: field `stream_id`: expected an integer from 0 to 2^53-1"),
        (
            ("StreamData", 1, 2**70, b""),
            "stream_data: field `sequence`: expected an integer from 0 to 2^53-1",
        ),
        (
            ("StreamOpen", 1, 2**53, 0, 0, {}),
            "stream_open: field `priority`: expected an integer from 0 to 2^53-1",
        ),
        (
            ("StreamOpen", 1, 1, 0, 0, {"a": {1}}),
            "MessagePack error: stream_open: field `metadata`: "
            "a value of a type that MessagePack does not carry here",
        ),
        (("StreamReset", 1, 1, "\ud800"), "stream_reset: field `reason`: not valid text"),
    ],
)
def test_what_cannot_be_written_is_refused_by_field(
    core: ModuleType, parts: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(
        core.MessageError if text.startswith("MessagePack") else core.OperationError
    ) as caught:
        core.write_compact_frame(built(core, parts), LIMIT)
    assert str(caught.value) == text


@pytest.mark.parametrize("size", [3, 100, 5000])
def test_the_limit_counts_the_payload(core: ModuleType, size: int) -> None:
    frame = core.StreamData(1, 1, bytes(size))
    whole = len(core.write_compact_frame(frame, LIMIT)) - HEADER
    assert len(core.write_compact_frame(frame, whole)) == whole + HEADER
    for limit, refused in ((whole - 1, whole), (size - 1, size)):
        with pytest.raises(core.FrameTooLarge) as caught:
            core.write_compact_frame(frame, limit)
        assert (caught.value.size, caught.value.limit) == (refused, limit)


def test_too_large_comes_before_every_other_refusal(core: ModuleType) -> None:
    for operation in (
        core.HttpResponse("\ud800", 70000, {}, bytes(50)),
        core.RoutedModuleResponse("b", "no", core.EncodedMessage(bytes(50))),
        core.StreamData(-1, 0, bytes(50)),
    ):
        with pytest.raises(core.FrameTooLarge):
            core.write_compact_frame(operation, 40)


@pytest.mark.parametrize(
    "payload",
    [
        b"".join(b"\xdd" + struct.pack(">I", 100_000) for _ in range(100)) + b"\xc0" * 100_000,
        b"\x9f" * 1000 + b"\xc0" * 100_000,
        b"\x96\x01\xa1q\xa1G\xa1/\xdf\xff\xff\xff\xff" + b"\xa0" * 100_000,
        b"\x94\x11\x01\x01\xc6\xff\xff\xff\xff" + b"\xa0" * 100_000,
    ],
    ids=["nested", "deep", "headers", "data"],
)
def test_a_stated_length_allocates_nothing(core: ModuleType, payload: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(core.MessagePackError):
            core.read_compact(payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * len(payload)


def test_a_boolean_is_written_as_the_number_that_it_is(core: ModuleType) -> None:
    assert core.write_compact_frame(core.HttpResponse("q", True, {}, None), LIMIT)[HEADER:].hex() == (
        "9502a1710180c0"
    )
