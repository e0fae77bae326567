"""When many changes count as one."""

from __future__ import annotations

import asyncio

import pytest

from pywatt.orchestrator.reload.debouncing import TRANSITIONS, Action, Debounce, Happening, Phase

DEADLINE = 10.0


class Counted:
    """Counts how often it is told to act."""

    def __init__(self) -> None:
        self.times = 0
        self.acted = asyncio.Event()

    def act(self) -> None:
        self.times += 1
        self.acted.set()

    async def once_more(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self.acted.wait()
        self.acted.clear()


def test_nothing_but_a_change_ends_the_quiet() -> None:
    assert [happening for phase, happening in TRANSITIONS if phase is Phase.QUIET] == [Happening.CHANGED]


@pytest.mark.parametrize("happening", [Happening.SETTLED, Happening.OVERDUE])
def test_what_settled_or_went_on_for_too_long_is_acted_upon(happening: Happening) -> None:
    assert TRANSITIONS[Phase.GATHERING, happening] == (Phase.QUIET, Action.ACT)


async def test_many_changes_are_one() -> None:
    counted = Counted()
    debounce = Debounce(counted.act, settle_time=0.01, longest=60.0)
    for _ in range(10):
        debounce.changed()
    assert debounce.phase is Phase.GATHERING
    await counted.once_more()
    assert (counted.times, debounce.phase) == (1, Phase.QUIET)


async def test_changes_without_end_are_acted_upon_all_the_same() -> None:
    counted = Counted()
    debounce = Debounce(counted.act, settle_time=60.0, longest=0.01)
    debounce.changed()
    await counted.once_more()
    debounce.changed()
    await counted.once_more()
    assert counted.times == 2
    debounce.close()


async def test_what_is_closed_does_not_act() -> None:
    counted = Counted()
    debounce = Debounce(counted.act, settle_time=0.0, longest=0.0)
    debounce.changed()
    debounce.close()
    debounce.changed()
    await asyncio.sleep(0.01)
    assert counted.times == 0
