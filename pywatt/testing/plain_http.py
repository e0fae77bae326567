"""Plain HTTP to the address that a module announced."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from pywatt.protocol.listen import ListenAddress, UnixAddress
from pywatt.testing.answers import HttpAnswer

PAUSE: Final = 0.02
"""Seconds between two attempts: a compiled module announces before it is bound."""


async def request_plainly(
    address: ListenAddress, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> HttpAnswer:
    """Send one request, as soon as the address accepts it.

    Args:
        address: as announced.
        method: of the request.
        target: path and query.
        headers: of the request.
        body: of the request.
    """
    import aiohttp  # for those who use plain HTTP

    connector: aiohttp.BaseConnector
    if isinstance(address, UnixAddress):
        connector, origin = aiohttp.UnixConnector(path=address.path), "http://localhost"
    else:
        connector, origin = aiohttp.TCPConnector(), f"http://{address}"
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as client:
        while True:
            try:
                async with client.request(method, origin + target, headers=headers, data=body) as answer:
                    received = {name.lower(): value for name, value in answer.headers.items()}
                    return HttpAnswer(answer.status, received, await answer.read(), "http")
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(PAUSE)
