"""Messages straight into frames: what stays the same from message to message is kept as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import CoreError, FrameTooLarge, InvalidFormat
from ..framing.frames import frame_header
from ..framing.headers import CODE_JSON, HEADER_SIZE
from ..json_text.codec import encode_json
from ..variant import COMPILED, expect, expect_optional
from .identifiers import find_canonical, new_identifier, write_identifier
from .metadata import MessageMetadata

if TYPE_CHECKING:
    from mypy_extensions import i64, u8

if COMPILED:
    from librt.strings import BytesWriter

MAX_PENDING: Final = 128 * 1024 * 1024

_BEFORE_ID: Final = b'\x01{"id":"'
_AFTER_ID: Final = b'","content":'
_BEGINNING: Final = 4 + len(_BEFORE_ID) + 36 + len(_AFTER_ID)
# From so many bytes on, the content is copied once into its frame instead of twice through the buffer.
_LARGE: Final = 16384


@final
class MessageWriter:
    """Writes messages of one sender to one receiver as frames with format code 1.

    Args:
        metadata: of every message; their text is made once.
        max_frame: payload bytes allowed.

    Raises:
        JsonSerializationError: the metadata have no JSON form.
    """

    def __init__(self, metadata: MessageMetadata | None = None, max_frame: int = 64 * 1024 * 1024) -> None:
        if not COMPILED:
            expect_optional(metadata, MessageMetadata, "pywatt_fast.messages.metadata.MessageMetadata")
            expect(max_frame, int, "int")
        text = b"{}" if metadata is None else metadata.to_json()
        self._tail: Final = b',"metadata":' + text + b"}"
        self._max_frame: Final = max_frame
        self._parts: list[bytes] = []
        self._pending: i64 = 0
        if COMPILED:
            self._single: Final = BytesWriter()
            self._batch: BytesWriter = BytesWriter()

    @property
    def pending(self) -> int:
        """Bytes that `take` would return."""
        return self._pending

    def frame(self, content: object, id: str | None = None) -> bytes:
        """The frame of one message; the keys of the content keep their order.

        Args:
            content: any JSON value.
            id: a UUID in any accepted form; fresh when not given.

        Raises:
            JsonSerializationError: JSON cannot hold the content.
            FrameTooLarge: the message is longer than allowed.
            InvalidFormat: the id is not a UUID.
        """
        if not COMPILED:
            expect_optional(id, str, "str")
        identifier = b"" if id is None else _canonical(id)
        text = encode_json(content)
        size = self._checked_size(text)
        if not COMPILED:
            return self._joined(text, size, identifier)
        writer = self._single
        writer.truncate(0)
        _begin(writer, size, identifier)
        if len(text) >= _LARGE:
            return b"%b%b%b" % (writer.getvalue(), text, self._tail)
        writer.write(text)
        writer.write(self._tail)
        return writer.getvalue()

    def add(self, content: object) -> None:
        """Append the frame of one message, as `frame` makes it, to those that `take` returns.

        Raises:
            JsonSerializationError, FrameTooLarge: as for `frame`; nothing is appended.
            CoreError: too much is pending already.
        """
        text = encode_json(content)
        size = self._checked_size(text)
        if self._pending > MAX_PENDING - size:
            raise CoreError("too many pending frames: take them first", None, MAX_PENDING)
        self._pending += HEADER_SIZE + size
        if not COMPILED:
            self._parts.append(self._joined(text, size, b""))
            return
        writer = self._batch
        _begin(writer, size, b"")
        writer.write(text)
        writer.write(self._tail)

    def take(self) -> bytes:
        """The frames appended since the last call, in order, ready for one write."""
        self._pending = 0
        if not COMPILED:
            whole = b"".join(self._parts)
            self._parts = []
            return whole
        whole = self._batch.getvalue()
        self._batch.truncate(0)
        return whole

    def _checked_size(self, text: bytes) -> int:
        size = _BEGINNING - HEADER_SIZE + len(text) + len(self._tail)
        if size > self._max_frame:
            raise FrameTooLarge(size, self._max_frame)
        return size

    def _joined(self, text: bytes, size: int, identifier: bytes) -> bytes:
        if not identifier:
            identifier = new_identifier().encode("ascii")
        return b'%b{"id":"%b","content":%b%b' % (frame_header(CODE_JSON, size), identifier, text, self._tail)


def _canonical(id: str) -> bytes:
    found = find_canonical(id)
    if found is None:
        raise InvalidFormat("the id is not a UUID")
    return found.encode("ascii")


def _begin(writer: BytesWriter, size: i64, identifier: bytes) -> None:
    """The header, the id, fresh where none is given, and all else that comes before the content."""
    writer.append(u8((size >> 24) & 0xFF))
    writer.append(u8((size >> 16) & 0xFF))
    writer.append(u8((size >> 8) & 0xFF))
    writer.append(u8(size & 0xFF))
    writer.write(_BEFORE_ID)
    if identifier:
        writer.write(identifier)
    else:
        write_identifier(writer)
    writer.write(_AFTER_ID)
