"""The JSON envelope of a message: an id, a content and metadata.

A peer writes it compact and in this order, so `open_envelope` finds the parts without reading the content;
whatever else is valid goes through `read_envelope`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from ..errors import JsonSerializationError, RepeatedField
from ..json_text.codec import decode_json, decode_json_part
from ..json_text.members import Member, read_members
from ..json_text.reader import Reader
from ..variant import COMPILED
from .envelope_scan import CONTENT_START, EnvelopeScan
from .identifiers import find_canonical
from .metadata import MessageMetadata, read_metadata, read_metadata_at, repeated_field
from .plain_envelope_scan import scan_plain

if TYPE_CHECKING:
    from mypy_extensions import i64

_METADATA: Final = b',"metadata":{'
_BEGINNING: Final = re.compile(
    rb'\{"id":"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}","content":'
)
_NO_METADATA: Final = b',"metadata":{}}'
ENVELOPE_FIELDS: Final = ("id", "content", "metadata")


@final
class Envelope:
    """An opened message: its parts are read, and checked, when they are asked for.

    Made by `EncodedMessage.open`.
    """

    _scan: EnvelopeScan | None = None
    _id: str | None = None
    _content: object = None
    _content_is_read: bool = False
    _metadata: MessageMetadata | None = None

    def __init__(
        self, data: bytes, content_start: i64, content_end: i64, metadata_start: i64, metadata_end: i64
    ) -> None:
        self._data: Final = data
        self._content_start: i64 = content_start
        self._content_end: i64 = content_end
        self._metadata_start: i64 = metadata_start
        self._metadata_end: i64 = metadata_end

    @property
    def id(self) -> str:
        """The message's UUID in its canonical form."""
        found = self._id
        if found is None:
            found = self._data[7:43].decode("ascii")
            self._id = found
        return found

    @property
    def content(self) -> object:
        """The decoded content; read once.

        Raises:
            JsonSerializationError: it is not JSON. Nothing that came before it in the message told so.
        """
        if not self._content_is_read:
            self._content = self._read_content()
            self._content_is_read = True
        return self._content

    @property
    def content_text(self) -> bytes:
        """The content's JSON text, unread."""
        return self._data[self._content_start : self._content_end]

    @property
    def metadata(self) -> MessageMetadata:
        """The metadata; read once.

        Raises:
            JsonSerializationError: they are not valid.
        """
        found = self._metadata
        if found is None:
            found = self._read_metadata()
            self._metadata = found
        return found

    @property
    def metadata_text(self) -> bytes:
        """The metadata's JSON text, unread."""
        return self._data[self._metadata_start : self._metadata_end]

    @property
    def source(self) -> str | None:
        """Who sent the message, as its metadata say."""
        scan = self._scan
        return self.metadata.source if scan is None else scan.text(scan.source_start, scan.source_end)

    @property
    def destination(self) -> str | None:
        """Who the message is for, as its metadata say."""
        scan = self._scan
        if scan is None:
            return self.metadata.destination
        return scan.text(scan.destination_start, scan.destination_end)

    def _read_content(self) -> object:
        try:
            return decode_json_part(self._data, self._content_start, self._content_end)
        except JsonSerializationError:
            # Perhaps unknown keys stand beside it, which only the general reader can tell.
            return read_envelope(self._data).content

    def _read_metadata(self) -> MessageMetadata:
        if COMPILED and self._scan is not None:
            found = read_metadata_at(Reader(self._data, self._metadata_start))
            if found is not None:
                return found
        return read_metadata(self.metadata_text)


def open_envelope(data: bytes) -> Envelope | None:
    """A compact envelope in the usual order; its content and the values of its properties are left unread.

    Returns:
        None on any surprise: the general reader then decides.
    """
    if not COMPILED:
        whole = read_compact_envelope(data)
        return _open_plain(data) if whole is None else whole
    scan = EnvelopeScan(data)
    if not scan.find_metadata():
        return None
    if not scan.find_fields():
        return read_compact_envelope(data)
    found = Envelope(data, CONTENT_START, scan.content_end, scan.metadata_start, len(data) - 1)
    found._scan = scan
    return found


def _open_plain(data: bytes) -> Envelope | None:
    """As `open_envelope`, interpreted, for metadata that cannot be read as a whole."""
    content_end = _end_of_content(data)
    start = content_end + len(_METADATA) - 1
    scan = None if content_end < 0 else scan_plain(data, content_end, start)
    if scan is None:
        return None
    found = Envelope(data, CONTENT_START, content_end, start, len(data) - 1)
    found._scan = scan
    return found


def _end_of_content(data: bytes) -> int:
    """Where the content of a compact envelope ends; -1 when it is none."""
    found = data.rfind(_METADATA)
    if found <= CONTENT_START or not data.endswith(b"}}") or _BEGINNING.match(data) is None:
        return -1
    return found


def read_compact_envelope(data: bytes) -> Envelope | None:
    """As `open_envelope`, with the metadata read; None on any surprise in them as well."""
    metadata: MessageMetadata | None = None
    end: i64 = len(data) - 1
    start: i64
    if COMPILED:
        scan = EnvelopeScan(data)
        if not scan.find_metadata():
            return None
        content_end: i64 = scan.content_end
        start = scan.metadata_start
        reader = Reader(data, start)
        metadata = read_metadata_at(reader)
        if reader.position != end:
            metadata = None
    else:
        content_end = _end_of_content(data)
        if content_end < 0:
            return None
        start = content_end + len(_METADATA) - 1
    if metadata is None:
        try:
            metadata = read_metadata(data[start:end])
        except JsonSerializationError:
            return None
    found = Envelope(data, CONTENT_START, content_end, start, end)
    found._metadata = metadata
    return found


def end_of_plain_content(data: bytes) -> i64:
    """Where the content ends in a compact envelope with empty metadata; -1 for any other text."""
    if COMPILED:
        return EnvelopeScan(data).end_of_plain_content()
    if data.endswith(_NO_METADATA) and _BEGINNING.match(data) is not None:
        return len(data) - len(_NO_METADATA)
    return -1


def read_envelope(data: bytes) -> Envelope:
    """An envelope in any valid form; all of it is checked.

    Raises:
        JsonSerializationError: not JSON, not an envelope, or one with a known field twice.
    """
    value = decode_json(data)
    members = read_members(data)
    if members is None or not isinstance(value, dict):
        raise JsonSerializationError("expected a message object")
    places: dict[str, Member] = {}
    for member in members:
        places[member.key] = member
    if "id" not in places:
        raise JsonSerializationError("missing field `id`")
    identifier: object = value["id"]
    canonical = find_canonical(identifier) if isinstance(identifier, str) else None
    if canonical is None:
        raise JsonSerializationError("field `id` is not a UUID")
    if "content" not in places:
        raise JsonSerializationError("missing field `content`")
    content = places["content"]
    metadata = places["metadata"] if "metadata" in places else Member("metadata", b"", 0)
    found = Envelope(data, content.start, content.end, metadata.start, metadata.end)
    found._id = canonical
    found._content = value["content"]
    found._content_is_read = True
    found._metadata = read_metadata(metadata.text or b"{}")
    repeated = repeated_field(members, ENVELOPE_FIELDS)
    if repeated is not None:
        raise RepeatedField(repeated)
    return found
