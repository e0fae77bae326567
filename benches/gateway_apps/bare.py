"""The smallest module that answers HTTP: a bare ASGI callable."""

from typing import Any

from pywatt import AppState, pywatt_module


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"Hello"})


@pywatt_module
async def main(state: AppState) -> Any:
    return application
