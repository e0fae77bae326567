"""Messages in bincode: which form is written, and what the reader makes of each form and of neither."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SCHEMA = {"struct": [["name", "str"], ["value", "i32"]]}
CONTENT = {"name": "test", "value": 42}
CONTENT_BYTES = bytes.fromhex("047465737454")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
properties = st.dictionaries(
    texts, st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts, max_size=3
)
fields = st.tuples(
    st.none() | texts,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | texts,
    st.none() | texts,
    st.none() | properties,
)


def binary(core: ModuleType, rest: str) -> Any:
    return core.EncodedMessage(CONTENT_BYTES + bytes.fromhex(rest), core.EncodingFormat.BINARY)


@given(fields=fields)
def test_the_default_form_comes_back_whole_under_a_fresh_id(
    core: ModuleType, fields: tuple[Any, ...]
) -> None:
    message = core.Message(CONTENT, core.MessageMetadata(*fields))
    schema = core.bincode.Schema(SCHEMA)
    for encoded in (
        core.EncodedMessage.from_message_binary(message, schema),
        core.EncodedMessage.from_message_base64(message, schema),
    ):
        read = encoded.decode_full(schema)
        assert (read.content, read.metadata) == (message.content, message.metadata)
        assert read.id not in (message.id, encoded.decode_full(schema).id)
        assert encoded.decode(schema) == CONTENT
        assert encoded.peek_kind(schema) == ("Unknown" if fields[0] is None else fields[0])
        assert encoded.peek_kind() == "Unknown"


@given(fields=fields, data=st.binary(max_size=20))
def test_both_variants_agree(cores: dict[str, ModuleType], fields: tuple[Any, ...], data: bytes) -> None:
    def outcome(core: ModuleType, raw: bytes) -> Any:
        try:
            read = core.EncodedMessage(raw, core.EncodingFormat.BINARY).decode_full(SCHEMA)
        except core.CoreError as error:
            return type(error).__name__, str(error), error.offset
        metadata = read.metadata
        return read.content, metadata.id, metadata.timestamp, metadata.source, metadata.properties

    written = {
        bare: [
            core.Message(CONTENT, core.MessageMetadata(*fields)).to_bytes(SCHEMA, bare)
            for core in cores.values()
        ]
        for bare in (False, True)
    }
    for raw in (data, CONTENT_BYTES + data, written[False][0] + data[:1], written[True][0][: len(data)]):
        compiled, interpreted = (outcome(core, raw) for core in cores.values())
        assert compiled == interpreted
    assert all(one == other for one, other in written.values())


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("", {}),
        ("00", {}),
        ("0000000000", {}),
        ("010000000000", {}),
        ("0101046d73673100000000", {"id": "msg1"}),
        ("01046d73673100000000", {"id": "msg1"}),
        ("0001fc00e2a7ca000000", {"timestamp": 1700000000}),
        ("01016100000000", {"id": "a"}),
        ("00ffffff", {}),
        ("00000000027b7d", {"properties": {}}),
        ("00000000025b5d", {}),
        ("00000000017b", {}),
    ],
)
def test_every_form_of_metadata_is_read(core: ModuleType, rest: str, found: dict[str, Any]) -> None:
    read = binary(core, rest).decode_full(SCHEMA)
    expected = core.MessageMetadata()
    for name, value in found.items():
        setattr(expected, name, value)
    assert (read.content, read.metadata) == (CONTENT, expected)


@pytest.mark.parametrize("rest", ["01", "02", "0102", "01046d736731000000", "0101046d7367310000000000"])
def test_what_is_no_metadata_costs_the_metadata_and_not_the_content(core: ModuleType, rest: str) -> None:
    encoded = binary(core, rest)
    assert encoded.decode(SCHEMA) == CONTENT
    assert encoded.peek_kind(SCHEMA) == "Unknown"
    with pytest.raises(core.BinaryDecodingError) as refused:
        encoded.decode_full(SCHEMA)
    assert str(refused.value) == "binary decoding error: metadata at byte 6: neither form fits"
    assert refused.value.offset == 6


def test_a_refusal_names_the_part_of_the_message(core: ModuleType) -> None:
    def refusal(message: Any) -> str:
        with pytest.raises(core.BinaryConversionError) as refused:
            message.to_bytes(SCHEMA)
        return str(refused.value)

    assert refusal(core.Message({"name": "n"})).endswith(" content: missing field `value`")
    assert refusal(core.Message({"name": 1, "value": 1})).endswith(" content.name: expected text")
    late = core.MessageMetadata(None, 2**63)
    assert "metadata.timestamp: expected an integer from -9223372036854775808" in refusal(
        core.Message(CONTENT, late)
    )
    broken = core.MessageMetadata(None, None, None, "\ud800")
    assert refusal(core.Message(CONTENT, broken)).endswith(
        "metadata.destination: a lone surrogate in the text"
    )
    unwritable = core.MessageMetadata(None, None, None, None, {"k": {1}})
    assert "metadata.properties: JSON serialization error" in refusal(core.Message(CONTENT, unwritable))
    with pytest.raises(core.BinaryDecodingError, match=r"content\.value at byte 5: unexpected end"):
        core.EncodedMessage(CONTENT_BYTES[:5], core.EncodingFormat.BINARY).decode(SCHEMA)


def test_json_text_under_a_binary_label_needs_no_schema_and_is_not_bent_to_one(core: ModuleType) -> None:
    message = core.Message({"a": 1}, core.MessageMetadata("kind"))
    for format in (core.EncodingFormat.BINARY, core.EncodingFormat.BASE64):
        encoded = message.encode().to_format(format)
        assert encoded.decode(SCHEMA) == encoded.decode() == {"a": 1}
        assert encoded.decode_full(SCHEMA) == message
        assert encoded.peek_kind(SCHEMA) == "kind"
        assert encoded.peek_kind() == "Unknown"


def test_without_a_schema_bincode_stays_closed(core: ModuleType) -> None:
    for read in (binary(core, "00").decode, binary(core, "00").decode_full):
        with pytest.raises(core.BinaryDecodingError, match="not JSON text, so a schema is needed"):
            read()


def test_kinds_of_what_cannot_be_read(core: ModuleType) -> None:
    assert core.EncodedMessage(b"\xff", core.EncodingFormat.BINARY).peek_kind(SCHEMA) == "Unknown"
    assert core.EncodedMessage(b"!", core.EncodingFormat.BASE64).peek_kind(SCHEMA) == "Invalid Base64"
    with pytest.raises(core.UnsupportedFormat):
        core.EncodedMessage(b"", core.EncodingFormat.AUTO).peek_kind(SCHEMA)
