"""Messages and their encoded form."""

from __future__ import annotations

from typing import Final, final

from ..errors import (
    FrameTooLarge,
    InvalidFormat,
    JsonSerializationError,
)
from ..framing.frames import encode_frame
from ..json_text.byte_arrays import encode_byte_array
from ..json_text.codec import decode_json, encode_json_sorted
from ..variant import COMPILED, expect, expect_optional
from .base64_text import encode_base64
from .binary_form import is_bincode, kind_by_schema, read_binary, read_binary_content, unwrapped, write_binary
from .blocking_io import Reader, Writer, read_exactly
from .envelope import Envelope, open_envelope, read_compact_envelope, read_envelope
from .envelope_scan import EnvelopeScan
from .formats import (
    AUTO,
    BASE64,
    BINARY,
    CODES,
    FORMATS_BY_CODE,
    JSON,
    NAMES,
    EncodingFormat,
    converted,
    read_nested,
    read_nested_text,
    text_of,
    unsupported,
)
from .identifiers import find_canonical, new_identifier
from .json_form import pretty_message, read_json, read_json_content
from .metadata import MessageMetadata, write_metadata

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
        return pretty_message(self.id, self.content, self.metadata)

    def to_bytes(self, schema: object, bare: bool = False) -> bytes:
        """The bincode form, which every peer of ours and the crate can read; it does not hold the id.

        Args:
            schema: of the content, a `bincode.Schema` or its notation.
            bare: write metadata as the crate itself does, which its own reader then loses.

        Raises:
            InvalidSchema: the notation is not valid.
            BinaryConversionError: the content does not fit the schema, or the metadata the wire.
        """
        return write_binary(self.content, self.metadata, schema, bare)


def _utf8(text: bytes | str) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise JsonSerializationError("lone surrogate in the text") from None


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
    def from_message_binary(message: Message, schema: object, bare: bool = False) -> EncodedMessage:
        """The bincode form of a message; arguments and refusals as of `Message.to_bytes`."""
        return EncodedMessage(message.to_bytes(schema, bare), BINARY)

    @staticmethod
    def from_message_base64(message: Message, schema: object, bare: bool = False) -> EncodedMessage:
        """The bincode form of a message in base64; arguments and refusals as of `Message.to_bytes`."""
        return EncodedMessage(encode_base64(message.to_bytes(schema, bare)), BASE64)

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
        data, format = read_nested_text(_utf8(text))
        return EncodedMessage(data, format)

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
        text = unwrapped(self.data, self.format)
        is_bincode(text, self.format, None)
        found = open_envelope(text)
        return read_envelope(text) if found is None else found

    def decode(self, schema: object = None) -> object:
        """The content, or the whole value when the data is not an envelope.

        Args:
            schema: of the content, for data that turns out to be bincode; what follows it is left alone.

        Raises:
            MessageError: the data is not what the format says.
            InvalidSchema: the notation is not valid.
        """
        data = unwrapped(self.data, self.format)
        if self.format is AUTO:
            return decode_json(data)
        if is_bincode(data, self.format, schema):
            return read_binary_content(data, schema)
        return read_json_content(data)

    def decode_full(self, schema: object = None) -> Message:
        """The whole message; in JSON the envelope is mandatory, and from bincode the message gets a fresh id.

        Args:
            schema: of the content, for data that turns out to be bincode.

        Raises:
            MessageError: the data is not a message in the form that the format says.
            InvalidSchema: the notation is not valid.
        """
        data = unwrapped(self.data, self.format)
        if is_bincode(data, self.format, schema):
            content, metadata = read_binary(data, schema)
            return Message(content, metadata)
        envelope = read_json(data)
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

    def peek_kind(self, schema: object = None) -> str:
        """What kind of message this is: a text for people and logs.

        Args:
            schema: of the content, without which the kind of a bincode message is "Unknown".

        Raises:
            UnsupportedFormat: the format is Auto.
            InvalidSchema: the notation is not valid.
        """
        return kind_by_schema(self.data, self.format, schema)

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
        envelope = open_envelope(self.data) if not COMPILED and self.format is JSON else None
        if envelope is None:
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


def encoded_of_value(value: object) -> EncodedMessage:
    """An encoded message from its decoded nested form.

    Raises:
        JsonSerializationError: the value is not one.
    """
    data, format = read_nested(value)
    return EncodedMessage(data, format)
