"""Starting, stopping and restarting by hand: in turn, in order, and to the end."""

from __future__ import annotations

import asyncio

import pytest
from supervised import DEADLINE, Workshop, workshop

from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.manual_control import ManualControl, OrchestratorStopping
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["workshop"]

READY, STOPPED = ModuleState.READY, ModuleState.STOPPED


class Shop:
    """Modules under supervision and by hand."""

    def __init__(self, workshop: Workshop, **after: list[str]) -> None:
        self.workshop = workshop
        configurations = [workshop.configuration(name, after=names) for name, names in after.items()]
        self.supervisor = workshop.supervise(*configurations)
        self.manual = ManualControl(self.supervisor)

    def __getitem__(self, name: str) -> ManagedModule:
        return self.supervisor.modules[name]

    async def open(self) -> None:
        self.supervisor.start_all()
        await self.until_ready()

    async def until_ready(self) -> None:
        for module in self.supervisor.modules.values():
            await self.workshop.until_state(module, READY)

    def stops(self) -> list[str]:
        return [name for name, state in self.workshop.changes if state is STOPPED]


async def test_a_restart_gives_a_module_another_process(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    before = shop["a"].pid
    await shop.manual.restart("a")
    await shop.until_ready()
    assert shop["a"].pid != before
    assert shop["a"].restarts == 1


async def test_two_restarts_at_once_disturb_nobody(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    await asyncio.gather(*(shop.manual.restart("a") for _ in range(5)))
    await shop.until_ready()
    # One that waits for its turn is shared by all who ask meanwhile.
    assert 1 <= shop["a"].restarts <= 2


async def test_a_restart_that_is_asked_for_later_begins_later(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    first = asyncio.create_task(shop.manual.restart("a"))
    await workshop.until(lambda: shop["a"].state is ModuleState.DRAINING, "draining")
    second = asyncio.create_task(shop.manual.restart("a"))
    await asyncio.wait_for(asyncio.gather(first, second), DEADLINE)
    await shop.until_ready()
    assert workshop.states("a").count(ModuleState.DRAINING) == 2


async def test_a_restart_goes_on_when_whoever_asked_has_left(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    asked = asyncio.create_task(shop.manual.restart("a"))
    await workshop.until(lambda: shop["a"].state is ModuleState.DRAINING, "draining")
    asked.cancel()
    await workshop.until(lambda: shop["a"].restarts == 1, "another process")
    await shop.until_ready()


async def test_a_stopped_module_is_started_by_a_restart(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    await shop.manual.stop(["a"])
    await shop.manual.restart("a")
    await shop.until_ready()


async def test_dependents_stop_first(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[], b=["a"], c=["b"])
    await shop.open()
    await shop.manual.stop(["a", "b", "c"])
    assert shop.stops() == ["c", "b", "a"]


async def test_what_is_not_named_goes_on(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[], b=["a"])
    await shop.open()
    await shop.manual.stop(["a"])
    assert (shop["a"].state, shop["b"].state) == (STOPPED, READY)


async def test_a_module_starts_with_those_it_comes_after(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[], b=["a"], c=[])
    await shop.open()
    await shop.manual.stop(["a", "b", "c"])
    assert await shop.manual.start(["b"]) == ["a", "b"]
    await workshop.until_state(shop["b"], READY)
    assert shop["c"].state is STOPPED


async def test_a_start_of_several_goes_on_when_whoever_asked_has_left(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[], b=[])
    await shop.open()
    await shop.manual.stop(["a", "b"])
    asked = asyncio.create_task(shop.manual.start(["a", "b"]))
    await asyncio.sleep(0)  # it has begun
    asked.cancel()
    await shop.until_ready()


async def test_a_module_that_runs_is_not_started(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    before = shop["a"].pid
    assert await shop.manual.start(["a"]) == []
    assert shop["a"].pid == before


async def test_stops_and_starts_of_many_at_once_come_to_an_end(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[], b=["a"])
    await shop.open()
    acts = [
        shop.manual.stop(["a", "b"]),
        shop.manual.restart("b"),
        shop.manual.stop(["b", "a"]),
        shop.manual.restart("a"),
        shop.manual.start(["a", "b"]),
    ]
    await asyncio.wait_for(asyncio.gather(*acts), DEADLINE)
    await shop.until_ready()


async def test_once_closed_nothing_is_begun(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    await shop.manual.close()
    with pytest.raises(OrchestratorStopping, match="nothing is started any more"):
        await shop.manual.restart("a")


async def test_closing_gives_up_what_waits_and_leaves_nothing_started(workshop: Workshop) -> None:
    shop = Shop(workshop, a=[])
    await shop.open()
    restart = asyncio.create_task(shop.manual.restart("a"))
    await workshop.until(lambda: shop["a"].state is ModuleState.DRAINING, "draining")
    await shop.manual.close()
    with pytest.raises(OrchestratorStopping):
        await restart
    await shop.supervisor.stop_all()
    assert shop["a"].state is STOPPED
