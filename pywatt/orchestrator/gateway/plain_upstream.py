"""Passes requests on to a module that serves plain HTTP itself, streaming both ways."""

import asyncio
import logging
from collections.abc import AsyncIterator
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
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError, request_id_field
from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.raw_response import (
    SEND_STALL_SECONDS,
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
        self._tunnels = tunnels
        self._host, self._port, connector = _connector(address)
        self._session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=_NO_TIMEOUT,
            skip_auto_headers=_NOT_OURS_TO_ADD,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )

    async def close(self) -> None:
        """Close all connections."""
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
                # After a whole answer the session has the connection back already; any other is closed.
                response.close()
        finally:
            self._users -= 1
            if self._retired and not self._users:
                await self.close()

    async def _ask(self, exchange: Exchange) -> ClientResponse:
        """Send the request and wait for the head of the answer."""
        request = exchange.request
        name = exchange.module.name
        upload = _Upload(exchange, self._timeout) if request.body_exists and exchange.body is None else None
        try:
            async with asyncio.timeout(self._timeout) as clock:
                if upload is not None:
                    upload.clock = clock
                response = await self._session.request(
                    request.method,
                    self._url(exchange.match.target),
                    headers=_request_headers(exchange),
                    data=exchange.body if upload is None else upload,
                    allow_redirects=False,
                )
                if upload is not None:
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

    def _url(self, target: str) -> URL:
        path, _, query = target.partition("?")
        return URL.build(
            scheme="http", host=self._host, port=self._port, path=path, query_string=query, encoded=True
        )


class _Upload:
    """The body of a request on its way to the module.

    While the module has not answered, its time begins again with each piece: a slow client is not its fault.
    """

    def __init__(self, exchange: Exchange, timeout: float) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self._begun = False
        self.clock: asyncio.Timeout | None = None

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
    return CIMultiDict(
        (name, value if value.isascii() else _as_utf8_bytes(value)) for name, value in headers.items()
    )


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
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as clock:
            writer = await answer.prepare(request)
            if has_no_body(request.method, response.status):
                return answer
            async for piece in response.content.iter_any():
                clock.reschedule(loop.time() + SEND_STALL_SECONDS)
                await writer.write(piece)
                clock.reschedule(None)
            await answer.write_eof()
    except (ClientError, TimeoutError) as error:
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError("the client left") from error
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
    dropped = set(_HOP_BY_HOP)
    for option in response.headers.getall(hdrs.CONNECTION, ()):
        dropped.update(name.strip().lower().encode("latin-1", "replace") for name in option.split(","))
    lowered = ((name.lower(), value) for name, value in response.raw_headers)
    fields = [(name, value) for name, value in lowered if name not in dropped]
    if "x-request-id" not in response.headers:
        fields.append(request_id_field(exchange.request_id))
    return fields
