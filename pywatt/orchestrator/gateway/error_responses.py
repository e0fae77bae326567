"""The answers that the gateway gives itself: one JSON form for every refusal and failure."""

from aiohttp import web

from pywatt.orchestrator.gateway.own_pages import Page
from pywatt.orchestrator.gateway.raw_response import RawResponse
from pywatt_fast import encode_json

REQUEST_ID = b"x-request-id"
JSON_CONTENT = (b"content-type", b"application/json")


class RequestRefusedError(Exception):
    """A request that the gateway answers itself.

    Args:
        status: the HTTP status.
        error: what happened, in words for the client; never a traceback or another client's data.
        module: the module that was asked for, where one is known.
        state: its state, where that is the reason.
        retry_after: seconds after which another try makes sense.
        close: the connection cannot be used again, because the request was not read to its end.
    """

    def __init__(
        self,
        status: int,
        error: str,
        *,
        module: str | None = None,
        state: str | None = None,
        retry_after: int | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.module = module
        self.state = state
        self.retry_after = retry_after
        self.close = close


def error_response(refusal: RequestRefusedError, request_id: str) -> web.StreamResponse:
    """Write a refusal as an HTTP answer.

    Args:
        refusal: what to say.
        request_id: under which the log speaks of this request.
    """
    fields = [JSON_CONTENT, request_id_field(request_id)]
    if refusal.retry_after is not None:
        fields.append((b"retry-after", b"%d" % refusal.retry_after))
    body = {
        "error": refusal.error,
        "module": refusal.module,
        "state": refusal.state,
        "request_id": request_id,
    }
    response = RawResponse(refusal.status, fields, encode_json(body))
    if refusal.close:
        response.force_close()
    return response


def page_response(page: Page, request_id: str) -> web.StreamResponse:
    """Write an answer of the gateway's own.

    Args:
        page: what to answer; nobody may keep it, for it tells of this moment.
        request_id: under which the log speaks of this request.
    """
    fields = [
        (b"content-type", page.content_type.encode("latin-1")),
        (b"cache-control", b"no-store"),
        request_id_field(request_id),
    ]
    return RawResponse(page.status, fields, page.body)


def request_id_field(request_id: str) -> tuple[bytes, bytes]:
    """The header by which a client finds its request in the logs.

    Args:
        request_id: checked already.
    """
    return REQUEST_ID, request_id.encode("latin-1")
