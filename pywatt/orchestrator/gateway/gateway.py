"""The HTTP gateway: finds the module for each request and brings back its answer."""

import asyncio
import logging
import re
import socket
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from pywatt.errors import ModuleUnavailable
from pywatt.http.headers import HeaderError, join_headers, set_forwarded, valid_request_id
from pywatt.http.limits import MAX_FIELDS, MAX_HEAD
from pywatt.observe.redaction import redact
from pywatt.orchestrator.configuration.settings import GatewayConfiguration
from pywatt.orchestrator.gateway.carrier_upstream import ask_over_carrier, check_for_carrier
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError, error_response, page_response
from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.failure_page import failure_response
from pywatt.orchestrator.gateway.own_pages import OwnPages
from pywatt.orchestrator.gateway.plain_upstream import PlainUpstream
from pywatt.orchestrator.gateway.request_body import collect_body
from pywatt.orchestrator.gateway.routes import Match, RouteTable
from pywatt.orchestrator.gateway.server import MAX_LINE, GatewayConnection, GatewayServer
from pywatt.orchestrator.gateway.trusted_proxies import TrustedProxies
from pywatt.orchestrator.gateway.websocket_proxy import Tunnels
from pywatt.orchestrator.metrics.request_counts import RequestCounts
from pywatt.orchestrator.supervision.admission import Admission
from pywatt.orchestrator.supervision.served_module import ServedModule
from pywatt.protocol.listen import ListenAddress
from pywatt_fast import new_identifier

logger = logging.getLogger(__name__)

_RETRY_AFTER = 1
_SHOWN_NAME = 64  # the length of the longest name that a module can have
_AUTHORITY_END = re.compile(r"[/?]")
_HOST = re.compile(r"[\w.:\[\]%~!$&'()*+,;=-]*", re.ASCII)  # RFC 3986, section 3.2.2


