"""Several modules: started in the order of their dependencies, stopped in reverse."""

from __future__ import annotations

import asyncio
import os
import signal

from supervised import DEADLINE, Workshop, workshop

from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["workshop"]

TELLING = "log('start ' + init['module_id'])\nannounce()\nserve()\nlog('stop ' + init['module_id'])\n"


def order(workshop: Workshop, word: str) -> list[str]:
    return [line.split()[1] for line in workshop.recorder.logged(word + " ")]


async def test_each_starts_when_what_it_needs_is_ready_and_stops_before_it(workshop: Workshop) -> None:
    supervisor = workshop.start(
        workshop.configuration("shop", TELLING, after=["orders"]),
        workshop.configuration("orders", TELLING, after=["catalog", "ledger"]),
        workshop.configuration("catalog", TELLING),
        workshop.configuration("ledger", TELLING),
    )
    await workshop.until(lambda: supervisor.all_ready)
    await supervisor.stop_all()
    assert order(workshop, "start")[2:] == ["orders", "shop"]
    assert set(order(workshop, "start")[:2]) == {"catalog", "ledger"}
    assert order(workshop, "stop")[:2] == ["shop", "orders"]
    assert {module.state for module in supervisor.modules.values()} == {ModuleState.STOPPED}
    assert supervisor.not_started == []


async def test_an_announcement_is_not_readiness(workshop: Workshop) -> None:
    gate = workshop.folder / "gate"
    supervisor = workshop.start(
        workshop.configuration(
            "slow",
            'announce(endpoints=[{"path": "/health", "methods": ["GET"]}])\nlog("announced")\n'
            f"serve(lambda request: respond(request, 200 if os.path.exists({str(gate)!r}) else 503))\n",
        ),
        workshop.configuration("next", TELLING, after=["slow"]),
    )
    await workshop.recorder.until_logged("announced")
    assert supervisor.modules["next"].state is ModuleState.WAITING
    gate.touch()
    await workshop.until(lambda: supervisor.all_ready)


async def test_it_waits_until_all_that_it_needs_are_ready_at_the_same_time(workshop: Workshop) -> None:
    gate = workshop.folder / "gate"
    supervisor = workshop.start(
        workshop.configuration("early"),
        workshop.configuration(
            "late",
            'announce(endpoints=[{"path": "/health", "methods": ["GET"]}])\n'
            f"serve(lambda request: respond(request, 200 if os.path.exists({str(gate)!r}) else 503))\n",
        ),
        workshop.configuration("next", TELLING, after=["early", "late"]),
    )
    early, late, following = supervisor.modules.values()
    await workshop.until_state(early, ModuleState.READY)
    await early.stop()
    gate.touch()
    await workshop.until_state(late, ModuleState.READY)
    early.start()
    await workshop.until_state(following, ModuleState.STARTING)
    assert early.is_ready
    assert late.is_ready


async def test_independent_branches_start_side_by_side(workshop: Workshop) -> None:
    # A pipe opens for one end when the other end opens it, so both must be running before either is ready.
    pipe = str(workshop.folder / "pipe")
    os.mkfifo(pipe)
    meet = "open({pipe!r}, {mode!r}).close()\nannounce()\nserve()\n"
    supervisor = workshop.start(
        workshop.configuration("left", meet.format(pipe=pipe, mode="r")),
        workshop.configuration("right", meet.format(pipe=pipe, mode="w")),
    )
    await workshop.until(lambda: supervisor.all_ready)


async def test_one_that_does_not_start_is_reported_with_all_that_wait_for_it_and_the_rest_runs(
    workshop: Workshop,
) -> None:
    supervisor = workshop.start(
        workshop.configuration("broken", "sys.exit('no coffee')\n"),
        workshop.configuration("second", after=["broken"]),
        workshop.configuration("third", after=["second"]),
        workshop.configuration("fine"),
    )
    modules = supervisor.modules
    await workshop.until_state(modules["broken"], ModuleState.CRASH_LOOPING)
    await workshop.until_state(modules["fine"], ModuleState.READY)
    assert modules["second"].state is modules["third"].state is ModuleState.WAITING
    assert modules["second"].last_error is not None
    assert modules["second"].last_error.startswith(
        "waits for broken, which is crash-looping: exited with code 1"
    )
    assert workshop.recorder.said("waits for second", "third")
    assert [module.name for module in supervisor.not_started] == ["broken", "second", "third"]
    await supervisor.stop_all()
    assert {modules[name].state for name in ("second", "third", "fine")} == {ModuleState.STOPPED}


