"""What the author of a module sees in the browser while it does not start."""

import html
from typing import Final

from aiohttp import web

from pywatt.observe.redaction import redact
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError, error_response, request_id_field
from pywatt.orchestrator.gateway.raw_response import RawResponse

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<title>{headline}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 60rem; padding: 0 1rem; }}
pre {{ background: #8881; border-left: 4px solid #c33; overflow-x: auto; padding: 1rem; }}
:root {{ color-scheme: light dark; }}
</style>
</head>
<body>
<h1>{headline}</h1>
<pre>{text}</pre>
<p>Save a file, and the module starts with it. This page loads itself again every second.</p>
</body>
</html>
"""
_FIELDS: Final = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
)


def failure_response(
    request: web.BaseRequest, refusal: RequestRefusedError, explanation: str | None, request_id: str
) -> web.StreamResponse:
    """Write a refusal with the reason for it: as a page for a browser, as JSON for everybody else.

    Args:
        request: what is refused.
        refusal: what to say; of a module that is known.
        explanation: what keeps the module from starting; None when nothing but time does.
        request_id: under which the log speaks of this request.
    """
    text = redact(explanation or refusal.error)
    if "text/html" not in request.headers.get("accept", ""):
        refusal.error = text
        return error_response(refusal, request_id)
    headline = f"{refusal.module} does not start" if explanation else f"{refusal.module} is {refusal.state}"
    page = _PAGE.format(headline=html.escape(headline), text=html.escape(text))
    fields = [*_FIELDS, request_id_field(request_id)]
    if refusal.retry_after is not None:
        fields.append((b"retry-after", b"%d" % refusal.retry_after))
    return RawResponse(refusal.status, fields, page.encode())
