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
    try:
        data = b64decode(text) if COMPILED else binascii.a2b_base64(text)
    except ValueError:
        raise Base64DecodingError("invalid length or padding") from None
    # Both decoders skip foreign bytes, so only text that comes out the same again is canonical.
    if encode_base64(data) != text:
        raise Base64DecodingError("invalid symbol, padding or trailing bits")
    return data
