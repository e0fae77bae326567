"""The head of a request to a module that serves plain HTTP."""

from typing import Final

from aiohttp import hdrs

from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.websocket_proxy import asks_for_websocket

_WITH_A_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


def request_head(exchange: Exchange, host: str) -> bytes:
    """Write request line and header fields: those that were given, and what frames the body.

    Args:
        exchange: the request; its headers are of no use to others afterwards.
        host: the name of the module's server, for a client that named none.
    """
    request = exchange.request
    fields = exchange.headers
    fields.setdefault("host", host)
    # The gateway itself has told the client to go on.
    fields.pop("expect", None)
    length = fields.pop("content-length", None)
    if exchange.body is not None:
        fields["content-length"] = str(len(exchange.body))
    elif not request.body_exists:
        # Whatever was declared, nothing follows: a module that waited for it would swallow the next request.
        if length is not None or request.method in _WITH_A_BODY:
            fields["content-length"] = "0"
    elif length is not None and hdrs.TRANSFER_ENCODING not in request.headers:
        fields["content-length"] = length
    else:
        fields["transfer-encoding"] = "chunked"
    if asks_for_websocket(request.headers):
        fields["connection"] = "Upgrade"
        fields["upgrade"] = "websocket"
    # One join of many small pieces takes half the time that formatting field by field takes.
    pieces = [request.method, " ", exchange.match.target, " HTTP/1.1\r\n"]
    for name, value in fields.items():
        pieces += (name, ": ", value, "\r\n")
    pieces.append("\r\n")
    return "".join(pieces).encode("latin-1")


def is_chunked(exchange: Exchange) -> bool:
    """Tell whether the head that was written announces the chunked coding.

    Args:
        exchange: given to `request_head` before.
    """
    return "transfer-encoding" in exchange.headers
