"""Messages: what the vectors do not say."""

import io
import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

IDENTIFIER = "00112233-4455-4677-8899-aabbccddeeff"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
contents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(texts, contents, max_size=3)


def envelope(core: ModuleType, text: str) -> Any:
    return core.EncodedMessage(text.encode())


# --- building


def test_a_new_message_has_an_id_of_its_own_and_no_metadata(core: ModuleType) -> None:
    first, second = core.Message.new("hi"), core.Message("hi")
    assert first.id != second.id
    assert first.to_string() == f'{{"id":"{first.id}","content":"hi","metadata":{{}}}}'
    assert first.into_payload() == first.content == "hi"


def test_metadata_is_built_step_by_step(core: ModuleType) -> None:
    metadata = core.MessageMetadata().with_id("m").with_timestamp(-1).with_source("a").with_destination("b")
    assert metadata.with_property("retries", 3).with_property("by", None) is metadata
    message = core.Message.with_metadata([], metadata)
    expected = '{"id":"m","timestamp":-1,"source":"a","destination":"b","properties":{"by":null,"retries":3}}'
    assert message.to_string().endswith(f'"content":[],"metadata":{expected}}}')


def test_metadata_can_be_changed_or_replaced(core: ModuleType) -> None:
    message = core.Message(1)
    message.ensure_metadata().source = "catalog"
    assert message.metadata.source == "catalog"
    message.set_metadata(core.MessageMetadata())
    assert message.metadata == core.MessageMetadata()


@pytest.mark.parametrize("form", ["{%s}", "urn:uuid:%s", "%s"])
def test_an_id_is_taken_in_any_form(core: ModuleType, form: str) -> None:
    assert core.Message(1, None, form % IDENTIFIER.upper()).id == IDENTIFIER


def test_an_id_that_is_no_uuid_is_refused(core: ModuleType) -> None:
    with pytest.raises(core.InvalidFormat, match="the id is not a UUID"):
        core.Message(1, None, "nope")


@pytest.mark.parametrize("timestamp", [2**63, -(2**63) - 1])
def test_a_timestamp_beyond_64_bits_is_refused(core: ModuleType, timestamp: int) -> None:
    with pytest.raises(core.JsonSerializationError, match=r"metadata\.timestamp"):
        core.Message(1, core.MessageMetadata(None, timestamp)).encode()


def test_what_json_cannot_hold_is_refused_when_it_is_written(core: ModuleType) -> None:
    with pytest.raises(core.JsonSerializationError):
        core.Message({1, 2}).encode()
    with pytest.raises(core.JsonSerializationError):
        core.MessageMetadata().with_property("k", b"bytes")
    for text in ("\ud800", "ok \udfff"):
        with pytest.raises(core.JsonSerializationError):
            core.Message(1, core.MessageMetadata(None, None, text)).encode()
        with pytest.raises(core.JsonSerializationError):
            core.Message(1, core.MessageMetadata(None, None, None, None, {"k": text})).encode()


# --- reading


@given(content=contents, source=st.none() | texts, properties=st.none() | objects)
def test_a_message_survives_the_round_trip(
    core: ModuleType, content: Any, source: str | None, properties: dict[str, Any] | None
) -> None:
    message = core.Message(content, core.MessageMetadata(None, 5, source, None, properties))
    encoded = message.encode()
    assert json.loads(encoded.data)["id"] == message.id
    assert encoded.decode_full() == message
    assert encoded.decode() == content
    assert encoded.peek_metadata() == message.metadata
    assert core.Message.from_json(message.to_string_pretty()) == message
    assert core.EncodedMessage.from_json(encoded.to_json()) == encoded


@given(content=contents, properties=objects)
def test_both_variants_write_the_same_text(
    cores: dict[str, ModuleType], content: Any, properties: dict[str, Any]
) -> None:
    written = [
        core.Message(content, core.MessageMetadata("m", 0, "a", "b", properties), IDENTIFIER).to_string()
        for core in cores.values()
    ]
    assert written[0] == written[1]


