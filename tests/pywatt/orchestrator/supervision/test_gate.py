"""The entrance of a module: what is let in, what waits, what is still inside."""

from __future__ import annotations

import asyncio

import pytest
from gates import begin_draining, update

from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.supervision.admission import Admission
from pywatt.orchestrator.supervision.gate import Gate
from pywatt.orchestrator.supervision.module_state import ModuleState

DEADLINE = 10.0


async def held_request(gate: Gate) -> asyncio.Task[None]:
    """A request that waits in a module that is being restarted."""
    update(gate, ModuleState.DRAINING, restarting=True)
    task = asyncio.create_task(gate.wait_for_release(10))
    while not len(gate.holding):
        await asyncio.sleep(0)
    return task


class TestHolding:
    async def test_a_request_goes_on_when_the_new_process_is_ready(self, gate: Gate) -> None:
        request = await held_request(gate)
        update(gate, ModuleState.STARTING, restarting=True)
        assert not request.done()
        update(gate, ModuleState.READY, restarting=True)
        await request
        assert gate.requests is Admission.ADMIT

    async def test_a_request_hears_that_there_will_be_no_process(self, gate: Gate) -> None:
        request = await held_request(gate)
        update(gate, ModuleState.FAILED)
        with pytest.raises(ModuleUnavailable, match="module shop is failed"):
            await request

    async def test_a_request_whose_client_leaves_is_forgotten(self, gate: Gate) -> None:
        request = await held_request(gate)
        request.cancel()
        await asyncio.wait({request})
        assert len(gate.holding) == 0

    async def test_a_client_that_leaves_in_the_moment_of_the_release_does_no_harm(self, gate: Gate) -> None:
        request = await held_request(gate)
        request.cancel()
        update(gate, ModuleState.READY)
        await asyncio.wait({request})
        assert request.cancelled()


class TestEndless:
    async def test_it_is_counted_as_cut_when_the_process_ends_under_it(self, gate: Gate) -> None:
        gate.enter()
        begin_draining(gate)
        with gate.endless(lambda: None):
            gate.end_draining()
        gate.leave()
        assert (gate.cut, gate.finished) == (1, 0)