class Gateway:
    """Serves all modules of an orchestrator under one address.

    Args:
        configuration: limits, timeouts and trusted proxies.
        modules: every module by its name; looked at anew for each request.
        single: the name of the one module that is served at "/" besides, or None.
        metrics: writes the page of metrics; None when nobody may read it here.
        explain: tells the author of a module, named, what keeps it from starting; None when the clients are
            somebody else.

    Attributes:
        counts: what it has served.
    """

    def __init__(
        self,
        configuration: GatewayConfiguration,
        modules: Mapping[str, ServedModule],
        single: str | None = None,
        metrics: Callable[[], bytes] | None = None,
        explain: Callable[[str], str | None] | None = None,
    ) -> None:
        self.counts = RequestCounts(modules)
        self._own_pages = OwnPages(modules, metrics)
        self._own_beginnings = self._own_pages.paths
        self._modules = modules
        self._explain = explain
        self._max_body = configuration.max_body
        self._timeout = configuration.request_timeout
        self._trusted = TrustedProxies(configuration.trusted_proxies)
        routes = [
            (module.configuration.route, name)
            for name, module in modules.items()
            if module.configuration.route is not None
        ]
        self._routes = RouteTable(modules, routes, single)
        self._tunnels = Tunnels()
        self._upstreams: dict[str, PlainUpstream] = {}
        self._server: GatewayServer | None = None
        self._listener: asyncio.Server | None = None
        self._cut = asyncio.Event()

    async def start(self, bound: socket.socket) -> None:
        """Begin to answer.

        Args:
            bound: from `bind_gateway`; its caller removes the file of a Unix socket afterwards.
        """
        loop = asyncio.get_running_loop()
        self._server = GatewayServer(self._answer)
        if bound.family == getattr(socket, "AF_UNIX", None):
            # From 3.13 on the loop would remove the file, which may be a service manager's.
            kept: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
            self._listener = await loop.create_unix_server(self._server, sock=bound, **kept)
        else:
            self._listener = await loop.create_server(self._server, sock=bound)

    @property
    def in_flight(self) -> int:
        """How many requests are being answered."""
        return 0 if self._server is None else self._server.in_flight

    def begin_draining(self) -> None:
        """Say from now on that nothing is ready, so that whoever asks sends no more; all is still served."""
        self._own_pages.draining = True

    def cut(self) -> None:
        """Wait for no request in flight: whoever ends the whole is in a hurry."""
        self._cut.set()

    async def close(self, timeout: float = 10.0) -> None:
        """Stop accepting, finish what is in flight, close every connection.

        Args:
            timeout: how long requests in flight may take to finish, in seconds.
        """
        self.begin_draining()
        server = self._server
        if self._listener is not None:
            self._listener.close()
        if server is not None:
            server.close_idle()
            # A WebSocket has no end to wait for.
            self._tunnels.close()
            idle = asyncio.ensure_future(server.wait_until_idle())
            cut = asyncio.ensure_future(self._cut.wait())
            await asyncio.wait({idle, cut}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            idle.cancel()
            cut.cancel()
            if server.in_flight:
                logger.warning("requests that were not finished and are cut: %d", server.in_flight)
            server.stop_watching()
            await server.shutdown(0.1)
        for upstream in self._upstreams.values():
            upstream.close()
        self._upstreams.clear()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        request_id = ""
        try:
            headers = _read_headers(request)
            given = headers.get("x-request-id")
            request_id = given if given is not None and valid_request_id(given) else new_identifier()
            headers["x-request-id"] = request_id
            target = _origin_form(request, headers)
            if target.startswith(self._own_beginnings) and self._own_pages.has(target):
                response = self._own_answer(request, target, request_id)
            else:
                response = await self._bring(self._exchange(request, request_id, target, headers))
        except RequestRefusedError as refusal:
            self._count(request, refusal.module)
            response = self._refusal(request, refusal, request_id or new_identifier())
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            request_id = request_id or new_identifier()
            logger.exception("request %s failed in the gateway", request_id)
            failure = RequestRefusedError(
                HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed; its log says why", close=True
            )
            response = error_response(failure, request_id)
        if self._own_pages.draining:
            response.force_close()
        return response

    def _refusal(
        self, request: web.BaseRequest, refusal: RequestRefusedError, request_id: str
    ) -> web.StreamResponse:
        if self._explain is None or refusal.status != HTTPStatus.SERVICE_UNAVAILABLE or not refusal.module:
            return error_response(refusal, request_id)
        return failure_response(request, refusal, self._explain(refusal.module), request_id)

    def _exchange(
        self, request: web.BaseRequest, request_id: str, target: str, headers: dict[str, str]
    ) -> Exchange:
        """Find the module of a request and complete its headers."""
        match = self._routes.find(target)
        module = self._module(match)
        self._count(request, module.name)
        peer = request.remote or ""
        trusted = self._trusted.has(peer)
        if trusted and "x-forwarded-for" in headers:
            headers["x-forwarded-for"] = self._trusted.shorten(headers["x-forwarded-for"])
        set_forwarded(headers, peer=peer, scheme="http", prefix=match.prefix, trusted=trusted)
        return Exchange(request, request_id, match, module, headers)

    async def _bring(self, exchange: Exchange) -> web.StreamResponse:
        """Bring a request to its module, to the next process of it while that one is being restarted."""
        module = exchange.module
        gate = module.gate
        while True:
            # Looked at anew each time: the module may have gone while the body came, or after it let us in.
            if gate.requests is Admission.REFUSE:
                raise exchange.refusal(
                    HTTPStatus.SERVICE_UNAVAILABLE, "the module is not ready", retry_after=_RETRY_AFTER
                )
            if gate.requests is Admission.HOLD:
                await self._hold(exchange)
                continue
            # Asked for only now: another process may have another address, or none.
            address = module.http_address
            if address is None and exchange.body is None and exchange.request.body_exists:
                check_for_carrier(exchange)
                exchange.body = await collect_body(exchange, self._max_body)
                continue
            lost = False
            gate.enter()
            try:
                if address is None:
                    check_for_carrier(exchange)
                    return await ask_over_carrier(exchange, self._max_body, self._timeout)
                upstream = self._upstream(module, address)
                return await upstream.pass_on(exchange)
            except RequestRefusedError as refusal:
                lost = refusal.status == HTTPStatus.BAD_GATEWAY
                raise
            finally:
                gate.leave(lost=lost)

    async def _hold(self, exchange: Exchange) -> None:
        size = 0 if exchange.body is None else len(exchange.body)
        try:
            await exchange.module.gate.wait_for_release(size)
        except ModuleUnavailable as error:
            raise exchange.refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, redact(error.message), retry_after=_RETRY_AFTER
            ) from error

    def _count(self, request: web.BaseRequest, module: str | None) -> None:
        connection = request.protocol
        assert isinstance(connection, GatewayConnection)
        if connection.series is None:
            series = connection.series = self.counts.of(module)
            series.in_flight += 1

    def _module(self, match: Match) -> ServedModule:
        name = match.module
        module = None if name is None else self._modules.get(name)
        if match.climbs:
            known = None if module is None else name
            raise RequestRefusedError(HTTPStatus.BAD_REQUEST, "the path leaves its prefix", module=known)
        if module is None:
            if not name:
                raise RequestRefusedError(HTTPStatus.NOT_FOUND, "no module has this path")
            name = name[:_SHOWN_NAME]
            raise RequestRefusedError(HTTPStatus.NOT_FOUND, f"there is no module {name!r}", module=name)
        return module

    def _upstream(self, module: ServedModule, address: ListenAddress) -> PlainUpstream:
        upstream = self._upstreams.get(module.name)
        if upstream is None or not upstream.leads_to(address, module.generation):
            # Another process may listen on the same address: connections to the one before are dead.
            self._upstreams[module.name] = PlainUpstream(
                address, module.generation, self._timeout, self._tunnels
            )
            if upstream is not None:
                upstream.retire()
        return self._upstreams[module.name]

    def _own_answer(self, request: web.BaseRequest, target: str, request_id: str) -> web.StreamResponse:
        if request.method not in {"GET", "HEAD"}:
            path = target.partition("?")[0]
            raise RequestRefusedError(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} takes GET and HEAD only")
        return page_response(self._own_pages.answer(target), request_id)


