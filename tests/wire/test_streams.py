"""Chunks, acknowledgements and a published message, byte for byte as the reference writes them."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = ("streams.json", "streams_advanced.json")
CHECKSUMS = {"sum": "additive_sum", "crc32": "crc32"}


@pytest.fixture(params=FILES)
def recorded(vectors: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    file = vectors / request.param
    if not file.exists():
        pytest.skip(f"this directory has no {request.param}")
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def chunk_of(core: ModuleType, fields: dict[str, Any]) -> Any:
    metadata = fields["stream_metadata"]
    if metadata is not None:
        priority = core.StreamPriority[metadata["priority"].upper()]
        metadata = core.StreamMetadata(
            metadata["total_size"], metadata["content_type"], priority, metadata["properties"]
        )
    return core.StreamChunk(
        fields["stream_id"],
        fields["sequence"],
        fields["total_chunks"],
        bytes(fields["data"]),
        fields["compressed"],
        fields["checksum"],
        fields["is_final"],
        metadata,
    )


def test_chunks_as_json(core: ModuleType, recorded: dict[str, Any]) -> None:
    assert recorded["chunks"]
    for case in recorded["chunks"]:
        chunk = chunk_of(core, case["chunk"])
        assert core.encode_chunk_json(chunk).decode() == case["json"]
        assert core.decode_chunk_json(case["json"].encode()) == chunk
        assert core.decode_chunk(case["json"].encode()) == chunk


def test_chunks_as_bincode(core: ModuleType, recorded: dict[str, Any]) -> None:
    for case in recorded["chunks"]:
        if "bincode" in case:
            chunk = chunk_of(core, case["chunk"])
            assert core.encode_chunk_binary(chunk).hex() == case["bincode"]
            assert core.decode_chunk_binary(bytes.fromhex(case["bincode"])) == chunk
            assert core.decode_chunk(bytes.fromhex(case["bincode"])) == chunk


def test_checksums(core: ModuleType, recorded: dict[str, Any]) -> None:
    for case in recorded["chunks"]:
        checksum = getattr(core, CHECKSUMS[case["checksum_kind"]])
        assert checksum(bytes(case["chunk"]["data"])) == case["chunk"]["checksum"]
        assert chunk_of(core, case["chunk"]).is_intact()


def test_acknowledgements(core: ModuleType, recorded: dict[str, Any]) -> None:
    assert recorded["acks"]
    for text in recorded["acks"]:
        fields = json.loads(text)
        ack = core.StreamAck(fields["stream_id"], fields["sequence"], fields["success"], fields["error"])
        assert core.encode_ack(ack).decode() == text
        assert core.decode_ack(text.encode()) == ack


def test_published_messages(core: ModuleType, recorded: dict[str, Any]) -> None:
    assert recorded["pubsub"]
    for text in recorded["pubsub"]:
        message = core.decode_publication(text.encode())
        assert message.to_json().decode() == text
        assert (message.topic, message.payload, message.ttl) == ("orders.created", b"\x01\x02", 1.5)
