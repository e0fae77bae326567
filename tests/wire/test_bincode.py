"""Values and messages in bincode, byte for byte as the reference crate writes and reads them."""

import random
from types import ModuleType
from typing import Any

import pytest

Case = dict[str, Any]


def value_of(recorded: Any, schema: Any, rng: random.Random) -> Any:
    """A recorded value as ours: bytes and tuples are arrays in JSON; the keys of dicts are shuffled."""
    if schema == "bytes":
        return bytes(recorded)
    if isinstance(schema, str) or recorded is None:
        return shuffled(recorded, rng) if isinstance(recorded, dict) else recorded
    ((form, parts),) = schema.items()
    if form == "option":
        return value_of(recorded, parts, rng)
    if form == "list":
        return [value_of(item, parts, rng) for item in recorded]
    if form == "map":
        return {key: value_of(item, parts[1], rng) for key, item in recorded.items()}
    if form == "tuple":
        return tuple(value_of(item, part, rng) for item, part in zip(recorded, parts, strict=True))
    if form == "struct":
        return shuffled({name: value_of(recorded[name], part, rng) for name, part in parts}, rng)
    if isinstance(recorded, str):
        return recorded
    ((name, content),) = recorded.items()
    data = dict(parts)[name]
    if len(data.get("tuple", ())) == 1:
        return {name: value_of(content, data["tuple"][0], rng)}
    return {name: value_of(content, data, rng)}


def shuffled(fields: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    names = list(fields)
    rng.shuffle(names)
    return {name: fields[name] for name in names}


def metadata_of(core: ModuleType, recorded: dict[str, Any]) -> Any:
    metadata = core.MessageMetadata(
        recorded.get("id"), recorded.get("timestamp"), recorded.get("source"), recorded.get("destination")
    )
    properties = recorded.get("properties")
    metadata.properties = None if properties is None else shuffled(properties, random.Random(1))
    return metadata


@pytest.fixture(params=[1, 2, 3])
def rng(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


def test_values(core: ModuleType, bincode_of_encode_case: Case, rng: random.Random) -> None:
    case = bincode_of_encode_case
    schema, data = case["schema"], bytes.fromhex(case["data"])
    value = value_of(case["value"], schema, rng)
    assert core.bincode.encode(value, schema) == data
    assert core.bincode.decode(data, schema) == (value, len(data))


def test_bytes(core: ModuleType, bincode_of_decode_case: Case, rng: random.Random) -> None:
    case = bincode_of_decode_case
    schema, data = case["schema"], bytes.fromhex(case["data"])
    if "error" in case:
        with pytest.raises(core.BinaryDecodingError):
            core.bincode.decode(data, schema)
    else:
        expected = (value_of(case["ok"], schema, rng), case["used"])
        assert core.bincode.decode(data, schema) == expected


def test_bare_messages(
    core: ModuleType, bincode_of_written_by_reference_case: Case, rng: random.Random
) -> None:
    case = bincode_of_written_by_reference_case
    schema, recorded = case["schema"], case["metadata"]
    content, metadata = value_of(case["content"], schema, rng), metadata_of(core, recorded)
    message = core.Message(content, metadata)
    binary = core.EncodedMessage.from_message_binary(message, schema, True)
    base64 = core.EncodedMessage.from_message_base64(message, schema, True)
    assert core.bincode.encode(content, schema).hex() == case["content_alone"]
    assert message.to_bytes(schema, True).hex() == binary.data.hex() == case["data"]
    assert binary.to_frame().hex() == case["frame"]
    assert base64.data.decode() == case["base64"]
    assert base64.to_frame().hex() == case["base64_frame"]
    if metadata.id == "":
        metadata.id = None  # the one thing that the bare form cannot tell
    for encoded in (binary, base64):
        read = encoded.decode_full(schema)
        assert (read.content, read.metadata) == (content, metadata)
        assert encoded.decode(schema) == content
        assert encoded.peek_kind() == case["reference_peek_kind"].get("ok")
        assert encoded.peek_kind(schema) == ("Unknown" if metadata.id is None else metadata.id)


def test_tagged_messages(
    core: ModuleType, bincode_of_tagged_read_by_reference_case: Case, rng: random.Random
) -> None:
    case = bincode_of_tagged_read_by_reference_case
    schema, metadata = case["schema"], metadata_of(core, case["metadata"])
    content, data = value_of(case["content"], schema, rng), bytes.fromhex(case["data"])
    written = core.Message(content, metadata).to_bytes(schema)
    empty = metadata == core.MessageMetadata()
    assert written == (core.bincode.encode(content, schema) + bytes(5) if empty else data)
    for form in (written, data):
        encoded = core.EncodedMessage(form, core.EncodingFormat.BINARY)
        read = encoded.decode_full(schema)
        assert (read.content, read.metadata) == (content, metadata)
        assert encoded.decode(schema) == content
