"""The entrance of one module: what is let in, what waits for its next process, what is still inside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.supervision.admission import Admission, Traffic, admissions
from pywatt.orchestrator.supervision.holding import Holding
from pywatt.orchestrator.supervision.module_state import ModuleState


class Gate:
    """Decides over each request and message for one module, and knows how many are under way in it.

    Args:
        module: its name, for the reasons.
        hold_timeout: seconds that one may wait for a new process.

    Attributes:
        requests: what is done with requests now.
        messages: what is done with calls and notifications now.
        in_flight: how many requests and calls the process has not answered yet.
        holding: what waits.
        takes_inner_calls: whether a process that has to leave still gets the calls of those whose answers it
            waits for: without them it would never have them.
        finished: how many were answered since the process was asked to leave.
        cut: how many were under way when it ended.
    """

    def __init__(self, module: str, hold_timeout: float) -> None:
        self.requests = Admission.REFUSE
        self.messages = Admission.REFUSE
        self.in_flight = 0
        self.holding = Holding(module, hold_timeout)
        self.takes_inner_calls = False
        self.finished = 0
        self.cut = 0
        self._draining = False
        self._idle: asyncio.Future[None] | None = None
        self._endless: dict[Callable[[], None], None] = {}

    def update(self, state: ModuleState, reason: str, *, restarting: bool, announced: bool) -> None:
        """Takes note of where the module stands; hands over or refuses what waits accordingly.

        Args:
            state: where the module stands.
            reason: why there is no process, for those who are refused.
            restarting: whether a restart that was asked for is under way.
            announced: whether its present process has announced itself, and hears what is sent to it.
        """
        if state is not ModuleState.DRAINING:
            self._draining = self.takes_inner_calls = False
        elif not self._draining:
            self._draining = True
            self.takes_inner_calls = announced
        table = admissions(state, restarting=restarting, announced=announced)
        self.requests = table[Traffic.REQUEST]
        self.messages = table[Traffic.MESSAGE]
        for traffic, admission in table.items():
            if admission is Admission.ADMIT:
                self.holding.release(traffic)
            elif admission is Admission.REFUSE:
                self.holding.refuse(traffic, reason)

    def enter(self) -> None:
        """One more request or call is on its way into the process."""
        self.in_flight += 1

    def leave(self, *, lost: bool = False) -> None:
        """One was answered, or nobody waits for its answer any more.

        Args:
            lost: its answer will never come, because the process went away.
        """
        self.in_flight -= 1
        if self._draining:
            if lost:
                self.cut += 1
            else:
                self.finished += 1
            self._tell_idle()

    @contextlib.contextmanager
    def endless(self, part: Callable[[], None]) -> Iterator[None]:
        """Marks a request that has entered as one without an end to wait for, such as a WebSocket.

        Args:
            part: ends it; called when the process that serves it leaves.
        """
        self.in_flight -= 1
        self._tell_idle()
        self._endless[part] = None
        try:
            yield
        finally:
            self._endless.pop(part, None)
            self.in_flight += 1
            if self._draining:
                self.finished -= 1  # the request leaves next, and is counted as it does

    def part_endless(self) -> None:
        """Ends the connections that have no end of their own."""
        parted, self._endless = self._endless, {}
        self.cut += len(parted)
        for part in parted:
            part()

    async def until_idle(self) -> None:
        """Waits until the process has answered everything; for one caller at a time."""
        while self.in_flight:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle

    def end_draining(self) -> None:
        """The process has ended, and with it whatever was under way."""
        self._draining = False
        self.takes_inner_calls = False
        self.cut += self.in_flight + len(self._endless)

    def forget_counts(self) -> None:
        """Begins to count anew what is finished, cut and handed over."""
        self.finished = 0
        self.cut = 0
        self.holding.forget_counts()

    async def wait_for_release(self, size: int) -> None:
        """Waits with a request until the next process takes it.

        Args:
            size: how many bytes of it are kept meanwhile.

        Raises:
            ModuleUnavailable: as many wait as may, the time is over, or there will be no process.
        """
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def let_go() -> None:
            if not released.done():
                released.set_result(None)

        def refuse(reason: ModuleUnavailable) -> None:
            if not released.done():
                released.set_exception(reason)

        held = self.holding.add(Traffic.REQUEST, size, let_go, refuse)
        try:
            await released
        finally:
            self.holding.forget(held)

    def close(self) -> None:
        """Forgets what waits."""
        self.holding.close()

    def _tell_idle(self) -> None:
        if not self.in_flight and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
