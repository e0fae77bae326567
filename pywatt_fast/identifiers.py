"""Identifiers: random UUIDs (version 4) in their lower-case hyphenated text form."""

from __future__ import annotations

import os
import re
from typing import Final

from .errors import OperationError
from .variant import expect

_CANONICAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIMPLE: Final = re.compile(r"[0-9a-fA-F]{32}")
_HYPHENATED: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


def new_identifier() -> str:
    """A fresh random identifier; parent and child of a fork never draw the same."""
    text = os.urandom(16).hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def is_canonical(text: str) -> bool:
    """Whether the text already has the form in which identifiers are written."""
    return _CANONICAL.fullmatch(text) is not None


def find_canonical(text: str) -> str | None:
    """The written form of any accepted form: 32 hex digits, or hyphenated bare, in braces or after `urn:uuid:`."""
    if _CANONICAL.fullmatch(text) is not None:
        return text
    if _SIMPLE.fullmatch(text) is not None:
        text = text.lower()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    if text.startswith("urn:uuid:"):
        text = text[9:]
    elif text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    return text.lower() if _HYPHENATED.fullmatch(text) is not None else None


def canonical_identifier(text: str) -> str:
    """The written form of an identifier given in any accepted form.

    Args:
        text: 32 hex digits, or hyphenated 8-4-4-4-12, bare, in braces or after `urn:uuid:`, in any case.

    Raises:
        OperationError: anything else.
    """
    expect(text, str, "str")
    found = find_canonical(text)
    if found is None:
        raise OperationError("not a UUID")
    return found
