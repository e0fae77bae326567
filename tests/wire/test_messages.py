"""Messages as the reference crate prints and reads them, byte for byte."""

import json
import random
from types import ModuleType
from typing import Any

import pytest

Case = dict[str, Any]


def shuffled(value: Any, seed: int) -> Any:
    """The same value with the keys of every object in another order: what is written must not follow ours."""
    if isinstance(value, dict):
        keys = list(value)
        random.Random(seed).shuffle(keys)
        return {key: shuffled(value[key], seed) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, seed) for item in value]
    return value


def metadata_of(core: ModuleType, recorded: dict[str, Any]) -> Any:
    metadata = core.MessageMetadata(
        recorded.get("id"), recorded.get("timestamp"), recorded.get("source"), recorded.get("destination")
    )
    metadata.properties = recorded.get("properties")
    return metadata


@pytest.fixture(params=[1, 2, 3])
def message(core: ModuleType, messages_case: Case, request: pytest.FixtureRequest) -> Any:
    """The recorded message, built by hand with its keys in some order."""
    metadata = metadata_of(core, shuffled(messages_case["metadata"], request.param))
    return core.Message(shuffled(messages_case["content"], request.param), metadata, messages_case["id"])


def test_json_text_is_that_of_the_reference(message: Any, messages_case: Case) -> None:
    assert message.to_string() == messages_case["json"]
    assert message.encode().data.decode() == messages_case["json"]


def test_pretty_text_is_that_of_the_reference(message: Any, messages_case: Case) -> None:
    assert message.to_string_pretty() == messages_case["pretty"]


def test_frame_is_that_of_the_reference(message: Any, messages_case: Case) -> None:
    assert message.encode().to_frame().hex() == messages_case["frame"]


def test_nested_form_is_that_of_the_reference(core: ModuleType, message: Any, messages_case: Case) -> None:
    encoded = message.encode()
    assert encoded.to_json().decode() == messages_case["nested"]
    assert core.EncodedMessage.from_json(messages_case["nested"]) == encoded


def test_kind_is_that_of_the_reference(message: Any, messages_case: Case) -> None:
    assert message.encode().peek_kind() == messages_case["peek_kind"]


@pytest.mark.parametrize("target", ["Json", "Binary", "Base64", "Auto"])
def test_conversion_is_that_of_the_reference(
    core: ModuleType, message: Any, messages_case: Case, target: str
) -> None:
    expected = messages_case["to_format"][target]
    encoded = message.encode()
    if "error" in expected:
        with pytest.raises(core.MessageError):
            encoded.to_format(core.EncodingFormat(target))
    else:
        converted = encoded.to_format(core.EncodingFormat(target))
        assert {"data": converted.data.decode(), "format": converted.format.value} == expected["ok"]


def test_recorded_text_reads_back_whole(core: ModuleType, message: Any, messages_case: Case) -> None:
    encoded = core.EncodedMessage(messages_case["json"].encode())
    assert encoded.decode_full() == message
    assert encoded.decode() == messages_case["content"]
    assert core.Message.from_json(messages_case["pretty"]) == message


def test_recorded_frame_reads_back(core: ModuleType, messages_case: Case) -> None:
    frame = bytes.fromhex(messages_case["frame"])
    assert core.FrameDecoder(1 << 20).feed(frame) == [(1, messages_case["json"].encode())]


def outcome(core: ModuleType, read: Any) -> dict[str, Any]:
    """What a reading gave, in the words of the recording: a content that is not text was an error there."""
    try:
        value = read()
    except core.MessageError:
        return {"error": True}
    if isinstance(value, core.Message):
        return {"ok": json.loads(value.to_string())} if isinstance(value.content, str) else {"error": True}
    return {"ok": value} if isinstance(value, str) else {"error": True}


@pytest.mark.parametrize("reading", ["decode", "decode_full", "peek_kind"])
def test_reading_any_text(core: ModuleType, messages_read_case: Case, reading: str) -> None:
    recorded = messages_read_case[reading if reading == "peek_kind" else f"{reading}_str"]
    encoded = core.EncodedMessage(messages_read_case["text"].encode())
    expected = {"error": True} if "error" in recorded else recorded
    assert outcome(core, getattr(encoded, reading)) == expected
