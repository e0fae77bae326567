"""Brings a request to a module as one operation over its carrier, and the answer back."""

import logging
from http import HTTPStatus

from aiohttp import web

from pywatt.errors import MessageTooLarge, ModuleUnavailable, NetworkError, SendQueueFull
from pywatt.http.headers import HeaderError, split_headers
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError
from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.raw_response import RawResponse
from pywatt.orchestrator.gateway.websocket_proxy import asks_for_websocket
from pywatt_fast import HttpRequest, HttpResponse, new_identifier

logger = logging.getLogger(__name__)

# What is below tells the client to wait for another answer, what is above is no HTTP.
_LOWEST_STATUS, _HIGHEST_STATUS = 200, 599
_CURE = "declare it with bind_http=True and it streams"


def check_for_carrier(exchange: Exchange) -> None:
    """Refuse what no operation can carry.

    Args:
        exchange: the request.

    Raises:
        RequestRefusedError: it wants to become a WebSocket.
    """
    if asks_for_websocket(exchange.request.headers):
        raise exchange.refusal(
            HTTPStatus.NOT_IMPLEMENTED, f"the module takes no WebSockets over its channel: {_CURE}"
        )


async def ask_over_carrier(exchange: Exchange, max_body: int, timeout: float) -> web.StreamResponse:
    """Send the request as `http_request` and write the `http_response` as an HTTP answer.

    Args:
        exchange: the request, its body collected, and the module it goes to.
        max_body: the most that either body may hold, in bytes.
        timeout: how long the module may take, in seconds.

    Raises:
        RequestRefusedError: the request does not fit, or the module gave no usable answer.
    """
    body = exchange.body
    if body is not None:
        exchange.headers["content-length"] = str(len(body))
    # The operation needs an identifier of its own: a client may use one x-request-id twice at a time.
    operation = HttpRequest(
        new_identifier(), exchange.request.method, exchange.match.target, exchange.headers, body
    )
    try:
        answer = await exchange.module.link.exchange(operation, timeout)
    except TimeoutError:
        raise exchange.refusal(
            HTTPStatus.GATEWAY_TIMEOUT, f"the module did not answer within {timeout:g} s"
        ) from None
    except MessageTooLarge as error:
        raise exchange.refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error.message) from error
    except SendQueueFull as error:
        raise exchange.refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, "the module has too many requests waiting", retry_after=1
        ) from error
    except (ModuleUnavailable, NetworkError) as error:
        raise exchange.refusal(HTTPStatus.BAD_GATEWAY, "the module went away before it answered") from error
    return _write(exchange, answer, max_body)


def _write(exchange: Exchange, answer: HttpResponse, max_body: int) -> RawResponse:
    body = answer.body or b""
    if len(body) > max_body:
        raise _unusable(exchange, f"of {len(body)} bytes is above the limit of {max_body} bytes: {_CURE}")
    headers = answer.headers
    if "connection" in headers:
        for option in headers["connection"].split(","):
            headers.pop(option.strip().lower(), None)
    declared_length = headers.pop("content-length", None)
    headers.setdefault("x-request-id", exchange.request_id)
    if headers.get("content-type", "").startswith("text/event-stream"):
        raise _unusable(exchange, f"is an event stream, which does not fit its channel: {_CURE}")
    if not _LOWEST_STATUS <= answer.status_code <= _HIGHEST_STATUS:
        raise _unusable(exchange, f"has the status {answer.status_code}, which HTTP does not know")
    try:
        fields = split_headers(headers)
    except HeaderError as error:
        raise _unusable(exchange, f"cannot be sent: {error}") from None
    length = None
    if declared_length is not None and declared_length.isascii() and declared_length.isdigit() and not body:
        length = declared_length.encode("ascii")
    return RawResponse(answer.status_code, fields, body, length)


def _unusable(exchange: Exchange, what: str) -> RequestRefusedError:
    logger.warning("answer of module %s to request %s %s", exchange.module.name, exchange.request_id, what)
    return exchange.refusal(HTTPStatus.BAD_GATEWAY, f"the module's answer {what}")
