"""msgpack: the envelope as a dict, its packer made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack


def encoder(envelope: dict[str, Any]) -> Callable[[], object]:
    """A step that writes the envelope."""
    pack = msgpack.Packer().pack
    return lambda: pack(envelope)


def decoder(envelope: dict[str, Any]) -> Callable[[], object]:
    """A step that reads the envelope."""
    data, unpack = msgpack.packb(envelope), msgpack.unpackb
    return lambda: unpack(data)
