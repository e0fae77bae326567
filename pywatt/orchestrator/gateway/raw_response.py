"""Answers whose header fields go to the client byte for byte.

aiohttp writes header values as UTF-8 and adds fields of its own; a gateway must hand on what the module said.
These classes keep to aiohttp's public interface: `prepare`, `write_eof`, `keep_alive`, the request's writer.
"""

import asyncio
import time
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

Fields = Sequence[tuple[bytes, bytes]]

# How long a client may take nothing of an answer before it is given up.
SEND_STALL_SECONDS = 60.0
_SLICE = 256 * 1024
_COALESCED = 32 * 1024
# Above it a transport does not take more before the client has read; what it holds below that costs no wait.
_HIGH_WATER = 64 * 1024
_HTTP_1_1 = (1, 1)
_EMPTY_STATUSES = frozenset({204, 304})
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("latin-1") for status in HTTPStatus
}


class RawResponse(web.StreamResponse):
    """A whole answer: the head and the body are written together.

    Args:
        status: the HTTP status.
        fields: header fields, without those that describe the connection or the length.
        body: the whole body.
        declared_length: the length to state where no body may follow (HEAD); that of `body` when absent.
    """

    def __init__(
        self, status: int, fields: Fields, body: bytes = b"", declared_length: bytes | None = None
    ) -> None:
        # Not the base's constructor: it builds a header map that is never used here.
        self._status = status
        self._fields = fields
        self._whole = body
        self._declared_length = declared_length
        self._closes = False
        self._written = False
        self._keeps = True

    @property
    def keep_alive(self) -> bool:
        """Whether the connection serves another request after this."""
        return self._keeps

    def force_close(self) -> None:
        """Close the connection after this answer."""
        self._closes = True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write the head and, unless none may follow, the body.

        Raises:
            TimeoutError: the client took nothing for `SEND_STALL_SECONDS`.
        """
        if self._written:
            return request.writer
        self._written = True
        self._keeps = request.keep_alive and not self._closes
        body = self._whole
        length: bytes | None = b"%d" % len(body)
        if self._status in _EMPTY_STATUSES:
            length = None
            body = b""
        elif request.method == "HEAD":
            length = self._declared_length or length
            body = b""
        transport = _open_transport(request)
        head = write_head(request, self._status, self._fields, self._keeps, length=length)
        if len(body) <= _COALESCED:
            transport.write(head + body)
        else:
            transport.write(head)
            await send_slices(request, body)
        await _drain(request, transport)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


class StreamedResponse(web.StreamResponse):
    """An answer whose body follows piece by piece.

    Args:
        status: the HTTP status.
        reason: the phrase beside it; the usual one when absent.
        fields: header fields, `content-length` included where the length is known.
    """

    def __init__(self, status: int, reason: str | None, fields: Fields) -> None:
        # Not the base's constructor: it builds a header map that is never used here.
        self._status = status
        self._reason = reason or ""
        self._phrase = reason
        self._fields = fields
        self._keeps = True
        self._begun = False
        self._chunked = False
        self._writer: AbstractStreamWriter | None = None

    @property
    def keep_alive(self) -> bool:
        """Whether the connection serves another request after this."""
        return self._keeps

    def force_close(self) -> None:
        """Close the connection after this answer."""
        self._keeps = False

    @property
    def begun(self) -> bool:
        """Whether the head was written."""
        return self._begun

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write the head, once."""
        if not self._begun:
            await self.begin(request, b"")
        return request.writer

    async def begin(self, request: web.BaseRequest, piece: bytes) -> None:
        """Write the head and the first piece of the body, in one packet if that is small.

        Args:
            request: what is answered.
            piece: what there is of the body so far; may be empty.

        Raises:
            ConnectionResetError: the client left.
            TimeoutError: the client took nothing for `SEND_STALL_SECONDS`.
        """
        transport = _open_transport(request)
        self._begun = True
        self._writer = request.writer
        self._keeps = self._keeps and request.keep_alive
        if not has_no_body(request.method, self.status) and not any(
            name == b"content-length" for name, _ in self._fields
        ):
            # Without a length, the end is marked by chunks or, for an old client, by closing.
            self._chunked = request.version >= _HTTP_1_1
            self._keeps = self._keeps and self._chunked
        head = write_head(
            request, self.status, self._fields, self._keeps, chunked=self._chunked, reason=self._phrase
        )
        if self._chunked:
            self._writer.enable_chunking()  # for the end
        if len(piece) > _COALESCED:
            transport.write(head)
            await self.send(request, piece)
        elif piece and self._chunked:
            transport.write(b"%b%x\r\n%b\r\n" % (head, len(piece), piece))
        else:
            transport.write(head + piece)

    async def send(self, request: web.BaseRequest, piece: bytes) -> None:
        """Write another piece of the body, as fast as the client takes it.

        Args:
            request: what is answered.
            piece: not empty.

        Raises:
            ConnectionResetError: the client left.
            TimeoutError: the client took nothing for `SEND_STALL_SECONDS`.
        """
        transport = _open_transport(request)
        if self._chunked:
            transport.write(b"%x\r\n" % len(piece))
            transport.write(piece)
            transport.write(b"\r\n")
        else:
            transport.write(piece)
        await _drain(request, transport)

    async def write_eof(self, data: bytes = b"") -> None:
        """Mark the end of the body."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.write_eof(data)


class HandedOverResponse(web.StreamResponse):
    """What is left to say after a connection was used for something else than an HTTP answer.

    Args:
        status: of the head that the client got; 0 when it cannot have got a whole answer.
    """

    keep_alive = False

    def __init__(self, status: int = 0) -> None:
        super().__init__(status=status)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write nothing."""
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""