def test_order_and_space_do_not_matter(core: ModuleType) -> None:
    text = f' {{ "metadata" : {{"source":"a"}} ,\n"content":[ 1 ], "id":"{IDENTIFIER.upper()}", "x": {{}} }} '
    message = envelope(core, text).decode_full()
    assert (message.id, message.content, message.metadata.source) == (IDENTIFIER, [1], "a")
    assert envelope(core, text).decode() == [1]


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"ID","content":1,"content":2,"metadata":{}}',
        '{"id":"ID","content":1,"metadata":{},"metadata":{}}',
        '{"id":"ID","id":"ID","content":1,"metadata":{}}',
        '{"id":"ID","content":1,"metadata":{},"cont\\u0065nt":2}',
        '{"id":"ID","content":1,"metadata":{"source":"a","source":"b"}}',
        '{"id":"ID","content":1,"metadata":{"source":"a","sourc\\u0065":"b"}}',
        '{"id":"ID","content":1,"metadata":{"properties":{},"properties":{}}}',
        '{"id":"ID","content":1,"metadata":{"timestamp":1,"timestamp":1}}',
    ],
)
def test_a_repeated_key_of_the_envelope_is_refused(core: ModuleType, text: str) -> None:
    encoded = envelope(core, text.replace("ID", IDENTIFIER))
    for read in (encoded.decode, encoded.decode_full):
        with pytest.raises(core.JsonSerializationError, match="duplicate field"):
            read()


def test_unknown_keys_are_ignored_even_repeated(core: ModuleType) -> None:
    text = f'{{"id":"{IDENTIFIER}","x":1,"x":2,"content":1,"metadata":{{"y":1,"y":2,"source":"a"}}}}'
    assert envelope(core, text).decode_full().metadata.source == "a"


def test_content_that_hides_the_marks_of_an_envelope(core: ModuleType) -> None:
    for content in ('","metadata":{"source":"x"}}', {"metadata": {"id": "x"}}, [{"metadata": {}}], "}}"):
        message = core.Message(content, None, IDENTIFIER)
        assert message.encode().decode_full() == message
        assert message.encode().peek_metadata() == core.MessageMetadata()


@pytest.mark.parametrize("content", ['1,"extra":2', '1,"metadata":{"source":"a"},"extra":{}'])
def test_extra_keys_after_the_content_do_not_become_content(core: ModuleType, content: str) -> None:
    text = f'{{"id":"{IDENTIFIER}","content":{content},"metadata":{{}}}}'
    if content.count("metadata"):
        with pytest.raises(core.JsonSerializationError, match="duplicate field `metadata`"):
            envelope(core, text).decode()
    else:
        assert envelope(core, text).decode() == 1


def test_what_is_no_envelope_is_returned_whole(core: ModuleType) -> None:
    for text in (
        '{"id":"not-a-uuid","content":1}',
        f'{{"id":"{IDENTIFIER}"}}',
        f'{{"id":"{IDENTIFIER}","content":1,"metadata":null}}',
        f'{{"id":"{IDENTIFIER}","content":1,"metadata":{{"source":5}}}}',
        '{"id":"a","id":"b","content":1}',
        "[1,2]",
        '"text"',
    ):
        assert envelope(core, text).decode() == json.loads(text)
        assert envelope(core, text).peek_metadata() is None
        with pytest.raises(core.JsonSerializationError):
            envelope(core, text).decode_full()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "expected a message object"),
        ('{"content":1}', "missing field `id`"),
        ('{"id":5,"content":1}', "field `id` is not a UUID"),
        ('{"id":"ID"}', "missing field `content`"),
        ('{"id":"ID","content":1,"metadata":[]}', "metadata: expected an object"),
        ('{"id":"ID","content":1,"metadata":{"timestamp":true}}', r"metadata\.timestamp: expected a signed"),
        ('{"id":"ID","content":1,"metadata":{"timestamp":1.0}}', r"metadata\.timestamp: expected a signed"),
        ('{"id":"ID","content":1,"metadata":{"timestamp":9223372036854775808}}', r"metadata\.timestamp"),
        ('{"id":"ID","content":1,"metadata":{"properties":[]}}', r"metadata\.properties: expected an object"),
        ('{"id":"ID","content":1,"metadata":{"source":1}}', r"metadata\.source: expected a string"),
    ],
)
def test_a_refusal_names_the_field(core: ModuleType, text: str, problem: str) -> None:
    with pytest.raises(core.JsonSerializationError, match=problem):
        envelope(core, text.replace("ID", IDENTIFIER)).decode_full()


