"""Modules built with the Rust crate that die, freeze or lose their connection when it matters."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from crate_modules import BUILD_TIMEOUT, CATALOG, CrateWorkshop, soon
from orchestrators import Orchestrator, Start
from supervised import until

from pywatt.orchestrator.supervision.module_state import ModuleState

pytestmark = BUILD_TIMEOUT

CONFIGURATION = """
    [modules.catalog]
    run = "catalog.py"

    [modules.rust]
    command = ["{program}", "serve"]
    sdk = "crate"
    route = "/rust"
    heartbeat_interval = 0.2
    heartbeat_timeout = 1.5

    [modules.rust.restart]
    initial_delay = 0.01
"""
QUICK_RESTART = {"initial_delay": 0.01, "max_delay": 0.01, "exit_limit": 100}


@pytest.fixture
async def orchestrator(start: Start, crate_module: Path) -> Orchestrator:
    return await start({"catalog.py": CATALOG}, CONFIGURATION.format(program=crate_module))


async def until_ready_again(orchestrator: Orchestrator, times: int = 1) -> None:
    def seen() -> int:
        return sum(line.startswith("Ready  rust ") for line in orchestrator.output)

    await orchestrator.until(lambda: seen() > times)


async def price(orchestrator: Orchestrator) -> Any:
    _, answer, _ = await orchestrator.request("POST", "/rust/call/catalog/price", json={"sku": "A1"})
    return answer


Answer = tuple[int, Any, Mapping[str, str]]


async def waiting_request(orchestrator: Orchestrator) -> asyncio.Task[Answer]:
    """A request that the crate module has got and does not answer."""
    request = asyncio.create_task(orchestrator.request("GET", "/rust/never"))
    await orchestrator.until_logged("a request waits")
    return request


async def waiting_call(orchestrator: Orchestrator) -> asyncio.Task[Answer]:
    """A request in which the crate module waits for its call of the catalog, which waits for `go`."""
    call = asyncio.create_task(orchestrator.request("POST", "/rust/call/catalog/wait", json={"sku": "A1"}))
    await orchestrator.until_logged("the call is being answered")
    return call


async def freeze(pid: int) -> None:
    """Stop a process, all of it: a thread may run on for a while after the signal was sent."""
    os.kill(pid, signal.SIGSTOP)

    def stopped(task: Path) -> bool:
        return (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"

    await until(lambda: all(map(stopped, Path(f"/proc/{pid}/task").iterdir())), "its stop")


class TestKilled:
    async def test_before_it_has_read_its_first_line(self, crate: CrateWorkshop) -> None:
        module = crate.begin(restart=QUICK_RESTART)
        await crate.workshop.until(lambda: module.pid is not None, "its process")
        assert module.pid is not None
        os.kill(module.pid, signal.SIGKILL)
        await crate.workshop.until(lambda: module.restarts == 1, "its restart")
        await crate.workshop.until_state(module, ModuleState.READY)
        assert crate.workshop.recorder.said("was killed by SIGKILL") or crate.workshop.recorder.said(
            "SIGKILL"
        )

    async def test_while_it_waits_for_a_secret(
        self, crate: CrateWorkshop, caplog: pytest.LogCaptureFixture
    ) -> None:
        module = crate.begin(secrets=["A"], restart=QUICK_RESTART)
        await until(lambda: "gets no secret 'A'" in caplog.text, "its question")
        assert module.pid is not None
        os.kill(module.pid, signal.SIGKILL)
        crate.workshop.secrets["A"] = "now it is there"
        await crate.workshop.until_state(module, ModuleState.READY)
        assert await crate.get("/secrets") == [len("now it is there")]
        assert crate.workshop.recorder.said("before it announced itself")

    async def test_again_and_again_in_its_start(self, crate: CrateWorkshop) -> None:
        module = crate.begin(crate.catalog(), restart=QUICK_RESTART)
        for number in range(1, 11):
            await crate.workshop.until(lambda: module.pid is not None, "its process")
            pid = module.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await crate.workshop.until(lambda number=number: module.restarts == number, "its restart")
        await crate.workshop.until_state(module, ModuleState.READY)
        assert await crate.call("catalog", "price", {"sku": "A1"}) == {"sku": "A1", "cents": 1250}

    async def test_under_a_request_whose_client_is_told_at_once(self, orchestrator: Orchestrator) -> None:
        pid = await orchestrator.get("/rust/pid")
        request = await waiting_request(orchestrator)
        os.kill(pid, signal.SIGKILL)
        status, answer, _ = await soon(request)
        assert (status, answer["module"]) == (502, "rust")
        await until_ready_again(orchestrator)
        assert await orchestrator.get("/rust/pid") != pid

    async def test_in_its_call_whose_answer_nobody_waits_for_any_more(
        self, orchestrator: Orchestrator
    ) -> None:
        pid = await orchestrator.get("/rust/pid")
        call = await waiting_call(orchestrator)
        os.kill(pid, signal.SIGKILL)
        status, answer, _ = await soon(call)
        assert (status, answer["module"]) == (502, "rust")
        await until_ready_again(orchestrator)
        await orchestrator.request("POST", "/rust/call/catalog/go", json={})  # the answer is given now
        await orchestrator.until_logged("comes too late or was not asked for")
        assert await price(orchestrator) == {"sku": "A1", "cents": 1250}

    async def test_with_many_calls_on_their_way(self, orchestrator: Orchestrator) -> None:
        for round_ in range(1, 4):
            pid = await orchestrator.get("/rust/pid")
            calls = asyncio.create_task(orchestrator.request("GET", "/rust/prices/500"))
            await asyncio.wait({calls}, timeout=0.01 * round_)
            os.kill(pid, signal.SIGKILL)
            status, _, _ = await soon(calls)
            assert status in (200, 502)
            await until_ready_again(orchestrator, round_)
        assert await price(orchestrator) == {"sku": "A1", "cents": 1250}

    async def test_together_with_the_module_that_it_calls(self, orchestrator: Orchestrator) -> None:
        call = await waiting_call(orchestrator)
        catalog = next(child for child in children_of(orchestrator) if "catalog.py" in child[1])
        os.kill(catalog[0], signal.SIGKILL)
        status, answer, _ = await soon(call)
        assert status == 200
        assert answer["content"]["code"] == "unavailable"
        assert "module catalog ended before it answered" in answer["content"]["message"]


class TestFrozen:
    async def test_a_frozen_one_is_found_by_its_heartbeat_and_replaced(
        self, orchestrator: Orchestrator
    ) -> None:
        pid = await orchestrator.get("/rust/pid")
        await freeze(pid)
        await orchestrator.until_logged("heartbeat")
        await until_ready_again(orchestrator)
        assert await orchestrator.get("/rust/pid") != pid
        assert await price(orchestrator) == {"sku": "A1", "cents": 1250}

    async def test_a_request_that_it_has_got_ends_with_its_process(self, orchestrator: Orchestrator) -> None:
        request = await waiting_request(orchestrator)
        await freeze(await orchestrator.get("/rust/pid"))
        status, answer, _ = await soon(request)
        assert (status, answer["module"]) == (502, "rust")
        await until_ready_again(orchestrator)

    async def test_one_that_goes_on_in_time_keeps_its_process_and_its_calls(
        self, orchestrator: Orchestrator
    ) -> None:
        pid = await orchestrator.get("/rust/pid")
        call = await waiting_call(orchestrator)
        await freeze(pid)
        await orchestrator.until_logged("answered none of the last")
        os.kill(pid, signal.SIGCONT)
        await until_ready_again(orchestrator)
        await orchestrator.request("POST", "/rust/call/catalog/go", json={})
        assert (await soon(call))[1] == {"sku": "A1", "cents": 1}
        assert await orchestrator.get("/rust/pid") == pid

    async def test_a_call_to_a_frozen_python_module_ends_when_that_is_replaced(
        self, start: Start, crate_module: Path
    ) -> None:
        frozen = CONFIGURATION.replace(
            'run = "catalog.py"',
            'run = "catalog.py"\n    heartbeat_interval = 0.2\n    heartbeat_timeout = 1.5\n',
        )
        orchestrator = await start({"catalog.py": CATALOG}, frozen.format(program=crate_module))
        catalog = next(child for child in children_of(orchestrator) if "catalog.py" in child[1])
        await freeze(catalog[0])
        answer = await soon(price(orchestrator))
        assert answer["content"]["code"] == "unavailable"
        await orchestrator.until(
            lambda: sum(line.startswith("Ready  catalog ") for line in orchestrator.output) > 1
        )
        assert await price(orchestrator) == {"sku": "A1", "cents": 1250}


class TestCut:
    async def test_its_connection_fifty_times_with_twenty_calls_in_flight(self, crate: CrateWorkshop) -> None:
        module = await crate.start(crate.catalog())
        for round_ in range(50):
            calls = asyncio.create_task(crate.get("/prices/20"))
            made = 20 * (round_ + 1)
            await crate.workshop.until(lambda made=made: crate.calls_made() >= made, "the calls")
            (await crate.channel()).connection.abort()
            answers = await soon(calls)
            assert [answer.get("cents") for answer in answers] == [1250] * 20
        assert module.restarts == 0
        assert crate.broker is not None
        assert crate.broker.waiting == 0

    async def test_its_connection_while_an_answer_is_large(self, crate: CrateWorkshop) -> None:
        module = await crate.start(crate.workshop.configuration("large", LARGE))
        call = asyncio.create_task(crate.call("large", "any", {}))
        await crate.workshop.until(
            lambda: crate.workshop.routed and crate.workshop.routed[-1][0] == "large", "the answer"
        )
        (await crate.channel()).connection.abort()
        assert len(await soon(call)) == 4_000_000
        assert module.restarts == 0

    async def test_its_connection_while_it_sends_and_what_is_lost_is_said(
        self, crate: CrateWorkshop, caplog: pytest.LogCaptureFixture
    ) -> None:
        module = await crate.start(crate.catalog())
        for _ in range(10):
            calls = [
                asyncio.create_task(crate.call("catalog", "price", {"sku": "A1"}, timeout_ms=2000))
                for _ in range(20)
            ]
            made = crate.calls_made()
            await crate.workshop.until(lambda made=made: crate.calls_made() > made, "a call")
            (await crate.channel()).connection.abort()
            answers = await soon(asyncio.gather(*calls))
            lost = [answer for answer in answers if answer != {"sku": "A1", "cents": 1250}]
            # The crate writes into a connection that is cut, or that it drops for another in the same moment.
            assert all(
                "timed out" in answer["failed"]
                if "failed" in answer
                else answer["content"]["code"] == "unavailable"
                for answer in lost
            )
        assert await crate.call("catalog", "price", {"sku": "A1"}) == {"sku": "A1", "cents": 1250}
        assert module.restarts == 0


# Answers with a text of four megabytes.
LARGE = """
channel = connect()
announce()
ID = "00000000-0000-4000-8000-000000000000"

def answer():
    while True:
        message = read_frame(channel)
        if message["op"] == "heartbeat":
            send_frame(channel, id=ID, content={"op": "heartbeat_ack"}, metadata={})
        elif message["op"] == "routed_module_message":
            send_frame(channel, id=ID, metadata={}, content={
                "op": "route_to_module", "target_module_id": message["source_module_id"],
                "target_endpoint": "__response__", "request_id": message["original_request_id"],
                "payload": {"data": list(b'"' + b"x" * 4000000 + b'"'), "format": "Json"}})

threading.Thread(target=answer, daemon=True).start()
serve()
"""


def children_of(orchestrator: Orchestrator) -> list[tuple[int, str]]:
    """The module processes: pid and command line of each."""
    pid = orchestrator.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [(int(child), Path(f"/proc/{child}/cmdline").read_text()) for child in children]