def _origin_form(request: web.BaseRequest, headers: dict[str, str]) -> str:
    """The request target without scheme and authority; the authority is the host that is asked for.

    Args:
        request: as aiohttp read it.
        headers: its headers; `host` is set where the target names one (RFC 9112, section 3.2.2).
    """
    target = request.raw_path
    if request.method == "CONNECT":
        raise RequestRefusedError(HTTPStatus.NOT_IMPLEMENTED, "the gateway is no tunnel", close=True)
    if not target.startswith("/"):
        scheme, _, rest = target.partition("://")
        if scheme.lower() not in {"http", "https"}:
            raise RequestRefusedError(HTTPStatus.BAD_REQUEST, "the request target is not a path")
        authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
        headers["host"] = authority.rpartition("@")[2]
        target = rest[len(authority) :]
        if not target.startswith("/"):
            target = "/" + target
    if not target.isascii() or "#" in target:
        raise RequestRefusedError(
            HTTPStatus.BAD_REQUEST, "the request target holds characters that must be escaped"
        )
    if not _is_host(headers.get("host", "")):
        raise RequestRefusedError(HTTPStatus.BAD_REQUEST, "the host that is asked for is not a host")
    return target


@lru_cache(maxsize=256)
def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def _read_headers(request: web.BaseRequest) -> dict[str, str]:
    raw = request.raw_headers
    if len(raw) > MAX_FIELDS:
        raise _too_many_headers(f"the request has more than {MAX_FIELDS} headers")
    # No field is longer than MAX_LINE, so a few of them cannot be too many bytes.
    if len(raw) * MAX_LINE > MAX_HEAD and sum([len(name) + len(value) for name, value in raw]) > MAX_HEAD:
        raise _too_many_headers(f"the headers are above the limit of {MAX_HEAD} bytes")
    if request.body_exists and request.headers.get(hdrs.TRANSFER_ENCODING, "chunked").lower() != "chunked":
        # The field does not go further than here, and the body would still be coded.
        raise RequestRefusedError(
            HTTPStatus.NOT_IMPLEMENTED, "the gateway knows no transfer coding but chunked", close=True
        )
    try:
        return join_headers(raw)
    except HeaderError as error:
        raise RequestRefusedError(HTTPStatus.BAD_REQUEST, str(error), close=True) from None


def _too_many_headers(error: str) -> RequestRefusedError:
    return RequestRefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, error, close=True)
