"""The commands about modules, asked as a client asks them, with real modules behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import pytest
from supervised import DEADLINE, READY, Workshop, until, workshop

from pywatt.orchestrator.console.last_lines import CollectedLines
from pywatt.orchestrator.control.commands import check_arguments
from pywatt.orchestrator.control.errors import ControlError, ControlTimeout
from pywatt.orchestrator.control.module_commands import ModuleCommands
from pywatt.orchestrator.control.module_report import ModuleReports
from pywatt.orchestrator.control.orchestrator_commands import OrchestratorCommands
from pywatt.orchestrator.events import EventRing, record_change
from pywatt.orchestrator.supervision.manual_control import ManualControl
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["workshop"]

NEVER_READY = "hear()\n"
FAILS = "log('no luck')\nsys.exit(3)\n"


class Desk:
    """Commands of real modules, and the items they sent."""

    def __init__(self, workshop: Workshop, *configurations: Any) -> None:
        self.workshop = workshop
        self.items: list[Mapping[str, Any]] = []
        self.lines: dict[str, list[bytes]] = {}
        self.events = EventRing()
        self.supervisor = workshop.supervise(*configurations)
        self.supervisor.on_change(lambda module, before: record_change(self.events, module, before))
        self.stopped_now: list[bool] = []
        lines = CollectedLines(lambda module: self.lines.get(module, []))
        reports = ModuleReports(lines, lambda module: f"http://127.0.0.1:9900/m/{module.name}/")
        modules = ModuleCommands(self.supervisor, ManualControl(self.supervisor), self.events, reports)
        whole = OrchestratorCommands(self.events, self.supervisor.modules, self.stop)
        self.table = {**modules.table(), **whole.table()}

    async def stop(self, now: bool) -> None:
        self.stopped_now.append(now)
        await self.supervisor.stop_all()

    async def ask(self, name: str, **arguments: Any) -> Any:
        command = self.table[name]
        checked = check_arguments(name, command, arguments)
        return await asyncio.wait_for(command.handler(checked, self.items.append), DEADLINE)

    def changes(self) -> list[tuple[str, str]]:
        return [(item["event"]["module"], item["event"]["fields"]["after"]) for item in self.items]

    async def open(self, *ready: str) -> None:
        self.supervisor.start_all()
        for name in ready:
            await self.workshop.until_state(self.supervisor.modules[name], ModuleState.READY)


def one(workshop: Workshop, name: str = "a", text: str = READY, **settings: Any) -> Any:
    return workshop.configuration(name, text, **settings)


# --- modules


async def test_a_module_is_described(workshop: Workshop) -> None:
    text = "announce(endpoints=[{'path': '/greet/:name', 'methods': ['GET']}])\nserve()\n"
    desk = Desk(workshop, one(workshop, text=text))
    await desk.open("a")
    (module,) = (await desk.ask("modules"))["modules"]
    assert module["memory_bytes"] > 1024 * 1024
    assert module["cpu_percent"] > 0
    measured = {"since", "memory_bytes", "cpu_percent"}
    assert {key: value for key, value in module.items() if key not in measured} == {
        "name": "a",
        "state": "ready",
        "ready": True,
        "restarts": 0,
        "pid": desk.supervisor.modules["a"].pid,
        "processes": 1,
        "endpoints": [{"path": "/greet/:name", "methods": ["GET"]}],
        "url": "http://127.0.0.1:9900/m/a/",
        "after": [],
        "reason": None,
        "log": [],
    }


async def test_one_that_is_not_well_tells_its_reason_and_the_end_of_its_log(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop, text=FAILS, restart={"policy": "never"}))
    desk.lines["a"] = [b"no luck"]
    await desk.open()
    await workshop.until_state(desk.supervisor.modules["a"], ModuleState.EXITED)
    (module,) = (await desk.ask("modules"))["modules"]
    assert module["reason"] == "exited with code 3 before it announced itself: no luck"
    assert module["log"] == ["no luck"]
    assert module["pid"] is None


async def test_one_that_waits_or_starts_tells_for_what(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop, text=NEVER_READY), one(workshop, "b", after=["a"]))
    await desk.open()
    await workshop.until_state(desk.supervisor.modules["a"], ModuleState.STARTING)
    first, second = (await desk.ask("modules"))["modules"]
    assert first["reason"] == "it has not announced itself"
    assert second["reason"] == "waits for a"
    assert first["log"] == second["log"] == []


async def test_some_can_be_named(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop), one(workshop, "b"))
    assert [module["name"] for module in (await desk.ask("modules", names=["b", "b"]))["modules"]] == ["b"]


@pytest.mark.parametrize("command", ["modules", "wait", "start", "stop", "restart", "events"])
async def test_a_name_that_does_not_exist_is_told_with_the_one_that_was_meant(
    workshop: Workshop, command: str
) -> None:
    desk = Desk(workshop, one(workshop, "catalog"), one(workshop, "ledger"))
    with pytest.raises(ControlError) as caught:
        await desk.ask(command, names=["catalgo"])
    assert caught.value.code == "module_not_found"
    assert caught.value.advice == "did you mean 'catalog'? expected one of: catalog, ledger"


# --- wait


async def test_wait_returns_when_all_are_ready(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop), one(workshop, "b", after=["a"]))
    desk.supervisor.start_all()
    result = await desk.ask("wait")
    assert [module["state"] for module in result["modules"]] == ["ready", "ready"]
    assert ("b", "ready") in desk.changes()


async def test_wait_returns_at_once_when_they_are(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    await desk.open("a")
    await desk.ask("wait", timeout=0.5)
    assert desk.items == []


async def test_wait_fails_at_once_when_a_module_is_not_going_to_be_ready(workshop: Workshop) -> None:
    failing = one(workshop, text=FAILS, restart={"policy": "never"})
    desk = Desk(workshop, failing, one(workshop, "b", after=["a"]))
    desk.supervisor.start_all()
    with pytest.raises(ControlError, match="b is not going to be ready: waiting: waits for a") as caught:
        await desk.ask("wait", names=["b"])
    assert caught.value.code == "module_failed"
    assert caught.value.details["modules"][0]["name"] == "b"


async def test_wait_until_all_is_settled_tells_everything_that_fails(workshop: Workshop) -> None:
    os.mkfifo(workshop.folder / "gate")
    desk = Desk(
        workshop,
        one(workshop, "bad", FAILS, restart={"exit_limit": 1}),
        one(workshop, "late", "open('gate').read()\n" + READY),
    )
    desk.supervisor.start_all()
    asked = asyncio.create_task(desk.ask("wait", settle=True))
    await workshop.until_state(desk.supervisor.modules["bad"], ModuleState.CRASH_LOOPING)
    assert not asked.done()
    await asyncio.to_thread((workshop.folder / "gate").write_text, "go")
    with pytest.raises(ControlError, match="bad is not going to be ready: crash-looping") as raised:
        await asked
    assert [module["name"] for module in raised.value.details["modules"]] == ["bad"]
    # How they stood when the question came, then what changed.
    assert [module["name"] for module in desk.items[0]["modules"]] == ["bad", "late"]
    assert desk.supervisor.modules["late"].is_ready


async def test_wait_says_how_to_start_what_was_stopped(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    await desk.open("a")
    await desk.ask("stop", names=["a"])
    with pytest.raises(ControlError, match="a is not going to be ready: stopped") as caught:
        await desk.ask("wait", names=["a"])
    assert caught.value.advice == "start with: pywatt start a"


async def test_wait_tells_what_is_missing_when_its_time_is_over(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop, text=NEVER_READY))
    desk.supervisor.start_all()
    with pytest.raises(ControlTimeout, match=r"not ready within 0\.2 s: starting: it has not announced"):
        await desk.ask("wait", timeout=0.2)


# --- restart, stop, start


async def test_restart_tells_what_happens_and_returns_when_it_is_ready(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop), one(workshop, "b"))
    await desk.open("a", "b")
    result = await desk.ask("restart", names=["a"])
    assert result["modules"][0]["restarts"] == 1
    assert result["modules"][0]["state"] == "ready"
    assert [state for _, state in desk.changes()][:1] == ["draining"]
    assert {name for name, _ in desk.changes()} == {"a"}
    assert desk.changes()[-1] == ("a", "ready")


async def test_restart_does_not_wait_if_it_need_not(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    await desk.open("a")
    result = await desk.ask("restart", names=["a"], no_wait=True)
    assert result["modules"][0]["state"] != "ready"
    await workshop.until_state(desk.supervisor.modules["a"], ModuleState.READY)


async def test_restart_fails_with_the_reason_when_the_module_does_not_come_up(workshop: Workshop) -> None:
    text = "open('begun', 'x').close()\n" + READY
    desk = Desk(workshop, one(workshop, text=text, restart={"policy": "never"}))
    await desk.open("a")
    with pytest.raises(ControlError, match="FileExistsError") as caught:
        await desk.ask("restart", names=["a"])
    assert caught.value.code == "module_failed"


async def test_the_time_of_a_restart_begins_with_it_and_the_restart_outlives_it(workshop: Workshop) -> None:
    gate = workshop.folder / "gate"
    os.mkfifo(gate)
    desk = Desk(workshop, one(workshop, text=READY + "open('gate').read()\n", stop_timeout=1000.0))
    await desk.open("a")
    with pytest.raises(ControlTimeout, match=r"a is not ready within 0\.2 s: draining"):
        await desk.ask("restart", names=["a"], timeout=0.2)
    await asyncio.to_thread(gate.write_text, "go")
    gate.unlink()
    module = desk.supervisor.modules["a"]
    await until(lambda: module.restarts == 1 and module.is_ready, "the end of the restart")


async def test_whoever_has_no_time_at_all_begins_a_restart_all_the_same(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    await desk.open("a")
    with pytest.raises(ControlTimeout):
        await desk.ask("restart", names=["a"], timeout=0)
    module = desk.supervisor.modules["a"]
    await until(lambda: module.restarts == 1 and module.is_ready, "the end of the restart")


async def test_restart_wants_names(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    with pytest.raises(ControlError, match="no module is named"):
        await desk.ask("restart")


async def test_stop_and_start_tell_what_happens(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop), one(workshop, "b", after=["a"]))
    await desk.open("a", "b")
    await desk.ask("stop")
    assert desk.changes() == [("b", "draining"), ("b", "stopped"), ("a", "draining"), ("a", "stopped")]
    result = await desk.ask("start", names=["b"])
    assert result["started"] == ["a", "b"]
    assert result["modules"][0]["state"] == "ready"


# --- events, down


async def test_events_of_the_past_can_be_bounded_and_chosen(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop), one(workshop, "b"))
    await desk.open("a", "b")
    await desk.ask("events", names=["a"], last=1)
    assert desk.changes() == [("a", "ready")]
    desk.items.clear()
    await desk.ask("events", after=desk.events.recent()[-1].number)
    assert desk.items == []


async def test_events_are_followed_until_the_end(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    following = asyncio.create_task(desk.ask("events", follow=True))
    await desk.open("a")
    await until(lambda: ("a", "ready") in desk.changes(), "the event of being ready")
    desk.events.close()
    assert await following == {}


async def test_events_that_have_left_the_ring_are_counted(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    for _ in range(1030):
        desk.events.record("INFO", "noise", "")
    await desk.ask("events", after=2, last=1)
    assert desk.items[0] == {"lost": 4}


async def test_down_stops_everything_and_tells_it(workshop: Workshop) -> None:
    desk = Desk(workshop, one(workshop))
    await desk.open("a")
    await desk.ask("down", now=True)
    assert desk.changes()[-1] == ("a", "stopped")
    assert desk.stopped_now == [True]
