"""msgspec: a Struct of the envelope, its encoder and decoder made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

_Envelope: Any = msgspec.defstruct("_Envelope", [("id", str), ("content", Any), ("metadata", dict)])


def encoder(envelope: dict[str, Any]) -> Callable[[], object]:
    """A step that writes the envelope."""
    encode, value = msgspec.json.Encoder().encode, _Envelope(**envelope)
    return lambda: encode(value)


def decoder(envelope: dict[str, Any]) -> Callable[[], object]:
    """A step that reads the envelope."""
    text = msgspec.json.encode(envelope)
    decode = msgspec.json.Decoder(_Envelope).decode
    return lambda: decode(text)
