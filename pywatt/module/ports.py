"""Where a module serves HTTP: the address it is given, chooses, or asks for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Final

from pywatt.errors import NetworkError
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress
from pywatt.protocol.operations import PortRequest, PortResponse
from pywatt_fast import new_identifier

logger = logging.getLogger(__name__)

FIRST_TIMEOUT: Final = 3.0
LONGEST_TIMEOUT: Final = 10.0
ATTEMPTS: Final = 3
FALLBACK_PORTS: Final = range(10_000, 11_000)
FALLBACK_ATTEMPTS: Final = 20
UNASKED: Final = "auto-assigned"
"""The request id of a port that an orchestrator gives of its own accord."""
DEFAULT_HOST: Final = "127.0.0.1"


class PortNegotiation:
    """Asks the orchestrator for a port.

    Args:
        send: sends an operation to the orchestrator.
        first_timeout: how long the first answer may take, in seconds; each further one a second longer.
    """

    def __init__(self, send: Callable[[PortRequest], None], first_timeout: float = FIRST_TIMEOUT) -> None:
        self._send = send
        self._first_timeout = first_timeout
        self._waiting: tuple[set[str], asyncio.Future[int | None]] | None = None

    async def request_port(self, specific_port: int | None = None) -> int | None:
        """A port that the orchestrator grants, or None when it grants none or does not answer."""
        asked: set[str] = set()
        for attempt in range(ATTEMPTS):
            answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
            request_id = new_identifier()
            # A late answer to an earlier attempt is as good: all of them ask for the same.
            asked.add(request_id)
            self._waiting = (asked, answer)
            try:
                self._send(PortRequest(request_id=request_id, specific_port=specific_port))
                async with asyncio.timeout(min(self._first_timeout + attempt, LONGEST_TIMEOUT)):
                    return await answer
            except TimeoutError:
                logger.warning("the orchestrator did not answer port request %d of %d", attempt + 1, ATTEMPTS)
            except NetworkError as error:
                logger.warning("no port could be asked for: %s", error)
                return None
            finally:
                self._waiting = None
        return None

    def receive(self, operation: PortResponse) -> None:
        """Take a `port_response` operation that arrived."""
        if self._waiting is None:
            logger.warning("a port was granted that nobody asked for")
            return
        asked, answer = self._waiting
        if operation.request_id not in asked and operation.request_id != UNASKED:
            logger.warning("a port was granted under a request id that nobody used, and is not taken")
            return
        granted = operation.success and operation.port > 0
        if not granted:
            logger.warning(
                "the orchestrator granted no port: %s", operation.error_message or "it named port 0"
            )
        if not answer.done():
            answer.set_result(operation.port if granted else None)


async def candidate_addresses(
    listen: ListenAddress, host: str | None, port: int | None, negotiation: PortNegotiation
) -> list[ListenAddress]:
    """The addresses to try, best first.

    Args:
        listen: what the orchestrator gave; port 0 lets the system choose, an empty path gives nothing.
        host: instead of the host in `listen`.
        port: instead of the port in `listen`.
        negotiation: asked when neither `port` nor `listen` says which port.
    """
    if isinstance(listen, UnixAddress) and listen.path and host is None and port is None:
        return [listen]
    given_host = listen.host if isinstance(listen, TcpAddress) else DEFAULT_HOST
    chosen_host = host or given_host
    if port is not None:
        return [TcpAddress(chosen_host, port)]
    if isinstance(listen, TcpAddress):
        return [TcpAddress(chosen_host, listen.port)]
    granted = await negotiation.request_port()
    if granted is not None:
        return [TcpAddress(chosen_host, granted)]
    return [TcpAddress(chosen_host, fallback) for fallback in _fallback_ports()]


def _fallback_ports() -> Iterator[int]:
    import random

    yield from random.sample(FALLBACK_PORTS, FALLBACK_ATTEMPTS)
