"""Base64 in its canonical form only: standard alphabet, full padding, no spaces, zero trailing bits."""

from __future__ import annotations

import binascii
from typing import Final

from ..errors import Base64DecodingError
from ..variant import COMPILED

if COMPILED:
    from librt.base64 import b64decode, b64encode

# The symbols whose last four, or last two, bits are zero.
_TWO_USED_BITS: Final = b"AQgw"
_FOUR_USED_BITS: Final = b"AEIMQUYcgkosw048"


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
    # Both decoders skip foreign bytes, so only text without any gives so many bytes. They judge what is left
    # by rules of their own, so there is one refusal for all.
    try:
        data = b64decode(text) if COMPILED else binascii.a2b_base64(text)
        if len(text) == (len(data) + 2) // 3 * 4 and _has_sound_end(text):
            return data
    except ValueError:
        pass
    raise Base64DecodingError("invalid length, symbol, padding or trailing bits")


def _has_sound_end(text: bytes) -> bool:
    """Whether the bits that the last symbol before the padding does not use are zero."""
    end = len(text)
    if end == 0 or text[end - 1] != 0x3D:
        return True
    if text[end - 2] == 0x3D:
        return text[end - 3] in _TWO_USED_BITS
    return text[end - 2] in _FOUR_USED_BITS
