"""Passes requests on to a module that serves plain HTTP itself, streaming both ways."""

import asyncio
import logging
from collections.abc import Set
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Final

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ServerDisconnectedError,
    ServerTimeoutError,
    hdrs,
    web,
)
from aiohttp.http import HttpProcessingError, RawResponseMessage, StreamWriter

from pywatt.http.headers import HOP_BY_HOP
from pywatt.messaging.deadlines import Deadlines
from pywatt.orchestrator.gateway.connection_pool import CONNECT_SECONDS, ConnectionPool
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError, request_id_field
from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.plain_request import is_chunked, request_head
from pywatt.orchestrator.gateway.raw_response import HandedOverResponse, StreamedResponse, has_no_body
from pywatt.orchestrator.gateway.request_body import body_pieces
from pywatt.orchestrator.gateway.upstream_connection import UpstreamAnswer, UpstreamConnection
from pywatt.orchestrator.gateway.websocket_proxy import Tunnels, asks_for_websocket
from pywatt.protocol.listen import ListenAddress, TcpAddress

logger = logging.getLogger(__name__)

_HOP_BY_HOP: Final = frozenset(name.encode("ascii") for name in HOP_BY_HOP)
_NO_CONTEXT: Final = nullcontext()
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class PlainUpstream:
    """The HTTP address of one process of a module.

    Args:
        address: where the module listens.
        generation: the number of the process.
        timeout: how long it may take until the first byte of its answer, in seconds.
        tunnels: takes over connections that became WebSockets.
    """

    def __init__(self, address: ListenAddress, generation: int, timeout: float, tunnels: Tunnels) -> None:
        self.address = address
        self._generation = generation
        self._users = 0
        self._retired = False
        self._timeout = timeout
        self._deadlines = Deadlines()
        self._tunnels = tunnels
        self._host = str(address) if isinstance(address, TcpAddress) else "localhost"
        self._connections = ConnectionPool(address)

    def close(self) -> None:
        """Close all connections; those in use as soon as they are not."""
        self._deadlines.close()
        self._connections.close()

    def leads_to(self, address: ListenAddress, generation: int) -> bool:
        """Tell whether these are connections to a process.

        Args:
            address: where it listens.
            generation: its number.
        """
        return self.address == address and self._generation == generation

    def retire(self) -> None:
        """Close all connections as soon as the answers that are still on their way have been passed on."""
        self._retired = True
        if not self._users:
            self.close()

    async def pass_on(self, exchange: Exchange) -> web.StreamResponse:
        """Send the request to the module and its answer to the client.

        Args:
            exchange: the request; its client's leaving cancels this and closes the upstream connection.

        Raises:
            RequestRefusedError: the module gave no answer.
        """
        exchange.module.link.expect_calls()
        self._users += 1
        try:
            answer = await self._answer_of(exchange)
            try:
                status = answer.head.code
                if status == HTTPStatus.SWITCHING_PROTOCOLS and asks_for_websocket(exchange.request.headers):
                    return await self._tunnels.join(exchange, answer)
                if status < HTTPStatus.OK:
                    raise exchange.refusal(
                        HTTPStatus.BAD_GATEWAY, f"the module answered with the status {status}, unasked"
                    )
                with _without_end(exchange, answer):
                    return await _relay(exchange, answer)
            finally:
                self._connections.hand_back(answer.connection)
        finally:
            self._users -= 1
            if self._retired and not self._users:
                self.close()

    async def _answer_of(self, exchange: Exchange) -> UpstreamAnswer:
        """Send the request and wait for the head of the answer."""
        name = exchange.module.name
        try:
            return await self._ask(exchange)
        except ServerTimeoutError:
            raise exchange.refusal(
                HTTPStatus.GATEWAY_TIMEOUT, f"no connection to the module within {CONNECT_SECONDS:g} s"
            ) from None
        except TimeoutError:
            raise exchange.refusal(
                HTTPStatus.GATEWAY_TIMEOUT, f"the module did not answer within {self._timeout:g} s"
            ) from None
        except (ClientError, HttpProcessingError) as error:
            if isinstance(error.__cause__, RequestRefusedError):
                raise error.__cause__ from None
            logger.warning("request %s to module %s failed: %r", exchange.request_id, name, error)
            raise exchange.refusal(HTTPStatus.BAD_GATEWAY, _why_no_answer(error)) from error
        except OSError as error:
            logger.warning("module %s does not answer on %s: %s", name, self.address, error)
            raise exchange.refusal(
                HTTPStatus.BAD_GATEWAY, "the module does not answer on the address it announced"
            ) from error

    async def _ask(self, exchange: Exchange) -> UpstreamAnswer:
        request = exchange.request
        if request.body_exists and exchange.body is None and request.content.is_eof():
            exchange.body = request.content.read_nowait()  # it came with the head, as small ones do
        head = request_head(exchange, self._host)
        if request.body_exists and exchange.body is None:
            async with asyncio.timeout(self._timeout) as clock:
                upload = _Upload(exchange, self._timeout, clock)
                answer = await self._send(exchange, head, upload)
                upload.clock = None
                return answer
        with self._deadlines.limit(self._timeout):
            return await self._send(exchange, head + (exchange.body or b""))

    async def _send(self, exchange: Exchange, data: bytes, upload: "_Upload | None" = None) -> UpstreamAnswer:
        method = exchange.request.method
        repeatable = upload is None and method in _IDEMPOTENT
        fresh = False
        while True:
            connection = await self._connections.take(fresh=fresh)
            try:
                sending = None if upload is None else upload.send(connection)
                return await connection.ask(method, data, sending)
            except BaseException as error:
                self._connections.hand_back(connection)
                # The module may have closed it in the moment in which it was taken (RFC 9112, section 9.3.1).
                closed = connection.used and isinstance(error, (ServerDisconnectedError, ClientOSError))
                if not (closed and repeatable):
                    raise
                fresh = True


