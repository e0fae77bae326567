"""Many deadlines with few timers, and the blocks of tasks that they limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pywatt.messaging.deadlines import Deadlines

LONG = 60.0
SHORT = 0.01
PATIENCE = 10.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


class TestDeadlines:
    async def test_what_is_due_is_called_in_the_order_in_which_it_began(self) -> None:
        deadlines = Deadlines()
        called: list[int] = []
        for number in range(200):
            deadlines.start(SHORT, lambda number=number: called.append(number))  # type: ignore[misc]

        await until(lambda: len(called) == 200)
        assert called == list(range(200))
        assert len(deadlines) == 0

    async def test_a_shorter_one_does_not_wait_for_a_longer(self) -> None:
        deadlines = Deadlines()
        called: list[str] = []
        deadlines.start(LONG, lambda: called.append("long"))
        deadlines.start(SHORT, lambda: called.append("short"))

        await until(lambda: bool(called))
        assert called == ["short"]
        deadlines.close()

    async def test_more_lengths_than_queues_fall_due_too(self) -> None:
        deadlines = Deadlines()
        called: list[int] = []
        for number in range(40):
            deadlines.start(SHORT + number / 10_000, lambda number=number: called.append(number))  # type: ignore[misc]

        await until(lambda: len(called) == 40)
        assert sorted(called) == list(range(40))

    async def test_a_cancelled_one_is_not_called(self) -> None:
        deadlines = Deadlines()
        called: list[str] = []
        first = deadlines.start(SHORT, lambda: called.append("first"))
        deadlines.start(SHORT, lambda: called.append("second"))
        first.cancel()
        first.cancel()

        await until(lambda: bool(called))
        assert called == ["second"]
        assert len(deadlines) == 0

    async def test_cancelled_ones_do_not_pile_up(self) -> None:
        deadlines = Deadlines()
        kept = deadlines.start(LONG, lambda: None)
        for _ in range(1000):
            deadlines.start(LONG, lambda: None).cancel()

        assert len(deadlines) == 1
        assert len(deadlines._queues[LONG]) < 100
        kept.cancel()
        deadlines.close()

    async def test_what_falls_due_may_begin_another(self) -> None:
        deadlines = Deadlines()
        called: list[str] = []

        def again() -> None:
            called.append("first")
            deadlines.start(SHORT, lambda: called.append("second"))

        deadlines.start(SHORT, again)
        await until(lambda: called == ["first", "second"])

    async def test_what_falls_due_may_close_them(self) -> None:
        deadlines = Deadlines()
        called: list[str] = []

        def close() -> None:
            called.append("closed")
            deadlines.close()

        deadlines.start(SHORT, close)
        await until(lambda: called == ["closed"])

    async def test_one_that_fails_does_not_hold_up_the_others(self) -> None:
        loop = asyncio.get_running_loop()
        reported: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, context: reported.append(context))
        deadlines = Deadlines()
        called: list[str] = []

        def fail() -> None:
            raise ValueError("broken")

        deadlines.start(SHORT, fail)
        deadlines.start(SHORT, lambda: called.append("second"))

        await until(lambda: bool(called))
        assert isinstance(reported[0]["exception"], ValueError)

    async def test_a_timeout_that_is_no_number_is_refused(self) -> None:
        deadlines = Deadlines()
        with pytest.raises(ValueError, match="NaN"):
            deadlines.start(float("nan"), lambda: None)

        assert len(deadlines) == 0


class TestLimit:
    async def test_a_block_that_ends_in_time_is_left_alone(self) -> None:
        deadlines = Deadlines()
        with deadlines.limit(LONG):
            await asyncio.sleep(0)

        assert len(deadlines) == 0
        deadlines.close()

    async def test_a_block_that_takes_too_long_times_out(self) -> None:
        deadlines = Deadlines()
        with pytest.raises(TimeoutError), deadlines.limit(SHORT):
            await asyncio.Event().wait()

        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    async def test_what_a_block_raises_comes_through(self) -> None:
        deadlines = Deadlines()
        with pytest.raises(KeyError), deadlines.limit(LONG):
            raise KeyError("own")
        deadlines.close()

    async def test_a_cancellation_from_outside_stays_one(self) -> None:
        deadlines = Deadlines()

        async def work() -> None:
            with deadlines.limit(LONG):
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        deadlines.close()

    async def test_a_block_may_end_by_itself_when_it_is_told_that_its_time_is_over(self) -> None:
        deadlines = Deadlines()
        with deadlines.limit(SHORT):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended = True

        assert ended
