"""Base64 in its canonical form only: standard alphabet, full padding, no spaces, zero trailing bits."""

from __future__ import annotations

import binascii

from ..errors import Base64DecodingError
from ..variant import COMPILED

if COMPILED:
    from librt.base64 import b64decode, b64encode


def encode_base64(data: bytes) -> bytes:
    """The canonical text of the bytes."""
    if COMPILED:
        return b64encode(data)
    return binascii.b2a_base64(data, newline=False)


def decode_base64(text: bytes) -> bytes:
    """The bytes that canonical text stands for.

    Raises:
        Base64DecodingError: the text is not canonical.
    """
    # Both decoders skip foreign bytes and judge what is left by rules of their own. Only text that comes out
    # the same again is canonical, so there is one refusal for all.
    try:
        data = b64decode(text) if COMPILED else binascii.a2b_base64(text)
        if encode_base64(data) == text:
            return data
    except ValueError:
        pass
    raise Base64DecodingError("invalid length, symbol, padding or trailing bits")
