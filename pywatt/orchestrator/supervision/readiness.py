"""When a module is ready, and whether it still answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from attrs import frozen

from pywatt.errors import ModuleUnavailable, NetworkError
from pywatt.orchestrator.supervision.http_probe import ProbeError, probe_connection, probe_status
from pywatt_fast.messages.identifiers import new_identifier
from pywatt_fast.operations.types import HttpRequest

if TYPE_CHECKING:
    from pywatt.orchestrator.links.link import ModuleLink
    from pywatt.protocol.listen import ListenAddress
    from pywatt.protocol.operations import Announce

DEFAULT_HEALTH_PATH: Final = "/health"
FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.25
ONE_CHECK: Final = 5.0
ONE_HEARTBEAT: Final = 1.0  # answered at once, or sent on a connection that is just being replaced
HEALTHY: Final = 200
NO_HEARTBEAT: Final = "it does not answer heartbeats"


@frozen
class HeartbeatTimes:
    """The rhythm of heartbeats.

    Args:
        interval: seconds from one to the next.
        missed: how many unanswered ones make a module unready.
        silence: seconds without an answer after which it is started again.
    """

    interval: float = 5.0
    missed: int = 3
    silence: float = 30.0


@frozen
class ReadinessCheck:
    """What has to answer before a module counts as ready.

    Args:
        link: its carriers.
        address: where it serves plain HTTP; None when requests travel as operations.
        health_path: the path that has to answer 200; None when it has none.
        heartbeats: whether it answers heartbeats.
    """

    link: ModuleLink
    address: ListenAddress | None
    health_path: str | None
    heartbeats: bool

    @property
    def unanswered(self) -> str:
        """What to tell when the first attempt has not come to an end."""
        if self.health_path is not None:
            return f"GET {self.health_path} got no answer"
        if self.address is not None:
            return f"{self.address} accepts no connection"
        return NO_HEARTBEAT

    async def attempt(self, timeout: float) -> str | None:
        """Checks once.

        Args:
            timeout: seconds.

        Returns:
            None when the module is ready, else what is missing, for a person.
        """
        if self.health_path is not None:
            return await self._health(self.health_path, timeout)
        if self.address is not None and (missing := await self._accepts(self.address, timeout)) is not None:
            return missing
        if self.heartbeats and not await self.link.heartbeat(min(timeout, ONE_HEARTBEAT)):
            return NO_HEARTBEAT
        return None

    async def alive(self, timeout: float) -> bool:
        """Asks for any sign of life: a heartbeat where it answers those, else a connection.

        Args:
            timeout: seconds.
        """
        if self.heartbeats:
            return await self.link.heartbeat(timeout)
        return self.address is None or await self._accepts(self.address, timeout) is None

    async def _health(self, path: str, timeout: float) -> str | None:
        try:
            if self.address is not None:
                status = await probe_status(self.address, path, timeout)
            else:
                request = HttpRequest(new_identifier(), "GET", path, {"accept": "*/*"}, None)
                status = (await self.link.exchange(request, timeout)).status_code
        except TimeoutError:
            return f"GET {path} got no answer"
        except (ProbeError, ModuleUnavailable, NetworkError) as error:
            return str(error)
        return None if status == HEALTHY else f"GET {path} answered {status}"

    async def _accepts(self, address: ListenAddress, timeout: float) -> str | None:
        try:
            await probe_connection(address, timeout)
        except ProbeError as error:
            return str(error)
        return None


def health_path(announcement: Announce | None, configured: str | None) -> str | None:
    """Returns the path whose 200 means ready: the configured one, else the usual one if it is announced.

    Args:
        announcement: what the module announced.
        configured: the `health` of its configuration.
    """
    if configured is not None:
        return configured
    if announcement is None:
        return None
    announced = {
        endpoint.path
        for endpoint in announcement.endpoints
        if "GET" in (method.upper() for method in endpoint.methods)
    }
    return DEFAULT_HEALTH_PATH if DEFAULT_HEALTH_PATH in announced else None


async def wait_until_ready(check: Callable[[], ReadinessCheck], note: Callable[[str], None]) -> None:
    """Checks again and again until nothing is missing. The caller sets the deadline.

    Args:
        check: gives the check that holds now; a second announcement may change it.
        note: is told what is missing, each time.
    """
    pause = FIRST_PAUSE
    note(check().unanswered)
    while (missing := await check().attempt(ONE_CHECK)) is not None:
        note(missing)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def watch_heartbeats(
    alive: Callable[[float], Awaitable[bool]],
    times: HeartbeatTimes,
    *,
    on_silent: Callable[[int], None],
    on_answer: Callable[[], None],
) -> str:
    """Asks for a sign of life at every interval until there was none for too long.

    Args:
        alive: asks once, with a time-out in seconds.
        times: the rhythm.
        on_silent: called with the number missed when it reaches the limit.
        on_answer: called when an answer comes after that.

    Returns:
        Why the module has to be started again.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    missed = 0
    while True:
        await asyncio.sleep(max(0.0, began + times.interval - loop.time()))
        began = loop.time()
        if await alive(times.interval):
            if missed >= times.missed:
                on_answer()
            missed = 0
        else:
            missed += 1
            if missed == times.missed:
                on_silent(missed)
            # Counted, not read from the clock: it also runs while the whole machine sleeps.
            if missed * times.interval >= times.silence:
                return f"answered no heartbeat for {times.silence:g} s"
