"""What waits for the next process of a module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.supervision.admission import Traffic
from pywatt.orchestrator.supervision.holding import Held, Holding

DEADLINE = 10.0


class Waiting:
    """A holding, and what became of those in it."""

    def __init__(self, holding: Holding) -> None:
        self.holding = holding
        self.told: list[str] = []
        self.refusals: list[str] = []

    def add(self, name: str, traffic: Traffic = Traffic.MESSAGE, size: int = 1) -> Held:
        def refuse(reason: ModuleUnavailable) -> None:
            self.told.append(f"{name} refused")
            self.refusals.append(reason.message)

        return self.holding.add(traffic, size, lambda: self.told.append(f"{name} released"), refuse)


@pytest.fixture
async def hold() -> AsyncIterator[Callable[..., Waiting]]:
    made: list[Holding] = []

    def make(timeout: float = 60.0, **limits: int) -> Waiting:
        made.append(Holding("shop", timeout, **limits))
        return Waiting(made[-1])

    yield make
    for holding in made:
        holding.close()


Hold = Callable[..., Waiting]


async def test_they_are_handed_over_in_the_order_in_which_they_came(hold: Hold) -> None:
    waiting = hold()
    for name in ("first", "second", "third"):
        waiting.add(name)
    waiting.holding.release(Traffic.MESSAGE)
    assert waiting.told == ["first released", "second released", "third released"]
    assert len(waiting.holding) == 0


async def test_each_kind_is_handed_over_for_itself(hold: Hold) -> None:
    waiting = hold()
    waiting.add("request", Traffic.REQUEST)
    waiting.add("message", Traffic.MESSAGE)
    waiting.holding.release(Traffic.MESSAGE)
    assert waiting.told == ["message released"]
    assert len(waiting.holding) == 1


async def test_all_hear_the_reason_when_there_will_be_no_process(hold: Hold) -> None:
    waiting = hold()
    waiting.add("first")
    waiting.add("second")
    waiting.holding.refuse(Traffic.MESSAGE, "module shop is failed: no coffee")
    assert waiting.told == ["first refused", "second refused"]
    assert waiting.refusals == ["module shop is failed: no coffee"] * 2


async def test_one_that_left_is_forgotten(hold: Hold) -> None:
    waiting = hold(limit=1)
    waiting.holding.forget(waiting.add("first"))
    waiting.add("second")
    waiting.holding.release(Traffic.MESSAGE)
    assert waiting.told == ["second released"]


async def test_to_forget_one_that_waits_no_longer_does_no_harm(hold: Hold) -> None:
    waiting = hold(max_bytes=10)
    held = waiting.add("first", size=10)
    waiting.holding.release(Traffic.MESSAGE)
    waiting.holding.forget(held)
    waiting.add("second", size=10)
    with pytest.raises(ModuleUnavailable, match="10 bytes"):
        waiting.add("third", size=1)


async def test_one_that_is_handed_over_may_make_another_one_leave(hold: Hold) -> None:
    waiting = hold()
    second: list[Held] = []
    waiting.holding.add(Traffic.MESSAGE, 1, lambda: waiting.holding.forget(second[0]), lambda reason: None)
    second.append(waiting.add("second"))
    waiting.holding.release(Traffic.MESSAGE)
    assert waiting.told == []


async def test_only_so_many_may_wait_and_the_limit_is_named(hold: Hold) -> None:
    waiting = hold(limit=2)
    waiting.add("first", Traffic.REQUEST)
    waiting.add("second")
    with pytest.raises(ModuleUnavailable, match="2 requests and messages wait for module shop"):
        waiting.add("third")


async def test_each_waits_only_so_long(hold: Hold) -> None:
    waiting = hold(timeout=0.01)
    waiting.add("first")
    async with asyncio.timeout(DEADLINE):
        while not waiting.told:
            await asyncio.sleep(0)
    assert waiting.told == ["first refused"]
    assert waiting.refusals == ["module shop had no new process ready within 0.01 s, its hold_timeout"]


async def test_it_counts_what_became_of_them(hold: Hold) -> None:
    waiting = hold(limit=2)
    waiting.add("first")
    waiting.add("second", Traffic.REQUEST)
    with pytest.raises(ModuleUnavailable):
        waiting.add("third")
    waiting.holding.release(Traffic.MESSAGE)
    waiting.holding.refuse(Traffic.REQUEST, "no")
    assert (waiting.holding.handed_over, waiting.holding.refused) == (1, 2)
    waiting.holding.forget_counts()
    assert (waiting.holding.handed_over, waiting.holding.refused) == (0, 0)
