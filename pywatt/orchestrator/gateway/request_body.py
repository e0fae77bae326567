"""Reads request bodies: within a limit, piece by piece, never waiting for ever."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from aiohttp import web

from pywatt.orchestrator.gateway.error_responses import RequestRefusedError
from pywatt.orchestrator.gateway.exchange import Exchange

# A client that sends nothing for this long has lost interest.
BODY_STALL_SECONDS = 30.0


async def collect_body(exchange: Exchange, limit: int) -> bytes:
    """Read a whole request body.

    Args:
        exchange: a request that has a body.
        limit: the most it may hold, in bytes; nothing beyond it is kept.

    Raises:
        RequestRefusedError: 413 above the limit, 408 when the client stalls, 400 when its framing is broken.
    """
    request = exchange.request
    length = request.content_length
    if length is not None and length > limit:
        raise _too_large(exchange, limit)
    pieces: list[bytes] = []
    size = 0
    async for piece in body_pieces(exchange):
        size += len(piece)
        if size > limit:
            raise _too_large(exchange, limit)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def body_pieces(exchange: Exchange) -> AsyncIterator[bytes]:
    """Yield a request body as it arrives.

    Args:
        exchange: the request.

    Raises:
        RequestRefusedError: 408 when the client stalls, 400 when the framing of its body is broken.
    """
    request = exchange.request
    content = request.content
    if _wants_permission(request) and not content.total_bytes:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    while not content.at_eof():
        try:
            async with asyncio.timeout(BODY_STALL_SECONDS):
                piece = await content.readany()
        except TimeoutError:
            raise exchange.refusal(
                HTTPStatus.REQUEST_TIMEOUT,
                f"nothing of the request body arrived for {BODY_STALL_SECONDS:g} s",
                close=True,
            ) from None
        except web.RequestPayloadError:
            raise exchange.refusal(HTTPStatus.BAD_REQUEST, "the request body is broken", close=True) from None
        if piece:
            yield piece


def _wants_permission(request: web.BaseRequest) -> bool:
    return request.version >= (1, 1) and request.headers.get("Expect", "").lower() == "100-continue"


def _too_large(exchange: Exchange, limit: int) -> RequestRefusedError:
    return exchange.refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the request body is above the limit of {limit} bytes",
        close=True,
    )
