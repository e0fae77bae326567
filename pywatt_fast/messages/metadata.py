"""The metadata of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import JsonSerializationError, RepeatedField
from ..json_text.codec import decode_json, encode_json, encode_json_sorted
from ..json_text.members import Member, read_members, shows_all_keys
from ..json_text.reader import Reader
from ..json_text.scan import end_of_object
from ..json_text.writer import write_string
from ..variant import COMPILED, expect, expect_optional

if TYPE_CHECKING:
    from typing import Self

    from mypy_extensions import i64, u8

if COMPILED:
    from librt.strings import BytesWriter

METADATA_FIELDS: Final = ("id", "timestamp", "source", "destination", "properties")
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1


@final
class MessageMetadata:
    """What travels beside the content of a message; absent fields are not written.

    Args:
        id: free text that serves as the message's kind.
        timestamp: a signed 64-bit integer, by custom Unix seconds.
        source: who sent it.
        destination: who it is for.
        properties: any JSON object.
    """

    def __init__(
        self,
        id: str | None = None,
        timestamp: int | None = None,
        source: str | None = None,
        destination: str | None = None,
        properties: dict[str, object] | None = None,
    ) -> None:
        # Most fields are absent, and a call for each of them would double the time that this takes.
        if not COMPILED:
            if id is not None:
                expect_optional(id, str, "str")
            if timestamp is not None:
                expect_optional(timestamp, int, "int")
            if source is not None:
                expect_optional(source, str, "str")
            if destination is not None:
                expect_optional(destination, str, "str")
            if properties is not None:
                expect_optional(properties, dict, "dict")
        self.id = id
        self.timestamp = timestamp
        self.source = source
        self.destination = destination
        self.properties = properties

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MessageMetadata):
            return NotImplemented
        return (
            self.id == other.id
            and self.timestamp == other.timestamp
            and self.source == other.source
            and self.destination == other.destination
            and self.properties == other.properties
        )

    def with_id(self, id: str) -> Self:
        """Set the id and return the metadata itself."""
        self.id = id
        return self

    def with_timestamp(self, timestamp: int) -> Self:
        """Set the timestamp and return the metadata itself."""
        self.timestamp = timestamp
        return self

    def with_source(self, source: str) -> Self:
        """Set the source and return the metadata itself."""
        self.source = source
        return self

    def with_destination(self, destination: str) -> Self:
        """Set the destination and return the metadata itself."""
        self.destination = destination
        return self

    def with_property(self, key: str, value: object) -> Self:
        """Set one property, creating the map if there is none, and return the metadata itself.

        Raises:
            JsonSerializationError: JSON cannot hold the value.
        """
        if not COMPILED:
            expect(key, str, "str")
        encode_json(value)
        if self.properties is None:
            self.properties = {}
        self.properties[key] = value
        return self

    def to_json(self) -> bytes:
        """The JSON text, `{}` when every field is absent.

        Raises:
            JsonSerializationError: a field has a type or range that the wire does not know.
        """
        if COMPILED:
            writer = BytesWriter()
            write_metadata(writer, self)
            return writer.getvalue()
        parts: list[bytes] = []
        _add_text(parts, b'"id":', "id", self.id)
        if self.timestamp is not None:
            parts.append(b'"timestamp":%d' % _checked_timestamp(self.timestamp))
        _add_text(parts, b'"source":', "source", self.source)
        _add_text(parts, b'"destination":', "destination", self.destination)
        if self.properties is not None:
            parts.append(b'"properties":' + encode_json_sorted(_checked_properties(self.properties)))
        return b"{" + b",".join(parts) + b"}"


def write_metadata(writer: BytesWriter, metadata: MessageMetadata) -> None:
    """Write metadata in place: for the compiled variant only.

    Raises:
        JsonSerializationError: a field has a type or range that the wire does not know.
    """
    start: i64 = len(writer)
    # Each field is written with a comma before it; the first comma then becomes the brace.
    _write_text(writer, b',"id":', metadata.id)
    timestamp = metadata.timestamp
    if timestamp is not None:
        writer.write(b',"timestamp":%d' % _checked_timestamp(timestamp))
    _write_text(writer, b',"source":', metadata.source)
    _write_text(writer, b',"destination":', metadata.destination)
    properties = metadata.properties
    if properties is not None:
        writer.write(b',"properties":')
        writer.write(encode_json_sorted(_checked_properties(properties)))
    if len(writer) == start:
        writer.append(0x7B)
    else:
        writer[start] = u8(0x7B)
    writer.append(0x7D)


def _write_text(writer: BytesWriter, key: bytes, value: str | None) -> None:
    if value is None:
        return
    writer.write(key)
    try:
        write_string(writer, value)
    except UnicodeEncodeError:
        encode_json(value)


def _add_text(parts: list[bytes], key: bytes, name: str, value: object) -> None:
    if value is not None:
        parts.append(key + encode_json(_checked_text(value, name)))


def _checked_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise JsonSerializationError(f"metadata.{name}: expected a string")
    return value


def _checked_timestamp(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not _SMALLEST <= value <= _LARGEST:
        raise JsonSerializationError("metadata.timestamp: expected a signed 64-bit integer", None, _LARGEST)
    return value


def _checked_properties(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise JsonSerializationError("metadata.properties: expected an object")
    return value


def repeated_field(members: list[Member], known: tuple[str, ...]) -> str | None:
    """The first of the known fields that occurs twice."""
    seen: set[str] = set()
    for member in members:
        if member.key in seen:
            return member.key
        if member.key in known:
            seen.add(member.key)
    return None


def read_metadata_at(reader: Reader) -> MessageMetadata | None:
    """Step over compact metadata with each field at most once and no escapes; None on any surprise."""
    found = MessageMetadata()
    if not reader.take_byte(0x7B):
        return None
    if reader.take_byte(0x7D):
        return found
    seen: i64 = 0
    while True:
        field: i64 = reader.byte(1)
        if seen & (1 << (field & 31)) != 0 or not _read_field(reader, field, found):
            return None
        seen |= 1 << (field & 31)
        if not reader.take_byte(0x2C):
            return found if reader.take_byte(0x7D) else None


def _read_field(reader: Reader, initial: i64, found: MessageMetadata) -> bool:
    """One field into the metadata, told by its first letter; all five differ, also in their five low bits."""
    if initial == 0x73 and reader.take(b'"source":'):
        found.source = reader.string()
        return found.source is not None
    if initial == 0x64 and reader.take(b'"destination":'):
        found.destination = reader.string()
        return found.destination is not None
    if initial == 0x70 and reader.take(b'"properties":'):
        found.properties = _read_properties(reader)
        return found.properties is not None
    if initial == 0x69 and reader.take(b'"id":'):
        found.id = reader.string()
        return found.id is not None
    if initial == 0x74 and reader.take(b'"timestamp":'):
        number: i64 = reader.integer()
        found.timestamp = number
        return number >= 0
    return False


def _read_properties(reader: Reader) -> dict[str, object] | None:
    start: i64 = reader.position
    properties = reader.flat_object()
    if properties is not None:
        return properties
    reader.position = start
    if reader.byte() != 0x7B:
        return None
    end: i64 = end_of_object(reader.data, start)
    if end < 0:
        return None
    reader.position = end
    try:
        value = decode_json(reader.data[start:end])
    except JsonSerializationError:
        return None
    return value if isinstance(value, dict) else None


def read_metadata(text: bytes) -> MessageMetadata:
    """Metadata from its JSON text; unknown fields are ignored, null is absent.

    Raises:
        JsonSerializationError: not an object, a field of the wrong type, or a known field twice.
    """
    if text == b"{}":
        return MessageMetadata()
    value = decode_json(text)
    if not isinstance(value, dict):
        raise JsonSerializationError("metadata: expected an object")
    fields: dict[str, object] = value
    keys = len(fields)
    found = MessageMetadata()
    for name, field in fields.items():
        if field is None:
            continue
        if name == "source":
            found.source = _checked_text(field, name)
        elif name == "destination":
            found.destination = _checked_text(field, name)
        elif name == "id":
            found.id = _checked_text(field, name)
        elif name == "timestamp":
            found.timestamp = _checked_timestamp(field)
        elif name == "properties":
            found.properties = _checked_properties(field)
            keys += len(found.properties)
    if not shows_all_keys(text, keys):
        repeated = repeated_field(read_members(text) or [], METADATA_FIELDS)
        if repeated is not None:
            raise RepeatedField(repeated, "metadata: ")
    return found
