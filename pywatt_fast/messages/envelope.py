"""The JSON envelope of a message: an id, a content and metadata.

A peer writes it compact and in this order, so `split_envelope` finds the three parts without reading the
content; whatever else is valid goes through `read_envelope`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from ..errors import JsonSerializationError, RepeatedField
from ..json_text.codec import decode_json
from ..json_text.members import read_members
from ..json_text.reader import Reader
from ..json_text.scan import stands_at
from ..variant import COMPILED
from .identifiers import find_canonical, is_canonical
from .metadata import MessageMetadata, read_metadata, read_metadata_at, repeated_field

if TYPE_CHECKING:
    from mypy_extensions import i64

_PREFIX: Final = b'{"id":"'
_CONTENT: Final = b'","content":'
_METADATA: Final = b',"metadata":{'
CONTENT_START: Final = len(_PREFIX) + 36 + len(_CONTENT)
_BEGINNING: Final = re.compile(
    rb'\{"id":"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}","content":'
)
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

    The content is left unread: when it turns out not to be one JSON value, the general reader decides about
    the whole.

    Returns:
        None on any surprise.
    """
    start = _start_of_metadata(data)
    if start < 0:
        return None
    metadata = _metadata_at(data, start)
    if metadata is None:
        return None
    return Envelope(data[7:43].decode("ascii"), data[CONTENT_START:start], metadata, data[start + 12 : -1])


def peek_metadata(data: bytes) -> MessageMetadata | None:
    """The metadata of a compact envelope in the usual order, without its content; None on any surprise."""
    start = _start_of_metadata(data)
    return None if start < 0 else _metadata_at(data, start)


def _start_of_metadata(data: bytes) -> int:
    """Where the content of a compact envelope ends, or -1.

    `,"metadata":{` cannot stand inside a JSON string, and it is the envelope's own key exactly when its
    object is followed by the one brace that ends the data.
    """
    start = data.rfind(_METADATA)
    if start <= CONTENT_START or not data.endswith(b"}}"):
        return -1
    if COMPILED:
        usual = stands_at(data, 0, _PREFIX) and stands_at(data, len(_PREFIX) + 36, _CONTENT)
        return start if usual and is_canonical(data, len(_PREFIX)) else -1
    return start if _BEGINNING.match(data) is not None else -1


def _metadata_at(data: bytes, start: int) -> MessageMetadata | None:
    """The metadata between the end of the content and the last brace; None when it is not valid."""
    if COMPILED:
        reader = Reader(data, start + len(_METADATA) - 1)
        metadata = read_metadata_at(reader)
        if metadata is not None and reader.position == len(data) - 1:
            return metadata
    try:
        return read_metadata(data[start + len(_METADATA) - 1 : -1])
    except JsonSerializationError:
        return None


def end_of_plain_content(data: bytes) -> i64:
    """Where the content ends in a compact envelope with empty metadata; -1 for any other text."""
    start: i64 = len(data) - len(_NO_METADATA)
    if not COMPILED:
        return start if data.endswith(_NO_METADATA) and _BEGINNING.match(data) is not None else -1
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
