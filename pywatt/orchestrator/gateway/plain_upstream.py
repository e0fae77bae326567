"""Passes requests on to a module that serves plain HTTP itself, streaming both ways."""

import asyncio
import logging
from collections.abc import AsyncIterator, Set
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Any, Final

from aiohttp import (
    BaseConnector,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerTimeoutError,
    TCPConnector,
    UnixConnector,
    hdrs,
    web,
)
from multidict import CIMultiDict
from yarl import URL

from pywatt.http.headers import HOP_BY_HOP
from pywatt.messaging.deadlines import Deadlines
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError, request_id_field
from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.plain_request import PlainRequest
from pywatt.orchestrator.gateway.raw_response import (
    HandedOverResponse,
    StreamedResponse,
    has_no_body,
)
from pywatt.orchestrator.gateway.request_body import body_pieces
from pywatt.orchestrator.gateway.websocket_proxy import Tunnels, asks_for_websocket
from pywatt.protocol.listen import ListenAddress, UnixAddress

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
# Servers close idle connections after two to five seconds; a request must not meet that moment.
_IDLE_SECONDS = 1.5
_MAX_CONNECTIONS = 1024
_OPENED_AT_A_TIME = 4
_MAX_LINE = 64 * 1024
_NO_TIMEOUT: Final = ClientTimeout(total=None, connect=None, sock_connect=CONNECT_SECONDS, sock_read=None)
_HOP_BY_HOP: Final = frozenset(name.encode("ascii") for name in HOP_BY_HOP)

# aiohttp would add these of its own when the client sent none.
_NOT_OURS_TO_ADD = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)


class PlainUpstream:
    """The connections to the HTTP address of one process of a module.

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
        self._host, self._port, connector = _connector(address)
        self._session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=_NO_TIMEOUT,
            request_class=PlainRequest,
            skip_auto_headers=_NOT_OURS_TO_ADD,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )

    async def close(self) -> None:
        """Close all connections."""
        self._deadlines.close()
        await self._session.close()

    def leads_to(self, address: ListenAddress, generation: int) -> bool:
        """Tell whether these are connections to a process.

        Args:
            address: where it listens.
            generation: its number.
        """
        return self.address == address and self._generation == generation

    async def retire(self) -> None:
        """Close all connections as soon as the answers that are still on their way have been passed on."""
        self._retired = True
        if not self._users:
            await self.close()

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
            response = await self._ask(exchange)
            try:
                if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
                    return await self._tunnels.join(exchange, response)
                with _without_end(exchange, response):
                    return await _relay(exchange, response)
            finally:
                if response.connection is not None:
                    response.close()  # the answer was not passed on whole: the session has not got it back
        finally:
            self._users -= 1
            if self._retired and not self._users:
                await self.close()

    async def _ask(self, exchange: Exchange) -> ClientResponse:
        """Send the request and wait for the head of the answer."""
        request = exchange.request
        name = exchange.module.name
        try:
            if not request.body_exists or exchange.body is not None:
                with self._deadlines.limit(self._timeout):
                    return await self._send(exchange, exchange.body)
            async with asyncio.timeout(self._timeout) as clock:
                upload = _Upload(exchange, self._timeout, clock)
                response = await self._send(exchange, upload)
                upload.clock = None
                return response
        except ServerTimeoutError:
            raise exchange.refusal(
                HTTPStatus.GATEWAY_TIMEOUT, f"no connection to the module within {CONNECT_SECONDS:g} s"
            ) from None
        except ClientConnectorError as error:
            logger.warning("module %s does not answer on %s: %s", name, self.address, error)
            raise exchange.refusal(
                HTTPStatus.BAD_GATEWAY, "the module does not answer on the address it announced"
            ) from error
        except ClientError as error:
            if isinstance(error.__cause__, RequestRefusedError):
                raise error.__cause__ from None
            logger.warning("request %s to module %s failed: %r", exchange.request_id, name, error)
            raise exchange.refusal(
                HTTPStatus.BAD_GATEWAY, "the module went away before it answered"
            ) from error
        except TimeoutError:
            raise exchange.refusal(
                HTTPStatus.GATEWAY_TIMEOUT, f"the module did not answer within {self._timeout:g} s"
            ) from None

    async def _send(self, exchange: Exchange, body: "bytes | _Upload | None") -> ClientResponse:
        return await self._session.request(
            exchange.request.method,
            self._url(exchange.match.target),
            headers=_request_headers(exchange),
            data=body,
            allow_redirects=False,
        )

    def _url(self, target: str) -> URL:
        path, _, query = target.partition("?")
        return URL.build(
            scheme="http", host=self._host, port=self._port, path=path, query_string=query, encoded=True
        )


class _Upload:
    """The body of a request on its way to the module.

    While the module has not answered, its time begins again with each piece: a slow client is not its fault.
    """

    def __init__(self, exchange: Exchange, timeout: float, clock: asyncio.Timeout) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self._begun = False
        self.clock: asyncio.Timeout | None = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:
            # The session would try an idempotent method again on a new connection; the body is gone by then.
            raise ConnectionError("the request body cannot be sent twice")
        self._begun = True
        loop = asyncio.get_running_loop()
        async for piece in body_pieces(self._exchange):
            if self.clock is not None:
                self.clock.reschedule(loop.time() + self._timeout)
            yield piece


class _UnhurriedConnector(TCPConnector):
    """Opens few connections at a time.

    A process that has just become ready is met by all that waited for it. Simple servers listen with a
    backlog of 5, and the system tries a connection that finds it full only after a second again, then after
    two more.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._opening = asyncio.Semaphore(_OPENED_AT_A_TIME)

    async def _create_connection(self, *arguments: Any) -> Any:
        async with self._opening:
            return await super()._create_connection(*arguments)


