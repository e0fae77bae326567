"""Messages and their encoded form."""

from __future__ import annotations

from typing import Final, final

from ..errors import (
    BinaryDecodingError,
    ByteArrayError,
    FrameTooLarge,
    InvalidFormat,
    JsonSerializationError,
    RepeatedField,
)
from ..framing.frames import encode_frame
from ..json_text.byte_arrays import bytes_of_list, encode_byte_array
from ..json_text.codec import decode_json, encode_json_pretty, encode_json_sorted
from ..json_text.members import read_members
from ..variant import COMPILED, expect, expect_optional
from .base64_text import decode_base64
from .blocking_io import Reader, Writer, read_exactly
from .envelope import Envelope, open_envelope, read_compact_envelope, read_envelope
from .envelope_scan import EnvelopeScan
from .formats import (
    AUTO,
    BASE64,
    BINARY,
    CODES,
    FORMATS_BY_CODE,
    FORMATS_BY_NAME,
    JSON,
    NAMES,
    EncodingFormat,
    converted,
    kind_of,
    text_of,
    unsupported,
)
from .identifiers import find_canonical, new_identifier
from .metadata import MessageMetadata, repeated_field, write_metadata

if COMPILED:
    from librt.strings import BytesWriter

_LARGEST_FRAME: Final = 2**32 - 1
_DEFAULT_LIMIT: Final = 64 * 1024 * 1024
# From so many bytes on, the content is copied once into the message instead of twice through a buffer.
_LARGE: Final = 16384


@final
class Message:
    """A content with an identifier and metadata.

    Args:
        content: any JSON value.
        metadata: empty when not given.
        id: a UUID in any accepted form; fresh when not given.

    Raises:
        InvalidFormat: the id is not a UUID.
    """

    def __init__(
        self, content: object, metadata: MessageMetadata | None = None, id: str | None = None
    ) -> None:
        if not COMPILED:
            expect_optional(metadata, MessageMetadata, "pywatt_fast.messages.metadata.MessageMetadata")
            expect_optional(id, str, "str")
        canonical = new_identifier() if id is None else find_canonical(id)
        if canonical is None:
            raise InvalidFormat("the id is not a UUID")
        self.id: str = canonical
        self.content = content
        self.metadata: MessageMetadata = MessageMetadata() if metadata is None else metadata

    @staticmethod
    def new(content: object) -> Message:
        """A message with a fresh id and no metadata."""
        return Message(content)

    @staticmethod
    def with_metadata(content: object, metadata: MessageMetadata) -> Message:
        """A message with a fresh id and this metadata."""
        return Message(content, metadata)

    @staticmethod
    def from_json(text: bytes | str) -> Message:
        """Read an envelope.

        Raises:
            JsonSerializationError: the text is not a message.
        """
        return EncodedMessage(_utf8(text), JSON).decode_full()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.id == other.id and self.content == other.content and self.metadata == other.metadata

    def into_payload(self) -> object:
        """The content."""
        return self.content

    def ensure_metadata(self) -> MessageMetadata:
        """The metadata, to be changed in place."""
        return self.metadata

    def set_metadata(self, metadata: MessageMetadata) -> None:
        """Replace the metadata."""
        self.metadata = metadata

    def to_json(self) -> bytes:
        """The compact JSON text; keys inside the content are sorted, as in the crate's generic map.

        Raises:
            JsonSerializationError: JSON cannot hold the content or the metadata.
        """
        identifier = self.id.encode("ascii")
        content = encode_json_sorted(self.content)
        if not COMPILED or len(content) >= _LARGE:
            return b'{"id":"%b","content":%b,"metadata":%b}' % (identifier, content, self.metadata.to_json())
        writer = BytesWriter()
        writer.write(b'{"id":"')
        writer.write(identifier)
        writer.write(b'","content":')
        writer.write(content)
        writer.write(b',"metadata":')
        write_metadata(writer, self.metadata)
        writer.append(0x7D)
        return writer.getvalue()

    def encode(self) -> EncodedMessage:
        """The message in its JSON form, ready to be sent.

        Raises:
            JsonSerializationError: JSON cannot hold the content or the metadata.
        """
        return EncodedMessage(self.to_json(), JSON)

    def to_string(self) -> str:
        """The compact JSON text as a string."""
        return self.to_json().decode()

    def to_string_pretty(self) -> str:
        """The JSON text indented by two spaces."""
        parts = [
            '"id": "' + self.id + '"',
            '"content": ' + _indented(encode_json_pretty(self.content)),
            '"metadata": ' + _indented(_pretty_metadata(self.metadata)),
        ]
        return "{\n  " + ",\n  ".join(parts) + "\n}"


