"""What `envelope_scan` does, for the interpreted variant: with it both leave the same parts unread."""

from __future__ import annotations

import re
from typing import Final

from .envelope_scan import EnvelopeScan

_FIELD: Final = re.compile(
    rb'"(?:(source|destination|id)":"([ !#-\[\]-\x7f]*)"|(timestamp)":(?:0|[1-9][0-9]{0,17})(?![0-9])'
    rb'|(properties)":(?=\{))'
)
_TOKEN: Final = re.compile(rb'[\[{]|[\]}]|"[^"\\\x00-\x1f]*("?)')
# As where it is compiled: deeper objects are for the general reader.
_DEEPEST: Final = 100
_COMMA: Final = 0x2C


def scan_plain(data: bytes, content_end: int, metadata_start: int) -> EnvelopeScan | None:
    """Where the fields of compact metadata stand, the inside of the properties unread; None on any surprise.

    Args:
        data: an envelope that begins and ends as a compact one does.
        content_end: where its content ends.
        metadata_start: where its metadata begin.
    """
    found = EnvelopeScan(data)
    found.content_end = content_end
    found.metadata_start = metadata_start
    end = len(data) - 2
    position = metadata_start + 1
    seen: set[bytes] = set()
    if position == end:
        return found
    while position < end:
        field = _FIELD.match(data, position)
        if field is None:
            return None
        name: bytes = field[1] or field[3] or field[4]
        if name in seen:
            return None
        seen.add(name)
        position = field.end() if name != b"properties" else _end_of_object(data, field.end())
        if name == b"source":
            found.source_start, found.source_end = field.span(2)
        elif name == b"destination":
            found.destination_start, found.destination_end = field.span(2)
        if position == end:
            return found
        if position < 0 or position > end or data[position] != _COMMA:
            return None
        position += 1
    return None


def _end_of_object(data: bytes, position: int) -> int:
    """The place after the object that begins here, judged by brackets and quotes; -1 on any surprise."""
    depth = 0
    for token in _TOKEN.finditer(data, position):
        first = token[0][:1]
        if first == b'"':
            if not token[1]:
                return -1
        elif first == b"{" or first == b"[":
            depth += 1
            if depth > _DEEPEST:
                return -1
        else:
            depth -= 1
            if depth == 0:
                return token.end()
    return -1
