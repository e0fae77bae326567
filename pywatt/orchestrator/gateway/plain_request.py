"""aiohttp's client request without the header fields that it adds: a gateway passes on what it was given."""

from collections.abc import Iterable
from typing import Any

from aiohttp import ClientRequest, hdrs
from aiohttp.typedefs import LooseHeaders
from multidict import CIMultiDict


class PlainRequest(ClientRequest):
    """Sends the given header fields and no others but those that frame the body.

    The base class leaves its own out when it is told which, and copies all fields twice for that: too dear
    for requests that are nothing but a head.
    """

    def update_headers(self, headers: LooseHeaders | None) -> None:
        """Take the fields over; only `host` is added where it is missing."""
        if isinstance(headers, CIMultiDict) and hdrs.HOST in headers:
            self.headers = headers  # the session made this map for this request
        else:
            super().update_headers(headers)

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add nothing."""
        if self.method in self.POST_METHODS:
            super().update_auto_headers(skip_auto_headers)

    def update_body_from_data(self, body: Any, *arguments: Any, **options: Any) -> None:
        """Take the body without the type that aiohttp would guess for it."""
        typed = hdrs.CONTENT_TYPE in self.headers
        super().update_body_from_data(body, *arguments, **options)
        if not typed:
            self.headers.popall(hdrs.CONTENT_TYPE, None)