def _utf8(text: bytes | str) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise JsonSerializationError("lone surrogate in the text") from None


def _indented(text: bytes) -> str:
    # A newline inside a JSON string is escaped, so every newline here belongs to the layout.
    return text.decode().replace("\n", "\n  ")


def _pretty_metadata(metadata: MessageMetadata) -> bytes:
    lines: list[bytes] = []
    for member in read_members(metadata.to_json()) or []:
        value = encode_json_pretty(decode_json(member.text)).replace(b"\n", b"\n  ")
        lines.append(b'  "%b": %b' % (member.key.encode(), value))
    return b"{\n" + b",\n".join(lines) + b"\n}" if lines else b"{}"


@final
class EncodedMessage:
    """Bytes and how to understand them.

    Args:
        data: the bytes.
        format: JSON by default.
    """

    def __init__(self, data: bytes, format: EncodingFormat = EncodingFormat.JSON) -> None:
        if not COMPILED:
            expect(data, bytes, "bytes")
            expect(format, EncodingFormat, "pywatt_fast.messages.formats.EncodingFormat")
        self.data = data
        self.format = format

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EncodedMessage):
            return NotImplemented
        return self.format is other.format and self.data == other.data

    @staticmethod
    def new(data: bytes, format: EncodingFormat) -> EncodedMessage:
        """The same as the constructor."""
        return EncodedMessage(data, format)

    @staticmethod
    def from_message(message: Message) -> EncodedMessage:
        """The JSON form of a message."""
        return message.encode()

    @staticmethod
    def encode_with_format(message: Message, format: EncodingFormat) -> EncodedMessage:
        """The JSON form whatever the format asked for, as the crate has it: every peer can read it."""
        return message.encode()

    @staticmethod
    def from_json(text: bytes | str) -> EncodedMessage:
        """Read the nested form, `{"data":[1,2],"format":"Json"}`.

        Raises:
            JsonSerializationError: it is not one.
        """
        data = _utf8(text)
        value = decode_json(data)
        repeated = repeated_field(read_members(data) or [], ("data", "format"))
        if repeated is not None:
            raise RepeatedField(repeated)
        return encoded_of_value(value)

    def to_json(self) -> bytes:
        """The nested form, `{"data":[1,2],"format":"Json"}`."""
        return b'{"data":%b,"format":"%b"}' % (encode_byte_array(self.data), NAMES[self.format])

    def to_frame(self, max_frame: int = _LARGEST_FRAME) -> bytes:
        """The frame that carries the message.

        Args:
            max_frame: payload bytes allowed.

        Raises:
            UnsupportedFormat: the format is Auto.
            FrameTooLarge: the data is longer than allowed.
        """
        code = CODES.get(self.format)
        if code is None:
            raise unsupported(self.format)
        return encode_frame(code, self.data, max_frame)

    def write_to(self, writer: Writer) -> None:
        """Write the frame to anything with `write` and `flush`.

        Raises:
            UnsupportedFormat: the format is Auto; nothing is written.
            FrameTooLarge: the data does not fit a frame; nothing is written.
        """
        writer.write(self.to_frame())
        writer.flush()

    @staticmethod
    def read_from(reader: Reader, max_frame: int = _DEFAULT_LIMIT) -> EncodedMessage:
        """Read one frame from anything with a blocking `read`; a bad code is refused before the payload.

        Args:
            reader: where from.
            max_frame: payload bytes allowed.

        Raises:
            UnsupportedFormat: code 0.
            InvalidFormat: a code above 3.
            FrameTooLarge: the announced length is above the limit.
            MessageIoError: the input ended inside the frame.
        """
        size = int.from_bytes(read_exactly(reader, 4), "big")
        code = read_exactly(reader, 1)[0]
        format = FORMATS_BY_CODE.get(code)
        if format is None:
            raise unsupported(AUTO) if code == 0 else InvalidFormat("invalid format code")
        if size > max_frame:
            raise FrameTooLarge(size, max_frame)
        return EncodedMessage(read_exactly(reader, size), format)

    def open(self) -> Envelope:
        """The message with its content and the values of its properties unread until they are asked for.

        Raises:
            MessageError: the data is not an envelope in the form that the format says.
        """
        text = self._json_text()
        found = open_envelope(text)
        return read_envelope(text) if found is None else found

    def decode(self) -> object:
        """The content, or the whole value when the data is not an envelope.

        Raises:
            MessageError: the data is not what the format says.
        """
        text = self._json_text()
        if self.format is AUTO:
            return decode_json(text)
        envelope = read_compact_envelope(text)
        if envelope is not None:
            try:
                return envelope.content
            except JsonSerializationError:
                pass  # the general reader words the refusal
        value = decode_json(text)
        if not isinstance(value, dict) or "id" not in value or "content" not in value:
            return value
        try:
            return read_envelope(text).content
        except RepeatedField:
            raise
        except JsonSerializationError:
            return value

    def decode_full(self) -> Message:
        """The whole message; the envelope is mandatory.

        Raises:
            MessageError: the data is not an envelope in the form that the format says.
        """
        text = self._json_text()
        envelope = read_compact_envelope(text)
        if envelope is None:
            envelope = read_envelope(text)
        return Message(envelope.content, envelope.metadata, envelope.id)

    def to_string(self) -> str:
        """The data as text.

        Raises:
            UnsupportedFormat: the format is Binary or Auto.
            InvalidFormat: the data is not UTF-8.
        """
        if self.format is BINARY or self.format is AUTO:
            raise unsupported(self.format)
        return text_of(self.data)

    def to_format(self, format: EncodingFormat) -> EncodedMessage:
        """The data under another format, relabelled or base64-coded; never transcoded.

        Raises:
            UnsupportedFormat: Auto is involved.
            InvalidFormat: the data cannot be shown in that format.
            Base64DecodingError: the data is not canonical base64.
        """
        return EncodedMessage(converted(self.data, self.format, format), format)

    def peek_kind(self) -> str:
        """What kind of message this is: a text for people and logs.

        Raises:
            UnsupportedFormat: the format is Auto.
        """
        return kind_of(self.data, self.format)

    def peek_metadata(self) -> MessageMetadata | None:
        """The metadata, found without reading the content where the peer wrote the usual form.

        Returns:
            None when the data is not an envelope in JSON text.
        """
        envelope = self._peek()
        return None if envelope is None else envelope.metadata

    def peek_destination(self) -> str | None:
        """Who the message is for, found without reading the content where the peer wrote the usual form.

        Returns:
            None when the metadata name nobody, or the data is not an envelope in JSON text.
        """
        if COMPILED and self.format is JSON:
            scan = EnvelopeScan(self.data)
            if scan.find_parts():
                return scan.text(scan.destination_start, scan.destination_end)
        envelope = self._peek()
        return None if envelope is None else envelope.destination

    def _peek(self) -> Envelope | None:
        if self.format is BASE64 or self.format is AUTO:
            return None
        found = read_compact_envelope(self.data)
        if found is not None:
            return found
        try:
            return read_envelope(self.data)
        except JsonSerializationError:
            return None

    def _json_text(self) -> bytes:
        if self.format is BASE64:
            data = decode_base64(self.data)
        elif self.format is BINARY:
            data = self.data
        else:
            return self.data
        try:
            decode_json(data)
        except JsonSerializationError:
            raise BinaryDecodingError("binary decoding error: not JSON text, so a schema is needed") from None
        return data


def encoded_of_value(value: object) -> EncodedMessage:
    """An encoded message from its decoded nested form.

    Raises:
        JsonSerializationError: the value is not one.
    """
    if not isinstance(value, dict):
        raise JsonSerializationError("expected an encoded message object")
    for name in ("data", "format"):
        if name not in value:
            raise JsonSerializationError(f"missing field `{name}`")
    try:
        data = bytes_of_list(value["data"], "data")
    except ByteArrayError as error:
        raise JsonSerializationError(str(error)) from None
    wanted: object = value["format"]
    format = FORMATS_BY_NAME.get(wanted) if isinstance(wanted, str) else None
    if format is None:
        raise JsonSerializationError("format: expected Json, Binary, Base64 or Auto")
    return EncodedMessage(data, format)