def _connector(address: ListenAddress) -> tuple[str, int | None, BaseConnector]:
    if isinstance(address, UnixAddress):
        return (
            "localhost",
            None,
            UnixConnector(address.path, keepalive_timeout=_IDLE_SECONDS, limit=_MAX_CONNECTIONS),
        )
    return (
        address.host,
        address.port,
        _UnhurriedConnector(keepalive_timeout=_IDLE_SECONDS, limit=_MAX_CONNECTIONS, use_dns_cache=False),
    )


def _request_headers(exchange: Exchange) -> CIMultiDict[str]:
    headers = exchange.headers
    given = exchange.request.headers
    if hdrs.TRANSFER_ENCODING in given:
        headers.pop("content-length", None)
    # The gateway itself has told the client to go on.
    headers.pop("expect", None)
    if asks_for_websocket(given):
        headers["connection"] = "Upgrade"
        headers["upgrade"] = "websocket"
    for name, value in headers.items():
        if not value.isascii():
            headers[name] = _as_utf8_bytes(value)
    return CIMultiDict(headers)


def _as_utf8_bytes(value: str) -> str:
    """Prepare a latin-1 value for a writer that encodes as UTF-8, so that UTF-8 leaves as it came."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def _without_end(exchange: Exchange, response: ClientResponse) -> AbstractContextManager[None]:
    """Let nobody wait for the end of an event stream when the process that sends it has to leave."""
    if response.content_type == "text/event-stream":
        return exchange.module.gate.endless(response.close)
    return nullcontext()


async def _relay(exchange: Exchange, response: ClientResponse) -> web.StreamResponse:
    """Hand the answer to the client as it arrives."""
    request = exchange.request
    answer = StreamedResponse(response.status, response.reason, _response_fields(exchange, response))
    content = response.content
    empty = has_no_body(request.method, response.status)
    try:
        # Most answers are small and have come whole by now: one write, and no watch over the client.
        await answer.begin(request, b"" if empty else content.read_nowait())
        if empty:
            return answer
        while not content.at_eof():
            if piece := await content.readany():
                await answer.send(request, piece)
        await answer.write_eof()
    except (ClientError, TimeoutError) as error:
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


def _response_fields(exchange: Exchange, response: ClientResponse) -> list[tuple[bytes, bytes]]:
    dropped: Set[bytes] = _HOP_BY_HOP
    if hdrs.CONNECTION in response.headers:
        options = ",".join(response.headers.getall(hdrs.CONNECTION)).split(",")
        dropped = dropped | {name.strip().lower().encode("latin-1", "replace") for name in options}
    fields = []
    named = False
    for name, value in response.raw_headers:
        lowered = name.lower()
        if lowered not in dropped:
            fields.append((lowered, value))
            named = named or lowered == b"x-request-id"
    if not named:
        fields.append(request_id_field(exchange.request_id))
    return fields