async def test_what_waits_starts_when_the_other_is_started_by_hand(workshop: Workshop) -> None:
    gate = workshop.folder / "gate"
    supervisor = workshop.start(
        workshop.configuration(
            "fickle", f"if not os.path.exists({str(gate)!r}): sys.exit(1)\nannounce()\nserve()\n"
        ),
        workshop.configuration("next", after=["fickle"]),
    )
    fickle, following = supervisor.modules.values()
    await workshop.until_state(fickle, ModuleState.CRASH_LOOPING)
    assert "waits for fickle" in str(following.last_error)
    gate.touch()
    fickle.start()
    assert following.last_error is None
    await workshop.until(lambda: supervisor.all_ready)
    assert supervisor.not_started == []


async def test_one_that_is_started_again_does_not_take_those_after_it_along(workshop: Workshop) -> None:
    supervisor = workshop.start(
        workshop.configuration("first"), workshop.configuration("next", after=["first"])
    )
    await workshop.until(lambda: supervisor.all_ready)
    first, following = supervisor.modules["first"], supervisor.modules["next"]
    pids = first.pid, following.pid
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    await workshop.until(lambda: first.is_ready and first.pid != pids[0])
    assert following.pid == pids[1]
    assert workshop.states("next")[-1] is ModuleState.READY


async def test_a_stop_in_the_middle_of_the_start_ends_everything(workshop: Workshop) -> None:
    supervisor = workshop.start(
        workshop.configuration("first", "signal.pause()\n", stop_timeout=1.0),
        workshop.configuration("second", after=["first"]),
    )
    await supervisor.first_processes()
    await supervisor.stop_all()
    assert {module.state for module in supervisor.modules.values()} == {ModuleState.STOPPED}
    assert supervisor.not_started == []


async def test_nobody_waits_for_the_first_process_of_what_was_stopped_before(workshop: Workshop) -> None:
    supervisor = workshop.start(workshop.configuration("one"))
    await supervisor.stop_all()
    async with asyncio.timeout(DEADLINE):
        await supervisor.first_processes()
    assert supervisor.modules["one"].restarts == 0


async def test_a_kill_ends_what_a_stop_would_wait_for(workshop: Workshop) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nannounce()\nserve()\nsignal.pause()\n"
    supervisor = workshop.start(
        workshop.configuration("first", deaf, stop_timeout=1000.0),
        workshop.configuration("second", deaf, stop_timeout=1000.0, after=["first"]),
    )
    await workshop.until(lambda: supervisor.all_ready)
    stop = asyncio.create_task(supervisor.stop_all())
    await asyncio.sleep(0)
    await supervisor.kill_all()
    await stop
    assert {module.state for module in supervisor.modules.values()} == {ModuleState.STOPPED}


async def test_messages_between_modules_reach_the_broker_with_their_sender(workshop: Workshop) -> None:
    await workshop.start_one("""
        announce()
        say(op="route_to_module", target_module_id="b", target_endpoint="/e",
            request_id="00000000-0000-4000-8000-000000000001", payload={"data": [123, 125], "format": "Json"})
        serve()
    """)
    await workshop.until(lambda: workshop.routed)
    ((source, operation),) = workshop.routed
    assert (source, operation.target_module_id, operation.payload.data) == ("one", "b", b"{}")


async def test_a_start_is_allowed_the_time_of_the_longest_chain(workshop: Workshop) -> None:
    supervisor = workshop.supervise(
        workshop.configuration("a", start_timeout=3.0),
        workshop.configuration("b", start_timeout=4.0, after=["a"]),
        workshop.configuration("c", start_timeout=5.0, after=["b", "d"]),
        workshop.configuration("d", start_timeout=6.0),
    )
    assert supervisor.start_allowance == 12.0
    assert workshop.supervise().start_allowance == 0.0


async def test_all_is_settled_when_each_is_ready_or_will_not_be(workshop: Workshop) -> None:
    supervisor = workshop.supervise(
        workshop.configuration("fine"),
        workshop.configuration("broken", "sys.exit(1)\n", restart={"exit_limit": 1}),
        workshop.configuration("later", after=["broken"]),
    )
    assert not supervisor.settled
    supervisor.start_all()
    await workshop.until_state(supervisor.modules["fine"], ModuleState.READY)
    await workshop.until_state(supervisor.modules["broken"], ModuleState.CRASH_LOOPING)
    assert supervisor.settled
