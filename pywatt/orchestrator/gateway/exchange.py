"""One request on its way through the gateway."""

from aiohttp import web

from pywatt.orchestrator.gateway.error_responses import RequestRefusedError
from pywatt.orchestrator.gateway.routes import Match
from pywatt.orchestrator.supervision.served_module import ServedModule


class Exchange:
    """One request and where it goes.

    Args:
        request: as aiohttp read it.
        request_id: the client's `x-request-id` or one of ours.
        match: the divided request target.
        module: the module it goes to.
        headers: the request's headers as the wire's map: lower case, duplicates joined, `x-forwarded-*` set.

    Attributes:
        body: the whole body, once it was collected.
    """

    __slots__ = ("body", "headers", "match", "module", "request", "request_id")

    def __init__(
        self,
        request: web.BaseRequest,
        request_id: str,
        match: Match,
        module: ServedModule,
        headers: dict[str, str],
    ) -> None:
        self.request = request
        self.request_id = request_id
        self.match = match
        self.module = module
        self.headers = headers
        self.body: bytes | None = None

    def refusal(
        self, status: int, error: str, *, retry_after: int | None = None, close: bool = False
    ) -> RequestRefusedError:
        """The refusal of this request, with its module and that one's state filled in.

        Args:
            status: the HTTP status.
            error: what happened, in words for the client.
            retry_after: seconds after which another try makes sense.
            close: the connection cannot be used again.
        """
        return RequestRefusedError(
            status,
            error,
            module=self.module.name,
            state=self.module.state.value,
            retry_after=retry_after,
            close=close,
        )
