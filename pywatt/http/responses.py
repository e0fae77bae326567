"""Responses that we write ourselves: one JSON shape for every failure."""

from __future__ import annotations

from pywatt_fast import HttpRequest, HttpResponse, encode_json

READY = "ready"
INTERNAL_TEXT = "internal error; the module's log has the details"

STOPPING_TEXT = "the module is stopping"


def error_body(error: str, module: str, request_id: str, state: str = READY) -> bytes:
    """The body of a failed request, the same that the gateway writes."""
    return encode_json({"error": error, "module": module, "state": state, "request_id": request_id})


def error_response(request: HttpRequest, status: int, error: str, module: str) -> HttpResponse:
    """A failed request's response operation."""
    body = error_body(error, module, visible_request_id(request))
    return HttpResponse(request.request_id, status, {"content-type": "application/json"}, body)


def visible_request_id(request: HttpRequest) -> str:
    """The identifier that the client knows: its ``x-request-id``, else the operation's own."""
    return request.headers.get("x-request-id") or request.request_id


def too_large_text(limit: int) -> str:
    """Why a response did not fit into one operation, and the cure."""
    return (
        f"the response is over {limit} bytes, the limit of a response that travels as one operation; "
        "serve this module with bind_http=True to stream it"
    )


EVENT_STREAM_TEXT = (
    "a text/event-stream response cannot travel as one operation; "
    "serve this module with bind_http=True to stream it"
)
