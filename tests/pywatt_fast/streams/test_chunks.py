"""Chunks and acknowledgements: both forms, and what is refused."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

IDENTIFIER = "00112233-4455-6677-8899-aabbccddeeff"
TEXT = (
    b'{"stream_id":"00112233-4455-6677-8899-aabbccddeeff","sequence":0,"total_chunks":1,'
    b'"data":[104,101,108,108,111],"compressed":false,"checksum":532,"is_final":true,"stream_metadata":'
    b'{"total_size":5,"content_type":"text/plain","priority":"Normal","properties":{"a":"b"}}}'
)
BINARY = bytes.fromhex(
    "00112233445566778899aabbccddeeff00010568656c6c6f00fc86a61036010105010a746578742f706c61696e010101610162"
)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
metadata = st.tuples(
    st.integers(0, 2**64 - 1), st.none() | words, st.integers(0, 3), st.dictionaries(words, words, max_size=4)
)
chunks = st.tuples(
    st.uuids().map(str),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.binary(max_size=300),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.none() | metadata,
)


def chunk_of(core: ModuleType, fields: tuple[Any, ...]) -> Any:
    *first, last = fields
    return core.StreamChunk(*first, None if last is None else core.StreamMetadata(*last))


@given(fields=chunks)
@example(fields=("7b112233-4455-6677-8899-aabbccddeeff", 0, 1, b"x", False, 120, True, None))
def test_both_forms_come_back(core: ModuleType, fields: tuple[Any, ...]) -> None:
    chunk = chunk_of(core, fields)
    for text in (core.encode_chunk_json(chunk), core.encode_chunk_binary(chunk)):
        assert core.decode_chunk(text) == chunk


@given(fields=chunks)
def test_both_variants_write_the_same(cores: dict[str, ModuleType], fields: tuple[Any, ...]) -> None:
    for form in ("encode_chunk_json", "encode_chunk_binary"):
        assert len({getattr(core, form)(chunk_of(core, fields)) for core in cores.values()}) == 1


def test_fields_may_stand_in_any_order_among_unknown_ones(core: ModuleType) -> None:
    fields = json.loads(TEXT)
    shuffled = json.dumps({"new": [1], **dict(reversed(fields.items()))}, indent=1).encode()
    assert core.decode_chunk(shuffled) == core.decode_chunk(TEXT)


def test_metadata_may_be_missing(core: ModuleType) -> None:
    fields = json.loads(TEXT)
    del fields["stream_metadata"]
    assert core.decode_chunk(json.dumps(fields).encode()).stream_metadata is None


@pytest.mark.parametrize(
    "field", ["stream_id", "sequence", "total_chunks", "data", "compressed", "checksum", "is_final"]
)
def test_every_other_field_is_required_and_stands_once(core: ModuleType, field: str) -> None:
    fields = json.loads(TEXT)
    again = b'{"%b":%b,' % (field.encode(), json.dumps(fields[field]).encode())
    with pytest.raises(core.StreamFormatError, match=f"duplicate field `{field}`"):
        core.decode_chunk_json(again + TEXT[1:])
    del fields[field]
    with pytest.raises(core.StreamFormatError, match=f"missing field `{field}`"):
        core.decode_chunk_json(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream_id", "x"), ("stream_id", 1), ("sequence", -1), ("sequence", 2**64), ("sequence", 1.0),
        ("sequence", True), ("total_chunks", "1"), ("data", "aGk="), ("data", [256]), ("data", [True]),
        ("data", None), ("compressed", 0), ("checksum", 2**32), ("is_final", "true"), ("is_final", None),
        ("stream_metadata", []), ("stream_metadata", {}),
    ],
)  # fmt: skip
def test_nothing_is_coerced(core: ModuleType, field: str, value: object) -> None:
    text = json.dumps({**json.loads(TEXT), field: value}).encode()
    with pytest.raises(core.StreamFormatError):
        core.decode_chunk_json(text)


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("stream_id", lambda data: data[:15]),
        ("data", lambda data: data[:18] + b"\xfd" + b"\xff" * 8),
        ("data", lambda data: data[:18] + b"\x7f" + data[19:]),
        ("sequence", lambda data: data[:16] + b"\xfe" + bytes(16) + data[17:]),
        ("sequence", lambda data: data[:16] + b"\xff" + data[17:]),
        ("compressed", lambda data: data[:24] + b"\x02" + data[25:]),
        ("checksum", lambda data: data[:25] + b"\xfd" + bytes(8) + data[30:]),
        ("is_final", lambda data: data[:30] + b"\x05" + data[31:]),
        ("priority", lambda data: data[:45] + b"\x04" + data[46:]),
        ("content_type", lambda data: data.replace(b"text", b"\xff\xfe\xfd\xfc")),
        ("properties", lambda data: data[:-5] + b"\xfc\xff\xff\xff\x7f"),
        ("properties", lambda data: data[:-1]),
    ],
)
def test_broken_bincode_is_refused(core: ModuleType, problem: str, change: Callable[[bytes], bytes]) -> None:
    assert core.decode_chunk(BINARY).stream_metadata.properties == {"a": "b"}
    with pytest.raises(core.StreamFormatError, match=f"field `{problem}`") as caught:
        core.decode_chunk(change(BINARY))
    assert caught.value.offset is not None


def test_integers_may_be_longer_than_needed_and_bytes_may_follow(core: ModuleType) -> None:
    longer = BINARY[:16] + b"\xfb\x00\x00" + BINARY[17:] + b"more"
    assert core.decode_chunk(longer) == core.decode_chunk(BINARY)


@given(data=st.binary(max_size=80), cut=st.integers(0, 60), text=st.sampled_from([TEXT, BINARY]))
def test_hostile_payloads_end_alike(cores: dict[str, ModuleType], data: bytes, cut: int, text: bytes) -> None:
    for payload in (data, text[:cut] + data, text[:cut] + data + text[cut + len(data) :]):
        results = set()
        for core in cores.values():
            try:
                results.add(core.encode_chunk_json(core.decode_chunk(payload)))
            except core.StreamFormatError as error:
                results.add((str(error), error.offset))
        assert len(results) == 1


def test_acknowledgements_come_back(core: ModuleType) -> None:
    for error in (None, "why"):
        ack = core.StreamAck(IDENTIFIER.upper(), 2**64 - 1, error is None, error)
        assert core.decode_ack(core.encode_ack(ack)) == ack
    assert (
        core.decode_ack(b'{"stream_id":"%b","sequence":0,"success":true}' % IDENTIFIER.encode()).error is None
    )


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"1", b'{"stream_id":"x"}', b"\xff", b'{"a":}'])
def test_what_is_not_an_acknowledgement_is_refused(core: ModuleType, text: bytes) -> None:
    with pytest.raises(core.StreamFormatError):
        core.decode_ack(text)


@pytest.mark.parametrize(
    "action",
    [
        lambda core: core.StreamChunk("x", 0, 1, b"", False, 0, True),
        lambda core: core.StreamChunk(IDENTIFIER, -1, 1, b"", False, 0, True),
        lambda core: core.StreamChunk(IDENTIFIER, 0, 2**64, b"", False, 0, True),
        lambda core: core.StreamChunk(IDENTIFIER, 0, 1, bytearray(), False, 0, True),
        lambda core: core.StreamChunk(IDENTIFIER, 0, 1, b"", 0, 0, True),
        lambda core: core.StreamChunk(IDENTIFIER, 0, 1, b"", False, 2**32, True),
        lambda core: core.StreamChunk(IDENTIFIER, 0, 1, b"", False, 0, None),
        lambda core: core.StreamMetadata(-1),
        lambda core: core.StreamMetadata("1"),
        lambda core: core.StreamMetadata(1, 5),
        lambda core: core.StreamMetadata(1, None, 4),
        lambda core: core.StreamMetadata(1, None, 1, []),
        lambda core: core.StreamAck(IDENTIFIER, 0, 1),
        lambda core: core.StreamAck(IDENTIFIER, 0, True, b""),
        lambda core: core.StreamAck("", 0, True),
        lambda core: core.encode_ack(core.StreamAck(IDENTIFIER, 0, False, "\ud800")),
        lambda core: core.decode_chunk("{}"),
        lambda core: core.decode_chunk_binary(bytearray(50)),
        lambda core: core.decode_ack(None),
        lambda core: core.crc32("x"),
        lambda core: core.additive_sum(bytearray()),
        lambda core: core.compress_chunk("x", 1),
        lambda core: core.decompress_chunk(b"x", 1.0),
        lambda core: core.StreamConfig("1"),
        lambda core: core.StreamConfig(1, 16, "1"),
        lambda core: core.StreamConfig(1, 16, float("nan")),
        lambda core: core.StreamConfig(2**32, 16),
        lambda core: core.StreamConfig(2**32 - 1, 2**32 - 1),
        lambda core: core.PubSubMessage("t", "x"),
        lambda core: core.PubSubMessage("t", b"x", 9),
        lambda core: core.PubSubMessage("t", b"x", 1, -1.0).to_json(),
        lambda core: core.PubSubMessage("t", b"x", 1, "1").to_json(),
        lambda core: core.PubSubMessage("t", b"x", 1, None, None, {"a": 1}).to_json(),
        lambda core: core.StreamOpen(1, 1, 1, 0, None),
        lambda core: core.StreamData(1, 0, bytearray()),
        lambda core: core.StreamData("1", 0, b""),
        lambda core: core.StreamCredit(1, 1.0),
        lambda core: core.StreamEnd(None),
        lambda core: core.StreamReset(1, 1, b""),
        lambda core: core.StreamLimits("1"),
        lambda core: core.StreamLimits(10, 19),
        lambda core: core.StreamLimits(10, 20, 20, 1),
        lambda core: core.StreamLimits(2**70),
        lambda core: core.StreamMultiplexer(1),
        lambda core: core.StreamMultiplexer(True, 5),
        lambda core: core.StreamMultiplexer(True).receive(None),
        lambda core: core.StreamMultiplexer(True).open([]),
        lambda core: core.StreamMultiplexer(True).open({}, 4),
        lambda core: core.StreamMultiplexer(True).open({}, -(2**70)),
        lambda core: core.StreamMultiplexer(True).open({}, 1, 1),
        lambda core: core.StreamMultiplexer(True).open({}, 1, 2**63),
        lambda core: core.StreamMultiplexer(True).open({}, 1, None, -1),
        lambda core: core.StreamMultiplexer(True).open({"a": 2**64}),
        lambda core: core.StreamMultiplexer(True).open({"a": "\ud800"}),
        lambda core: core.StreamMultiplexer(True).open({1: "a"}),
        lambda core: core.StreamMultiplexer(True).open({"a": {1}}),
        lambda core: core.StreamMultiplexer(True).send("1", b""),
        lambda core: core.StreamMultiplexer(True).send(2**70, b"x"),
        lambda core: core.StreamMultiplexer(True).consume(-(2**70), 1),
        lambda core: core.StreamMultiplexer(True).frames_to_send("1"),
        lambda core: core.StreamMultiplexer(True).state(None),
        lambda core: core.TransferSender(IDENTIFIER, "x", core.StreamConfig()),
        lambda core: core.TransferSender("x", b"x", core.StreamConfig()),
        lambda core: core.TransferSender(IDENTIFIER, b"x", core.StreamConfig(1, 1)),
        lambda core: core.TransferSender(IDENTIFIER, b"x", core.StreamConfig(), core.StreamMetadata(2)),
        lambda core: core.TransferSender(IDENTIFIER, b"x", None),
        lambda core: core.TransferSender(IDENTIFIER, b"x", core.StreamConfig()).next_chunks("1"),
        lambda core: core.TransferSender(IDENTIFIER, b"x", core.StreamConfig()).resume(2**70),
        lambda core: core.TransferReceiver(IDENTIFIER, core.StreamConfig(), -1),
        lambda core: core.TransferReceiver(IDENTIFIER, core.StreamConfig(), 2**64),
        lambda core: core.TransferReceiver(IDENTIFIER, core.StreamConfig()).receive("x"),
        lambda core: core.TransferReceiver(IDENTIFIER, core.StreamConfig()).receive_chunk(None),
    ],
)
def test_wrong_arguments_are_refused_in_the_same_words(
    cores: dict[str, ModuleType], action: Callable[[ModuleType], Any]
) -> None:
    words = set()
    for core in cores.values():
        with pytest.raises((core.StreamError, TypeError)) as caught:
            action(core)
        words.add((type(caught.value).__name__, str(caught.value)))
    assert len(words) == 1, words
