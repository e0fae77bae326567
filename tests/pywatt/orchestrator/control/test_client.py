"""The blocking client: answers, streams, deadlines, and what it says when nothing runs."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from control_clients import DEADLINE, command, echo

from pywatt.orchestrator.control.client import connect, wait_for_end
from pywatt.orchestrator.control.commands import NAMES, CommandTable, SendItem
from pywatt.orchestrator.control.errors import ConnectionLost, ControlError, ControlTimeout, NotRunning
from pywatt.orchestrator.control.limits import ClientLimits
from pywatt.orchestrator.control.orchestrator_commands import OrchestratorCommands
from pywatt.orchestrator.control.server import ControlServer
from pywatt.orchestrator.events import LONGEST_TEXT, RING, EventRing
from pywatt.orchestrator.processes.run_directory import RunDirectory

Result = TypeVar("Result")


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PYWATT_RUN_DIR", str(tmp_path / "run"))
    file = tmp_path / "pywatt.toml"
    file.write_text("")
    return str(file)


@pytest.fixture
def run_directory(configuration: str) -> Iterator[RunDirectory]:
    with RunDirectory.open(Path(configuration)) as directory:
        yield directory


Serve = Callable[..., Any]


@pytest.fixture
async def serve(run_directory: RunDirectory) -> AsyncIterator[Serve]:
    servers = []

    async def start(commands: CommandTable, **limits: Any) -> ControlServer:
        greeting = {"pid": os.getpid(), "url": "http://127.0.0.1:9900"}
        path = run_directory.control_socket_path
        server = ControlServer(path, commands, greeting, ClientLimits(**limits))
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


async def apart(work: Callable[[], Result]) -> Result:
    """Run blocking code beside the server."""
    return await asyncio.wait_for(asyncio.to_thread(work), DEADLINE)


async def never(_arguments: Mapping[str, Any], send_item: SendItem) -> dict[str, Any]:
    send_item({"begun": True})
    await asyncio.Event().wait()
    return {}


async def test_it_knows_who_it_talks_to(configuration: str, serve: Serve) -> None:
    await serve({})

    def greet() -> Any:
        with connect(configuration) as client:
            return client.greeting

    assert (await apart(greet))["pid"] == os.getpid()


async def test_a_request_returns_the_result(configuration: str, serve: Serve) -> None:
    await serve({"echo": command(echo, names=NAMES)})

    def ask() -> Any:
        with connect(configuration) as client:
            return [client.request("echo", names=["a"]), client.request("echo")]

    assert await apart(ask) == [{"arguments": {"names": ["a"]}}, {"arguments": {"names": []}}]


async def test_a_stream_yields_items_and_returns_the_result(configuration: str, serve: Serve) -> None:
    async def count(_arguments: Mapping[str, Any], send_item: SendItem) -> dict[str, Any]:
        for number in range(3):
            send_item({"number": number})
        return {"done": True}

    await serve({"count": command(count)})

    def ask() -> Any:
        items = []
        with connect(configuration) as client:
            stream = client.stream("count")
            while True:
                try:
                    items.append(next(stream)["number"])
                except StopIteration as end:
                    return items, end.value

    assert await apart(ask) == ([0, 1, 2], {"done": True})


async def test_a_refusal_is_raised_with_its_advice(configuration: str, serve: Serve) -> None:
    await serve({"echo": command(echo)})

    def ask() -> None:
        with connect(configuration) as client:
            client.request("ecko")

    with pytest.raises(ControlError, match="no command 'ecko'") as caught:
        await apart(ask)
    assert caught.value.code == "unknown_command"
    assert "did you mean 'echo'?" in (caught.value.advice or "")


async def test_an_answer_has_a_deadline(configuration: str, serve: Serve) -> None:
    await serve({"never": command(never)})

    def ask() -> None:
        with connect(configuration) as client:
            client.request("never", within=0.05)

    with pytest.raises(ControlTimeout):
        await apart(ask)


async def test_a_pause_in_a_stream_is_an_empty_item(configuration: str, serve: Serve) -> None:
    await serve({"never": command(never)})

    def ask() -> Any:
        with connect(configuration) as client:
            stream = client.stream("never", pause=0.02)
            return [next(stream), next(stream), next(stream)]

    assert await apart(ask) == [{"begun": True}, {}, {}]


async def test_what_was_asked_before_does_not_mix_with_what_is_asked_now(
    configuration: str, serve: Serve
) -> None:
    await serve({"never": command(never), "echo": command(echo)})

    def ask() -> Any:
        with connect(configuration) as client:
            next(client.stream("never"))
            return client.request("echo")

    assert await apart(ask) == {"arguments": {}}


async def test_an_orchestrator_that_ends_is_told(configuration: str, serve: Serve) -> None:
    server = await serve({"never": command(never)})
    loop = asyncio.get_running_loop()

    def ask() -> None:
        with connect(configuration) as client:
            stream = client.stream("never")
            next(stream)
            asyncio.run_coroutine_threadsafe(server.close(), loop)
            next(stream)

    with pytest.raises(ConnectionLost):
        await apart(ask)


async def test_it_waits_for_its_turn_when_too_many_are_connected(configuration: str, serve: Serve) -> None:
    await serve({"echo": command(echo)}, clients=1)
    first = await apart(lambda: connect(configuration))
    second = asyncio.create_task(apart(lambda: connect(configuration)))
    await asyncio.wait({second}, timeout=0.1)
    assert not second.done()
    first.close()
    (await second).close()


async def test_it_gives_up_when_its_turn_never_comes(configuration: str, serve: Serve) -> None:
    await serve({"echo": command(echo)}, clients=1)
    first = await apart(lambda: connect(configuration))
    with pytest.raises(ControlError) as caught:
        await apart(lambda: connect(configuration, 0.1))
    assert caught.value.code == "too_many_clients"
    first.close()


async def test_an_orchestrator_that_is_just_starting_is_waited_for(configuration: str, serve: Serve) -> None:
    connecting = asyncio.create_task(apart(lambda: connect(configuration)))
    await asyncio.wait({connecting}, timeout=0.1)
    assert not connecting.done()
    await serve({})
    (await connecting).close()


def test_one_that_never_listens_is_told_with_its_process(
    configuration: str, run_directory: RunDirectory
) -> None:
    with pytest.raises(ControlTimeout, match=f"process {os.getpid()} runs") as caught:
        connect(configuration, 0.1)
    assert f"kill {os.getpid()}" in (caught.value.advice or "")


async def test_all_events_that_are_kept_are_told_however_long_they_are(
    configuration: str, serve: Serve
) -> None:
    ring = EventRing()
    for _ in range(RING):
        ring.record("INFO", "noise", "\N{SNOWMAN}" * LONGEST_TEXT, why="\N{SNOWMAN}" * LONGEST_TEXT)

    async def stop(_now: bool) -> None:
        pass

    await serve(OrchestratorCommands(ring, [], stop).table())

    def ask() -> list[Any]:
        with connect(configuration) as client:
            return [item["event"]["number"] for item in client.stream("events", within=DEADLINE)]

    assert await apart(ask) == list(range(1, RING + 1))


# --- nothing runs


def test_when_nothing_runs_it_says_how_to_start_it(configuration: str) -> None:
    with pytest.raises(NotRunning, match="nothing runs") as caught:
        connect(configuration)
    assert caught.value.advice == f"start it with: pywatt up -d --file {configuration}"


def test_when_there_is_no_such_file_it_says_so(configuration: str) -> None:
    os.unlink(configuration)
    with pytest.raises(NotRunning, match="nothing runs") as caught:
        connect(configuration)
    assert caught.value.advice == "there is no such file; name another with --file"


def test_when_another_one_runs_it_is_named(configuration: str, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    with RunDirectory.open(other), pytest.raises(NotRunning) as caught:
        connect(configuration)
    assert f"running now: {other}" in (caught.value.advice or "")


def test_what_a_killed_orchestrator_left_is_removed_and_told(configuration: str) -> None:
    with RunDirectory.open(Path(configuration)) as directory:
        path = directory.control_socket_path
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    with pytest.raises(NotRunning, match="was killed, and what it left behind has been removed"):
        connect(configuration)
    assert not os.path.exists(path)
    with pytest.raises(NotRunning) as caught:
        connect(configuration)
    assert "left behind" not in str(caught.value)


def test_the_end_is_the_end_of_the_lock(configuration: str) -> None:
    with RunDirectory.open(Path(configuration)), pytest.raises(ControlTimeout):
        wait_for_end(configuration, os.getpid(), 0.05)
    wait_for_end(configuration, os.getpid(), 0.0)


def test_another_orchestrator_that_was_started_meanwhile_is_not_waited_for(configuration: str) -> None:
    with RunDirectory.open(Path(configuration)):
        wait_for_end(configuration, os.getppid(), 0.0)


def test_it_is_light() -> None:
    code = (
        "import sys\n"
        "import pywatt.orchestrator.control.client, pywatt.cli.ps\n"
        "heavy = ['asyncio', 'aiohttp', 'attrs', 'rich', 'orjson', 'selectors', 'subprocess', 'hashlib',"
        " 'dataclasses', 'pathlib', 'logging']\n"
        "import json; print(json.dumps([name for name in heavy if name in sys.modules]))\n"
    )
    # Not as an editable installation, whose own finder loads a part of them.
    result = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(result.stdout) == []
