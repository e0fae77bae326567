"""Calls the callee as often as an HTTP request asks for, and answers with the seconds per call."""

from typing import Any
from urllib.parse import parse_qs

from workload import CONTENT, seconds_per_call

from pywatt import AppState, pywatt_module


@pywatt_module
async def main(state: AppState) -> Any:
    async def call() -> None:
        assert await state.call("callee", "echo", CONTENT) == CONTENT

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] != scope["root_path"] + "/measure":
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        query = parse_qs(scope["query_string"].decode())
        seconds = await seconds_per_call(call, int(query["in_flight"][0]), int(query["calls"][0]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": repr(seconds).encode()})

    return application
