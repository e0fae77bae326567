"""A process is let go when it has answered everything, has ended, or has had its time."""

from __future__ import annotations

import asyncio

import pytest
from gates import begin_draining, update

from pywatt.orchestrator.supervision.draining import RestartReport, drain, parting_endless
from pywatt.orchestrator.supervision.gate import Gate
from pywatt.orchestrator.supervision.module_state import ModuleState

DEADLINE = 10.0


def pending() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


class TestDraining:
    async def test_a_process_that_answered_everything_is_let_go(self, gate: Gate) -> None:
        gate.enter()
        gate.enter()
        begin_draining(gate)
        draining = asyncio.create_task(drain(gate, pending(), DEADLINE, None))
        gate.leave()
        await asyncio.sleep(0)
        assert not draining.done()
        gate.leave()
        async with asyncio.timeout(DEADLINE):
            await draining
        gate.end_draining()
        assert (gate.finished, gate.cut) == (2, 0)

    async def test_one_that_ended_is_not_waited_for(self, gate: Gate) -> None:
        exited = pending()
        gate.enter()
        begin_draining(gate)
        exited.set_result(None)
        async with asyncio.timeout(DEADLINE):
            await drain(gate, exited, 1000.0, None)
        gate.end_draining()
        assert (gate.finished, gate.cut) == (0, 1)

    async def test_what_is_not_answered_in_time_is_cut(self, gate: Gate) -> None:
        gate.enter()
        begin_draining(gate)
        await drain(gate, pending(), 0.01, None)
        gate.end_draining()
        gate.leave()
        assert (gate.finished, gate.cut) == (0, 1)

    async def test_it_is_asked_for_an_answer_so_that_notifications_have_arrived(self, gate: Gate) -> None:
        asked = []

        async def fence(timeout: float) -> bool:
            asked.append(timeout)
            return True

        await drain(gate, pending(), DEADLINE, fence)
        assert len(asked) == 1

    async def test_an_inner_call_that_comes_meanwhile_is_waited_for(self, gate: Gate) -> None:
        rounds = 0

        async def fence(timeout: float) -> bool:
            nonlocal rounds
            rounds += 1
            if rounds == 1:
                gate.enter()
                asyncio.get_running_loop().call_soon(gate.leave)
            return True

        begin_draining(gate)
        await drain(gate, pending(), 1000.0, fence)
        assert rounds == 2

    async def test_inner_calls_are_taken_from_the_request_until_the_end_of_the_drain(
        self, gate: Gate
    ) -> None:
        assert not gate.takes_inner_calls
        begin_draining(gate)
        assert gate.takes_inner_calls
        await drain(gate, pending(), DEADLINE, None)
        assert not gate.takes_inner_calls

    async def test_a_process_that_has_no_handlers_yet_takes_no_inner_calls(self, gate: Gate) -> None:
        begin_draining(gate, announced=False)
        assert not gate.takes_inner_calls


class TestEndless:
    async def test_what_has_no_end_is_not_waited_for(self, gate: Gate) -> None:
        gate.enter()
        with gate.endless(lambda: None):
            begin_draining(gate)
            async with asyncio.timeout(DEADLINE):
                await drain(gate, pending(), 1000.0, None)
        gate.leave()
        assert (gate.in_flight, gate.finished) == (0, 0)

    async def test_it_is_parted_and_counted_when_the_process_does_not_end_it(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pywatt.orchestrator.supervision.draining.ENDLESS_GRACE", 0.0)
        parted = asyncio.Event()
        gate.enter()
        begin_draining(gate)
        with gate.endless(parted.set), parting_endless(gate):
            async with asyncio.timeout(DEADLINE):
                await parted.wait()
        gate.leave()
        gate.end_draining()
        assert (gate.cut, gate.finished, gate.in_flight) == (1, 0, 0)


async def test_the_report_of_a_restart_says_what_became_of_everything(gate: Gate) -> None:
    update(gate, ModuleState.DRAINING, restarting=True)
    request = asyncio.create_task(gate.wait_for_release(10))
    async with asyncio.timeout(DEADLINE):
        while not len(gate.holding):
            await asyncio.sleep(0)
    gate.enter()
    begin_draining(gate)
    gate.leave()
    gate.enter()
    gate.end_draining()
    update(gate, ModuleState.READY)
    await request
    report = str(RestartReport.of(gate, 0.62))
    assert report.startswith("ready again in 0.6 s, ")
    assert "the old process finished 1 " in report
    assert "1 waited at most" in report
    assert report.endswith(", 1 was cut")
