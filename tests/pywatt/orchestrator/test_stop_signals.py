"""The first signal ends in peace, the second at once, and the process gets its signals back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from pywatt.orchestrator.stop_signals import STOP_SIGNALS, StopSignals

DEADLINE = 10.0


class Ears:
    """Notes what is told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, signal.Signals]] = []
        self.news = asyncio.Event()

    def first(self, number: signal.Signals) -> None:
        self.told.append(("first", number))
        self.news.set()

    def second(self, number: signal.Signals) -> None:
        self.told.append(("second", number))
        self.news.set()

    async def hear(self, number: signal.Signals) -> None:
        """Send a signal to this very process and wait until it is told."""
        self.news.clear()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(self.news.wait(), DEADLINE)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Whatever a test does, a signal does not end the tests."""
    before = {number: signal.signal(number, lambda *_: None) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_the_first_and_the_second_are_told_apart() -> None:
    ears = Ears()
    signals = StopSignals(ears.first, ears.second)
    signals.open()
    await ears.hear(signal.SIGTERM)
    await ears.hear(signal.SIGINT)
    signals.close()
    assert ears.told == [("first", signal.SIGTERM), ("second", signal.SIGINT)]
    assert (signals.first, signals.second) == (signal.SIGTERM, signal.SIGINT)


async def test_later_ones_change_nothing() -> None:
    ears = Ears()
    signals = StopSignals(ears.first, ears.second)
    signals.open()
    for _ in range(2):
        await ears.hear(signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    signals.close()
    assert len(ears.told) == 2
    assert signals.second == signal.SIGHUP


async def test_a_hang_up_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ears = Ears()
    signals = StopSignals(ears.first, ears.second)
    signals.open()
    os.kill(os.getpid(), signal.SIGHUP)
    await ears.hear(signal.SIGTERM)
    signals.close()
    assert ears.told == [("first", signal.SIGTERM)]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