def test_a_binary_label_on_json_text_is_seen_through(core: ModuleType) -> None:
    message = core.Message({"a": 1}, None, IDENTIFIER)
    json_text = message.encode()
    binary = json_text.to_format(core.EncodingFormat.BINARY)
    base64 = json_text.to_format(core.EncodingFormat.BASE64)
    assert binary.decode_full() == base64.decode_full() == message
    assert binary.decode() == base64.decode() == {"a": 1}
    with pytest.raises(core.BinaryDecodingError, match="a schema is needed"):
        core.EncodedMessage(b"\x02hi", core.EncodingFormat.BINARY).decode()


@pytest.mark.parametrize(
    "text", ["eyJhIjoxfR==", "eyJhIjoxfQ==\n", "eyJh IjoxfQ==", "eyJhIjoxfQ=", "e=yJ", "===="]
)
def test_only_canonical_base64_is_decoded(core: ModuleType, text: str) -> None:
    with pytest.raises(core.Base64DecodingError, match=r"^Base64 decoding error: "):
        core.EncodedMessage(text.encode(), core.EncodingFormat.BASE64).decode()


@given(data=st.binary(max_size=200))
def test_base64_is_exact_both_ways(core: ModuleType, data: bytes) -> None:
    binary = core.EncodedMessage(data, core.EncodingFormat.BINARY)
    base64 = binary.to_format(core.EncodingFormat.BASE64)
    assert base64.to_format(core.EncodingFormat.BINARY) == binary


def test_encode_with_format_always_gives_json(core: ModuleType) -> None:
    message = core.Message(1)
    for format in core.EncodingFormat:
        assert core.EncodedMessage.encode_with_format(message, format) == message.encode()


def test_format_names(core: ModuleType) -> None:
    assert [format.value for format in core.EncodingFormat] == ["Json", "Binary", "Base64", "Auto"]
    assert str(core.EncodingFormat.BASE64) == "base64"


# --- frames through files


def test_frames_pass_through_a_file(core: ModuleType) -> None:
    stream = io.BytesIO()
    messages = [core.Message(at).encode() for at in range(3)]
    for message in messages:
        message.write_to(stream)
    stream.seek(0)
    assert [core.EncodedMessage.read_from(stream) for _ in messages] == messages
    with pytest.raises(core.MessageIoError, match="unexpected end of file"):
        core.EncodedMessage.read_from(stream)


def test_a_length_above_the_limit_is_refused_before_it_is_read(core: ModuleType) -> None:
    stream = io.BytesIO(b"\x00\x00\x10\x00\x01" + bytes(4096))
    with pytest.raises(core.FrameTooLarge, match="frame of 4096 bytes exceeds the limit of 4095 bytes"):
        core.EncodedMessage.read_from(stream, 4095)
    assert stream.tell() == 5


def test_a_hostile_length_allocates_nothing(core: ModuleType) -> None:
    with pytest.raises(core.MessageIoError):
        core.EncodedMessage.read_from(io.BytesIO(b"\xff\xff\xff\xff\x01"), 2**32 - 1)
