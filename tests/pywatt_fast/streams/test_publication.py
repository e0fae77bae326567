"""Published messages."""

from types import ModuleType

import pytest


def test_every_field_comes_back(core: ModuleType) -> None:
    message = core.PubSubMessage("a/b", bytes(range(256)), core.StreamPriority.LOW, 2.25, "me", {"k": "v"})
    read = core.decode_publication(message.to_json())
    assert read.to_json() == message.to_json()
    assert (read.topic, read.payload, read.priority) == ("a/b", bytes(range(256)), 0)
    assert (read.ttl, read.publisher, read.metadata) == (2.25, "me", {"k": "v"})


@pytest.mark.parametrize("text", [b"", b"{}", b'{"topic":1}', b"null"])
def test_anything_else_is_refused(core: ModuleType, text: bytes) -> None:
    with pytest.raises(core.StreamFormatError):
        core.decode_publication(text)


def test_a_time_to_live_of_2_to_the_64_seconds_is_not_written(core: ModuleType) -> None:
    longest = core.PubSubMessage("t", b"", ttl=2.0**64 - 2048).to_json()
    assert core.decode_publication(longest).ttl < 2.0**64
    with pytest.raises(core.StreamFormatError):
        core.PubSubMessage("t", b"", ttl=2.0**64).to_json()