def has_no_body(method: str, status: int) -> bool:
    """Tell whether an answer ends with its head (RFC 9110, section 6.4.1)."""
    return method == "HEAD" or status in _EMPTY_STATUSES


def write_head(
    request: web.BaseRequest,
    status: int,
    fields: Fields,
    keep_alive: bool,
    *,
    length: bytes | None = None,
    chunked: bool = False,
    reason: str | None = None,
) -> bytes:
    """Write status line and header fields.

    Args:
        request: what is answered; its HTTP version decides how the connection is kept.
        status: the HTTP status.
        fields: names and values as they are to be sent.
        keep_alive: False announces that the connection will close.
        length: the content-length to state.
        chunked: announce the chunked coding.
        reason: the phrase beside the status; the usual one when absent.
    """
    line = _STATUS_LINES.get(status) if reason is None else None
    if line is None:
        line = f"HTTP/1.1 {status} {reason or ''}\r\n".encode("latin-1", "replace")
    # One join of many small pieces takes half the time that formatting field by field takes.
    pieces = [line]
    dated = False
    for name, value in fields:
        dated = dated or name == b"date"
        pieces += (name, b": ", value, b"\r\n")
    if not dated:
        pieces.append(_date_field())
    if length is not None:
        pieces += (b"content-length: ", length, b"\r\n")
    if chunked:
        pieces.append(b"transfer-encoding: chunked\r\n")
    if request.version >= _HTTP_1_1:
        pieces.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    else:
        pieces.append(b"connection: keep-alive\r\n\r\n" if keep_alive else b"\r\n")
    return b"".join(pieces)


async def send_slices(request: web.BaseRequest, body: bytes) -> None:
    """Write a large body as fast as the client takes it.

    Args:
        request: what is answered.
        body: what remains to be sent.

    Raises:
        TimeoutError: the client took nothing for `SEND_STALL_SECONDS`.
        ConnectionResetError: the client left.
    """
    view = memoryview(body)
    for start in range(0, len(body), _SLICE):
        transport = _open_transport(request)
        transport.write(view[start : start + _SLICE])
        await _drain(request, transport)


def _open_transport(request: web.BaseRequest) -> asyncio.Transport:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client left")
    return transport


async def _drain(request: web.BaseRequest, transport: asyncio.Transport) -> None:
    """Wait until the client takes what was written, if that is much."""
    if transport.get_write_buffer_size() > _HIGH_WATER:
        async with asyncio.timeout(SEND_STALL_SECONDS):
            await request.writer.drain()


class _DateField:
    """The `date` field, written anew once a second."""

    second = -1
    text = b""


def _date_field() -> bytes:
    now = int(time.time())
    if now != _DateField.second:
        _DateField.second = now
        _DateField.text = b"date: " + formatdate(now, usegmt=True).encode("ascii") + b"\r\n"
    return _DateField.text