class _Upload:
    """The body of a request on its way to the module.

    While the module has not answered, its time begins again with each piece: a slow client is not its fault.
    """

    def __init__(self, exchange: Exchange, timeout: float, clock: asyncio.Timeout) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self.clock: asyncio.Timeout | None = clock

    async def send(self, connection: UpstreamConnection) -> None:
        loop = asyncio.get_running_loop()
        writer = StreamWriter(connection, loop)
        if is_chunked(self._exchange):
            writer.enable_chunking()
        try:
            async for piece in body_pieces(self._exchange):
                if self.clock is not None and not self.clock.expired():
                    self.clock.reschedule(loop.time() + self._timeout)
                await writer.write(piece)
            await writer.write_eof()
        except ClientConnectionError as error:
            # It may have answered all the same: whoever waits for that will see.
            logger.debug("a module takes no more of a request: %r", error)
        except Exception as error:
            broken = ClientPayloadError("the request was broken off")
            broken.__cause__ = error
            connection.fail(broken)


def _why_no_answer(error: Exception) -> str:
    if isinstance(error, HttpProcessingError):
        return "the module's answer is not valid HTTP"
    return "the module went away before it answered"


def _without_end(exchange: Exchange, answer: UpstreamAnswer) -> AbstractContextManager[None]:
    """Let nobody wait for the end of an event stream when the process that sends it has to leave."""
    content_type = answer.head.headers.get(hdrs.CONTENT_TYPE, "")
    if content_type.partition(";")[0].strip().lower() != "text/event-stream":
        return _NO_CONTEXT
    leaves = ClientConnectionError("the process of the module leaves")
    return exchange.module.gate.endless(lambda: answer.connection.fail(leaves))


async def _relay(exchange: Exchange, upstream: UpstreamAnswer) -> web.StreamResponse:
    """Hand the answer to the client as it arrives."""
    request = exchange.request
    head, content = upstream.head, upstream.body
    answer = StreamedResponse(head.code, head.reason, _response_fields(exchange, head))
    empty = has_no_body(request.method, head.code)
    try:
        # Most answers are small and have come whole by now: one write, and no watch over the client.
        await answer.begin(request, b"" if empty else content.read_nowait())
        if empty:
            return answer
        while not content.at_eof():
            if piece := await content.readany():
                await answer.send(request, piece)
        await answer.write_eof()
    except (ClientError, HttpProcessingError, TimeoutError) as error:
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError("the client left") from error
        if not answer.begun:
            raise exchange.refusal(HTTPStatus.BAD_GATEWAY, "the module broke off its answer") from error
        # The head is gone: only a broken connection tells the client that the answer is not whole.
        logger.warning(
            "answer of module %s to request %s ended early: %r",
            exchange.module.name,
            exchange.request_id,
            error,
        )
        request.transport.abort()
        return HandedOverResponse()
    return answer


def _response_fields(exchange: Exchange, head: RawResponseMessage) -> list[tuple[bytes, bytes]]:
    dropped: Set[bytes] = _HOP_BY_HOP
    if hdrs.CONNECTION in head.headers:
        options = ",".join(head.headers.getall(hdrs.CONNECTION)).split(",")
        dropped = dropped | {name.strip().lower().encode("latin-1", "replace") for name in options}
    fields = []
    named = False
    for name, value in head.raw_headers:
        lowered = name.lower()
        if lowered not in dropped:
            fields.append((lowered, value))
            named = named or lowered == b"x-request-id"
    if not named:
        fields.append(request_id_field(exchange.request_id))
    return fields
