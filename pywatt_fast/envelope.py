"""The JSON envelope of a message: an id, a content and metadata.

A peer writes it compact and in this order, so `split_envelope` finds the three parts without reading the
content; whatever else is valid goes through `read_envelope`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .errors import JsonSerializationError, RepeatedField
from .identifiers import find_canonical, is_canonical
from .json_codec import decode_json
from .json_members import read_members
from .metadata import MessageMetadata, read_metadata, read_metadata_at, repeated_field
from .text_reader import Reader
from .text_scan import stands_at
from .variant import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i64

_PREFIX: Final = b'{"id":"'
_CONTENT: Final = b'","content":'
_METADATA: Final = b',"metadata":{'
CONTENT_START: Final = len(_PREFIX) + 36 + len(_CONTENT)
_NO_METADATA: Final = b',"metadata":{}}'
ENVELOPE_FIELDS: Final = ("id", "content", "metadata")


@final
class Envelope:
    """The parts of an envelope.

    Args:
        id: the message's UUID, canonical.
        content: raw JSON text; not read yet when it comes from `split_envelope`.
        metadata: the metadata, checked.
        metadata_text: its raw JSON text.
    """

    def __init__(self, id: str, content: bytes, metadata: MessageMetadata, metadata_text: bytes) -> None:
        self.id = id
        self.content = content
        self.metadata = metadata
        self.metadata_text = metadata_text


def split_envelope(data: bytes) -> Envelope | None:
    """The parts of a compact envelope in the usual order.

    `,"metadata":{` cannot stand inside a JSON string, and it is the envelope's own key exactly when its
    object is followed by the one brace that ends the data. The content is left unread: when it turns out
    not to be one JSON value, the general reader decides about the whole.

    Returns:
        None on any surprise.
    """
    if not data.startswith(_PREFIX) or data[43:CONTENT_START] != _CONTENT or not data.endswith(b"}}"):
        return None
    start = data.rfind(_METADATA)
    if start <= CONTENT_START:
        return None
    if COMPILED:
        return _split_at(data, start)
    try:
        identifier = data[7:43].decode("ascii")
        if not is_canonical(data[7:43]):
            return None
        text = data[start + len(_METADATA) - 1 : -1]
        metadata = read_metadata(text)
    except ValueError:
        return None
    return Envelope(identifier, data[CONTENT_START:start], metadata, text)


def peek_metadata(data: bytes) -> MessageMetadata | None:
    """The metadata of a compact envelope in the usual order; None on any surprise."""
    if COMPILED:
        start = data.rfind(_METADATA)
        if start <= CONTENT_START or not stands_at(data, 0, _PREFIX):
            return None
        if not stands_at(data, len(_PREFIX) + 36, _CONTENT) or not is_canonical(data, len(_PREFIX)):
            return None
        reader = Reader(data, start + len(_METADATA) - 1)
        metadata = read_metadata_at(reader)
        if metadata is not None and reader.take(b"}") and reader.position == len(data):
            return metadata
    parts = split_envelope(data)
    return None if parts is None else parts.metadata


def _split_at(data: bytes, start: int) -> Envelope | None:
    if not is_canonical(data, len(_PREFIX)):
        return None
    reader = Reader(data, start + len(_METADATA) - 1)
    metadata = read_metadata_at(reader)
    end = len(data) - 1
    if metadata is None or reader.position != end:
        try:
            metadata = read_metadata(data[start + len(_METADATA) - 1 : end])
        except ValueError:
            return None
    return Envelope(
        data[7:43].decode("ascii"),
        data[CONTENT_START:start],
        metadata,
        data[start + len(_METADATA) - 1 : end],
    )


def end_of_plain_content(data: bytes) -> i64:
    """Where the content ends in a compact envelope with empty metadata; -1 for any other text."""
    start: i64 = len(data) - len(_NO_METADATA)
    if (
        start <= CONTENT_START
        or not stands_at(data, start, _NO_METADATA)
        or not stands_at(data, 0, _PREFIX)
        or not stands_at(data, len(_PREFIX) + 36, _CONTENT)
        or not is_canonical(data, len(_PREFIX))
    ):
        return -1
    return start


def read_envelope(data: bytes) -> Envelope:
    """The parts of an envelope in any valid form; the content is checked too.

    Raises:
        JsonSerializationError: not JSON, not an envelope, or one with a known field twice.
    """
    members = read_members(data)
    if members is None:
        decode_json(data)
        raise JsonSerializationError("expected a message object")
    parts: dict[str, bytes] = {}
    for member in members:
        decode_json(member.text)
        parts[member.key] = member.text
    if "id" not in parts:
        raise JsonSerializationError("missing field `id`")
    identifier = decode_json(parts["id"])
    canonical = find_canonical(identifier) if isinstance(identifier, str) else None
    if canonical is None:
        raise JsonSerializationError("field `id` is not a UUID")
    if "content" not in parts:
        raise JsonSerializationError("missing field `content`")
    text = parts.get("metadata", b"{}")
    found = Envelope(canonical, parts["content"], read_metadata(text), text)
    repeated = repeated_field(members, ENVELOPE_FIELDS)
    if repeated is not None:
        raise RepeatedField(repeated)
    return found
