"""Messages written from a template are the messages that the long way writes."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

IDENTIFIER = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
LIMIT = 1 << 20

contents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
) | st.integers(20_000, 20_010).map(lambda size: "x" * size)


def some_metadata(core: ModuleType) -> Any:
    return core.MessageMetadata("kind", None, "catalog", "ledger", {"endpoint": "price", "a": 1})


@given(content=contents)
def test_a_frame_holds_the_message(core: ModuleType, content: Any) -> None:
    writer = core.MessageWriter(some_metadata(core), LIMIT)
    ((code, payload),) = core.FrameDecoder(LIMIT).feed(writer.frame(content, IDENTIFIER))
    assert code == 1
    assert core.EncodedMessage(payload).decode_full() == core.Message(
        content, some_metadata(core), IDENTIFIER
    )


def test_keys_of_the_content_keep_their_order(core: ModuleType) -> None:
    frame = core.MessageWriter().frame({"b": 1, "a": 2}, IDENTIFIER)
    text = b'{"id":"%b","content":{"b":1,"a":2},"metadata":{}}' % IDENTIFIER.encode()
    assert frame == len(text).to_bytes(4, "big") + b"\x01" + text


def test_every_message_has_an_id_of_its_own(core: ModuleType) -> None:
    writer = core.MessageWriter()
    frames = core.FrameDecoder(LIMIT).feed(b"".join(writer.frame(number) for number in range(50)))
    identifiers = {core.EncodedMessage(payload).open().id for _, payload in frames}
    assert len(identifiers) == 50


@pytest.mark.parametrize("id", ["0F1E2D3C4B5A49788695A4B3C2D1E0F0", f"urn:uuid:{IDENTIFIER}"])
def test_a_given_id_is_written_in_its_canonical_form(core: ModuleType, id: str) -> None:
    frame = core.MessageWriter().frame(1, id)
    assert core.EncodedMessage(frame[5:]).open().id == IDENTIFIER


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3], [100, 30_000, 5]])
def test_a_batch_is_the_frames_one_after_another(core: ModuleType, sizes: list[int]) -> None:
    writer = core.MessageWriter(some_metadata(core))
    for size in sizes:
        writer.add("x" * size)
    pending = writer.pending
    batch = writer.take()
    assert len(batch) == pending
    messages = [core.EncodedMessage(payload) for _, payload in core.FrameDecoder(LIMIT).feed(batch)]
    assert [message.decode() for message in messages] == ["x" * size for size in sizes]
    assert all(message.peek_destination() == "ledger" for message in messages)
    assert (writer.pending, writer.take()) == (0, b"")


def test_a_message_above_the_limit_is_not_written(core: ModuleType) -> None:
    size = len(core.MessageWriter().frame("")) - 5
    assert core.MessageWriter(None, size + 3).frame("abc")
    writer = core.MessageWriter(None, size + 2)
    for write in (writer.frame, writer.add):
        with pytest.raises(core.FrameTooLarge) as caught:
            write("abc")
        assert (caught.value.size, caught.value.limit) == (size + 3, size + 2)
    assert writer.pending == 0


def test_a_content_that_json_cannot_hold_is_not_written(core: ModuleType) -> None:
    writer = core.MessageWriter()
    for write in (writer.frame, writer.add):
        with pytest.raises(core.JsonSerializationError):
            write({"a": {1}})
    assert writer.take() == b""


def test_an_id_that_is_no_uuid_is_not_written(core: ModuleType) -> None:
    with pytest.raises(core.InvalidFormat, match="the id is not a UUID"):
        core.MessageWriter().frame(1, "x")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("source",), "pywatt_fast.messages.metadata.MessageMetadata or None object expected; got str"),
        ((None, "1"), "int object expected; got str"),
    ],
)
def test_wrong_arguments_are_refused(core: ModuleType, arguments: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        core.MessageWriter(*arguments)
