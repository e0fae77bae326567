"""The phases of a module, the first reason to stop, and the watchdog behind every stop."""

from __future__ import annotations

import asyncio
import itertools
import threading

import pytest

from pywatt.module import lifecycle as lifecycle_file
from pywatt.module.in_flight import InFlight
from pywatt.module.lifecycle import TRANSITIONS, Lifecycle, Phase


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Phase, Phase)))
def test_only_the_steps_in_the_table_are_possible(before: Phase, after: Phase) -> None:
    lifecycle = Lifecycle()
    lifecycle.phase = before
    if after in TRANSITIONS[before]:
        lifecycle.enter(after)
        assert lifecycle.phase is after
    else:
        with pytest.raises(RuntimeError, match=f"{before.value} cannot become {after.value}"):
            lifecycle.enter(after)


async def test_the_first_reason_to_stop_counts_from_any_thread() -> None:
    lifecycle = Lifecycle(leave=lambda code: None)
    lifecycle.attach(asyncio.get_running_loop())
    thread = threading.Thread(target=lifecycle.request_stop, args=("SIGTERM",))
    thread.start()
    async with asyncio.timeout(5):
        await lifecycle.stop_requested()
    thread.join()
    lifecycle.request_stop("shutdown")
    assert lifecycle.stop_reason == "SIGTERM"
    assert 0 < lifecycle.time_left(10) <= 10
    assert lifecycle.time_left(0) == 0


async def test_a_stop_before_there_was_a_loop_is_not_forgotten() -> None:
    lifecycle = Lifecycle(leave=lambda code: None)
    lifecycle.request_stop("SIGINT")
    assert not lifecycle.is_attached
    lifecycle.attach(asyncio.get_running_loop())
    async with asyncio.timeout(5):
        await lifecycle.stop_requested()


def test_the_watchdog_leaves_hard_after_a_stop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lifecycle_file, "HARD_STOP", 0.01)
    left = threading.Event()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    Lifecycle(leave).request_stop("end of standard input")
    assert left.wait(5)
    assert codes == [1]
    assert "leaving now" in caplog.text
    assert "end of standard input" in caplog.text


def test_no_stop_begins_once_the_process_ends() -> None:
    lifecycle = Lifecycle(leave=lambda code: None)
    lifecycle.close()
    lifecycle.request_stop("SIGTERM")
    assert lifecycle.stop_reason == "the end of the process"


async def test_work_under_way_is_finished_and_cut_only_after_its_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = InFlight("requests")
    done: list[str] = []
    gate = asyncio.Event()

    async def quick() -> None:
        await gate.wait()
        done.append("quick")

    async def endless() -> None:
        await asyncio.Event().wait()

    async def broken() -> None:
        raise ValueError("no")

    work.start(quick())
    work.start(broken())
    gate.set()
    await work.finish(5)
    assert done == ["quick"]
    assert "requests failed" in caplog.text
    work.start(endless())
    assert len(work) == 1
    await work.finish(0.01)
    assert len(work) == 0
    assert "1 requests cut" in caplog.text
    work.start(endless())
    await work.cancel(5)
    assert len(work) == 0
