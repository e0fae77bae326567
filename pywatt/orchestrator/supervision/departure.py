"""How a process is ended that has to go: without loss where somebody asked for it, soon where it is ill."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from attrs import frozen

from pywatt.orchestrator.supervision.draining import drain, parting_endless

if TYPE_CHECKING:
    from pywatt.orchestrator.processes.child_process import ProcessExit
    from pywatt.orchestrator.supervision.gate import Gate
    from pywatt.orchestrator.supervision.module_process import ModuleProcess
    from pywatt.orchestrator.supervision.orders import Orders
    from pywatt.orchestrator.supervision.process_watch import ProcessWatch

# Who works on a module waits for each restart: not for a long poll that an open page has made.
RELOAD_PATIENCE: Final = 5.0


@frozen
class Departure:
    """Ends the processes of one module, one after the other.

    Args:
        process: what has to end.
        watch: knows whether it answers.
        gate: knows what it has not answered yet.
        orders: whether somebody asked for it, and whether another process follows.
        patience: seconds for all that a process has to finish.
    """

    process: ModuleProcess
    watch: ProcessWatch
    gate: Gate
    orders: Orders
    patience: float

    async def end(self, exited: asyncio.Future[ProcessExit], *, ill: bool) -> ProcessExit:
        """Ends the present process unless it has ended; an order that comes meanwhile still counts.

        Args:
            exited: done when it has ended.
            ill: whether it has to go because something is wrong with it.

        Returns:
            How it ended.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        well = not ill and not self.watch.silent
        answers = well and self.watch.announced
        # One without the protocol announces nothing: it takes requests from its readiness on.
        takes_work = answers or (well and self.watch.ready_since is not None)
        if takes_work and self.orders.given and not (self.orders.stop and self.process.drains_itself):
            fence = self.process.link.heartbeat if self.process.speaks_lines else None
            await drain(self.gate, exited, self.patience, fence)
        # One that is replaced before it took any work has nothing to finish.
        left = self.patience if takes_work or not self.orders.restart else 0.0
        with parting_endless(self.gate):
            ended = await self.process.end(answers=answers, time_left=max(0.0, left - (loop.time() - began)))
        self.gate.end_draining()
        return ended
