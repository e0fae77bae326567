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
