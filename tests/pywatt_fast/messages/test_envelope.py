"""Opening a message reads its envelope alone; its parts are read, and checked, when they are asked for."""

import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

IDENTIFIER = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"


def envelope_text(content: bytes = b"1", metadata: bytes = b"{}") -> bytes:
    return b'{"id":"%b","content":%b,"metadata":%b}' % (IDENTIFIER.encode(), content, metadata)


def test_parts_are_those_of_the_message(core: ModuleType) -> None:
    metadata = b'{"id":"kind","timestamp":5,"source":"catalog","destination":"ledger","properties":{"n":[1]}}'
    envelope = core.EncodedMessage(envelope_text(b'{"a":1}', metadata)).open()
    assert envelope.id == IDENTIFIER
    assert envelope.content == {"a": 1}
    assert envelope.content_text == b'{"a":1}'
    assert (envelope.source, envelope.destination) == ("catalog", "ledger")
    assert envelope.metadata == core.MessageMetadata("kind", 5, "catalog", "ledger", {"n": [1]})
    assert envelope.metadata_text == metadata


def test_content_is_read_once(core: ModuleType) -> None:
    envelope = core.EncodedMessage(envelope_text(b"[1]")).open()
    assert envelope.content is envelope.content


def test_broken_content_shows_when_it_is_read(core: ModuleType) -> None:
    envelope = core.EncodedMessage(envelope_text(b'{"a":}', b'{"destination":"ledger"}')).open()
    assert envelope.destination == "ledger"
    with pytest.raises(core.JsonSerializationError):
        _ = envelope.content


def test_an_unknown_key_beside_the_content_is_ignored(core: ModuleType) -> None:
    assert core.EncodedMessage(envelope_text(b'1,"later":2')).open().content == 1


def test_any_valid_form_is_opened(core: ModuleType) -> None:
    text = (
        b' { "metadata" : {"source":"\\u0061"} , "id" : "%b" , "content" : [ 1 ] } '
        % IDENTIFIER.upper().encode()
    )
    envelope = core.EncodedMessage(text).open()
    assert (envelope.id, envelope.content, envelope.source) == (IDENTIFIER, [1], "a")
    assert envelope.content_text == b"[ 1 ]"


def test_metadata_may_be_missing(core: ModuleType) -> None:
    envelope = core.EncodedMessage(b'{"id":"%b","content":1}' % IDENTIFIER.encode()).open()
    assert envelope.metadata == core.MessageMetadata()
    assert envelope.destination is None


@pytest.mark.parametrize(
    "text",
    [
        b"[1]",
        b"{}",
        b'{"id":"x","content":1,"metadata":{}}',
        b'{"id":"%b"}' % IDENTIFIER.encode(),
        envelope_text(metadata=b'{"source":1}'),
        envelope_text(metadata=b'{"source":"a","source":"b"}'),
        envelope_text(metadata=b'{"timestamp":9223372036854775808}'),
        envelope_text()[:-1],
        envelope_text()[:-1] + b'"',
        envelope_text() + b"}",
    ],
)
def test_what_is_no_envelope_is_not_opened(core: ModuleType, text: bytes) -> None:
    with pytest.raises(core.JsonSerializationError):
        core.EncodedMessage(text).open()


@pytest.mark.parametrize("properties", [b'{"a":}', b'{"a":1,}', b'{"a":NaN}', b"{a}"])
def test_broken_properties_are_refused_at_the_latest_when_they_are_read(
    core: ModuleType, properties: bytes
) -> None:
    message = core.EncodedMessage(envelope_text(metadata=b'{"properties":%b}' % properties))
    with pytest.raises(core.JsonSerializationError):
        _ = message.open().metadata


@pytest.mark.parametrize("properties", [b'{""}', b'{"n":}', b'{"n":"\xff"}', b'{"n":[1,{"m":"\xc3\xa9"}],}'])
def test_broken_properties_show_when_the_metadata_are_read(core: ModuleType, properties: bytes) -> None:
    metadata = b'{"source":"catalog","timestamp":5,"properties":%b,"destination":"ledger"}' % properties
    message = core.EncodedMessage(envelope_text(metadata=metadata))
    envelope = message.open()
    assert (envelope.source, envelope.destination, envelope.content) == ("catalog", "ledger", 1)
    assert envelope.metadata_text == metadata
    assert message.peek_destination() == "ledger"
    assert message.peek_metadata() is None
    with pytest.raises(core.JsonSerializationError):
        _ = envelope.metadata


@pytest.mark.parametrize("end", [b" }", b"\n}", b"} ", b"}\t"])
def test_only_a_compact_end_is_taken_for_one(core: ModuleType, end: bytes) -> None:
    message = core.EncodedMessage(b'{"id":"%b","content":fals,"metadata":{}%b' % (IDENTIFIER.encode(), end))
    assert message.peek_metadata() is None
    with pytest.raises(core.JsonSerializationError):
        message.open()


def test_a_lookalike_inside_the_content_is_content(core: ModuleType) -> None:
    content = b'{"x":{"y":1,"metadata":{}},"metadata":{"destination":"nobody"}}'
    envelope = core.EncodedMessage(envelope_text(content, b'{"destination":"ledger"}')).open()
    assert envelope.destination == "ledger"
    assert envelope.content_text == content


names = st.text(max_size=30)
nested = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(
    content=nested,
    fields=st.fixed_dictionaries(
        {},
        optional={
            "id": names,
            "timestamp": st.integers(-(2**63), 2**63 - 1),
            "source": names,
            "destination": names,
            "properties": st.dictionaries(names, nested, max_size=3),
        },
    ),
)
def test_an_opened_message_says_what_a_decoded_one_says(
    core: ModuleType, content: Any, fields: dict[str, Any]
) -> None:
    metadata = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    message = core.EncodedMessage(envelope_text(text, metadata))
    whole, envelope = message.decode_full(), message.open()
    assert (envelope.id, envelope.content, envelope.metadata) == (whole.id, whole.content, whole.metadata)
    assert (envelope.source, envelope.destination) == (whole.metadata.source, whole.metadata.destination)
    assert message.peek_destination() == whole.metadata.destination
    assert message.peek_metadata() == whole.metadata


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        (envelope_text(metadata=b'{"destination":"ledger"}'), "ledger"),
        (envelope_text(metadata=b'{"destination":"l\\u0065dger"}'), "ledger"),
        (envelope_text(metadata='{"destination":"häuser"}'.encode()), "häuser"),
        (envelope_text(metadata=b'{"destination":null}'), None),
        (envelope_text(metadata=b'{"source":"catalog"}'), None),
        (envelope_text(metadata=b'{"destination":"a","destination":"b"}'), None),
        (envelope_text(metadata=b'{"destination":"\xff"}'), None),
        (b"[1]", None),
        (b"", None),
    ],
)
def test_destination_is_found_without_the_content(
    core: ModuleType, text: bytes, destination: str | None
) -> None:
    assert core.EncodedMessage(text).peek_destination() == destination


def test_a_base64_message_is_opened_but_not_peeked_into(core: ModuleType) -> None:
    message = core.EncodedMessage(envelope_text(metadata=b'{"destination":"ledger"}'))
    coded = message.to_format(core.EncodingFormat.BASE64)
    assert coded.open().destination == "ledger"
    assert coded.peek_destination() is None
