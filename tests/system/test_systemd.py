"""`pywatt up` as systemd starts it: notifications and sockets as they really travel."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from orchestrators import Orchestrator, Start
from service_managers import NotifySocket, launched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux")

ROOT = Path(__file__).parents[2]
CURIOUS = """
    import os
    from fastapi import FastAPI
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        app = FastAPI()

        @app.get("/environment")
        async def environment():
            return [name for name in os.environ if name.startswith(("NOTIFY_", "WATCHDOG_", "LISTEN_"))]

        return app
"""
ONE = '[modules.one]\nrun = "one.py"\n'


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[NotifySocket]:
    manager = NotifySocket(str(tmp_path / "notify"))
    yield manager
    manager.close()


async def test_the_manager_learns_of_start_and_stop(start: Start, manager: NotifySocket) -> None:
    orchestrator = await start(
        {"one.py": CURIOUS},
        ONE,
        environment={**manager.environment, "WATCHDOG_USEC": "200000"},
        ready=False,
    )
    told = await manager.until("READY")
    assert told["MAINPID"] == str(orchestrator.process.pid)
    assert told["STATUS"] == "1 of 1 modules ready"
    await manager.until("WATCHDOG")
    await orchestrator.until_ready()
    assert await orchestrator.get("/m/one/environment") == []
    orchestrator.process.terminate()
    await manager.until("STOPPING")
    assert await orchestrator.wait() == 0


@pytest.fixture
async def activated(tmp_path: Path) -> AsyncIterator[list[Orchestrator]]:
    """Those that `start_activated` has started; they end with the test."""
    started: list[Orchestrator] = []
    yield started
    for orchestrator in started:
        await orchestrator.close()


async def start_activated(passed: socket.socket, folder: Path, started: list[Orchestrator]) -> Orchestrator:
    (folder / "one.py").write_text(re.sub("^    ", "", CURIOUS, flags=re.MULTILINE))
    (folder / "pywatt.toml").write_text('[gateway]\nlisten = "127.0.0.1:1"\n' + ONE)
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *launched([sys.executable, "-m", "pywatt", "up"], [passed.fileno()]),
        cwd=folder,
        env={**os.environ, "PYWATT_RUN_DIR": str(folder / "run")},
        pass_fds=[passed.fileno()],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    orchestrator = Orchestrator(process, folder)
    started.append(orchestrator)
    return orchestrator


async def test_the_gateway_serves_a_socket_that_was_passed(
    tmp_path: Path, activated: list[Orchestrator]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # A client may come before anything serves.
        early = asyncio.create_task(asyncio.to_thread(subprocess.run, ask(port), capture_output=True))
        orchestrator = await start_activated(server, tmp_path, activated)
        await orchestrator.until_ready()
        assert orchestrator.url == f"http://127.0.0.1:{port}"
        await orchestrator.until_logged("127.0.0.1:1 is not used")
        assert await orchestrator.get("/m/one/environment") == []
        assert (await early).stdout == b'{"status":"OK"}'
        assert await orchestrator.stop() == 0
        # It is the manager's: the next process serves it again.
        again = await start_activated(server, tmp_path, activated)
        await again.until_ready()
        assert await again.stop() == 0


def ask(port: int) -> list[str]:
    fetch = "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1]).read())"
    return [sys.executable, "-c", fetch, f"http://127.0.0.1:{port}/livez"]


async def test_the_file_of_a_passed_unix_socket_stays(tmp_path: Path, activated: list[Orchestrator]) -> None:
    path = tmp_path / "gateway.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        orchestrator = await start_activated(server, tmp_path, activated)
        await orchestrator.until(lambda: any(line.startswith("Ready  all") for line in orchestrator.output))
        connector = aiohttp.UnixConnector(str(path))
        async with (
            aiohttp.ClientSession(connector=connector) as client,
            client.get("http://gateway/readyz") as response,
        ):
            assert response.status == 200
        assert await orchestrator.stop() == 0
        assert path.is_socket()


async def test_a_passed_unix_socket_without_a_file_is_reached_by_its_name(
    tmp_path: Path, activated: list[Orchestrator]
) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(b"\0" + os.fsencode(tmp_path))
        server.listen()
        orchestrator = await start_activated(server, tmp_path, activated)
        await orchestrator.until_logged(f"the gateway listens on unix:@{tmp_path}, as systemd passed it")
        await orchestrator.until(lambda: any(line.startswith("Ready  all") for line in orchestrator.output))
        asked = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pywatt", "get", "/livez"),
            cwd=tmp_path,
            env={**os.environ, "PYWATT_RUN_DIR": str(tmp_path / "run")},
            stdout=asyncio.subprocess.PIPE,
        )
        answer, _ = await asyncio.wait_for(asked.communicate(), 30)
        assert (asked.returncode, answer) == (0, b'{"status":"OK"}')
        assert await orchestrator.stop() == 0


async def test_a_socket_of_another_kind_is_a_mistake_of_the_unit(
    tmp_path: Path, activated: list[Orchestrator]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        orchestrator = await start_activated(datagrams, tmp_path, activated)
        assert await orchestrator.wait() == 2
    await orchestrator.until_logged("AF_INET SOCK_DGRAM")
    await orchestrator.until_logged("use ListenStream=")


def test_the_units_of_the_manual_are_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        reason = "systemd-analyze is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    manual = (ROOT / "docs" / "operations.md").read_text()
    units = dict(
        re.findall(r"^```ini\n# /etc/systemd/system/(\S+)\n(.*?)^```", manual, re.MULTILINE | re.DOTALL)
    )
    assert set(units) == {"shop.service", "shop.socket"}
    for name, text in units.items():
        # The program and the user of the example are not on this machine.
        text = re.sub("/srv/shop/venv/bin/pywatt", sys.executable, text)
        text = re.sub("^(User|WorkingDirectory)=.*\n", "", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    complaints = [line for line in checked.stderr.splitlines() if str(tmp_path) in line or "shop." in line]
    assert (checked.returncode, complaints) == (0, [])
