"""The control plane under people and programs that behave badly."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from orchestrators import Orchestrator, Start
from supervised import is_alive
from verbs import BARE_SH, Verb, bare, say

from pywatt.orchestrator.processes.run_location import RunLocation, locate

CLIENTS = 200
AT_ONCE = 50
FILES = {"bare.sh": BARE_SH}
# A web server that answers as long as nobody keeps the orchestrator from asking it.
WEB = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
WEB_TABLE = '[modules.web]\ncommand = ["python3", "web.py"]\nsdk = "none"\n'


@pytest.fixture
async def shop(start: Start) -> Orchestrator:
    return await start({**FILES, "web.py": WEB}, WEB_TABLE + bare("ledger") + bare("catalog"))


@pytest.fixture(autouse=True)
def run_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_RUN_DIR", str(tmp_path / "run"))


def location(folder: Path) -> RunLocation:
    return locate(str(folder / "pywatt.toml"))


def frame(payload: bytes, code: int = 1) -> bytes:
    return struct.pack(">IB", len(payload), code) + payload


async def read_document(reader: asyncio.StreamReader) -> Any:
    async with asyncio.timeout(30):
        length, _ = struct.unpack(">IB", await reader.readexactly(5))
        return json.loads(await reader.readexactly(length))


async def states(folder: Path) -> dict[str, str]:
    said = await say(folder, "ps", "--json")
    assert said.code == 0, said.err
    return {module["name"]: module["state"] for module in said.json}


async def test_a_flood_of_clients_is_refused_by_name_and_harms_nobody(shop: Orchestrator) -> None:
    path = location(shop.folder).control_socket
    first = []
    with contextlib.ExitStack() as connected:
        # As many at once as the kernel lets wait: asyncio takes one that it refuses for connected.
        for _ in range(0, CLIENTS, AT_ONCE):
            clients = await asyncio.gather(*(asyncio.open_unix_connection(path) for _ in range(AT_ONCE)))
            for _, writer in clients:
                connected.callback(writer.close)
            first += [await read_document(reader) for reader, _ in clients]
        refused = [one["error"]["code"] for one in first if "error" in one]
        assert len(refused) == CLIENTS - 64
        assert set(refused) == {"too_many_clients"}
        # While all places are taken, requests are served, and a command waits for its turn.
        assert await shop.get("/m/web/") == "ok"
        asking = asyncio.create_task(say(shop.folder, "ps"))
        assert await shop.get("/m/web/") == "ok"
    said = await asking
    assert said.code == 0, said.err
    assert await states(shop.folder) == {"web": "ready", "ledger": "ready", "catalog": "ready"}


async def test_a_flood_of_requests_harms_nobody(shop: Orchestrator) -> None:
    path = location(shop.folder).control_socket
    ask = frame(json.dumps({"id": 1, "command": "modules"}).encode())

    async def flood() -> int:
        answered = 0
        reader, writer = await asyncio.open_unix_connection(path)
        await read_document(reader)
        for _ in range(200):
            writer.write(ask)
            answered += "result" in await read_document(reader)
        writer.close()
        return answered

    floods = asyncio.gather(*(flood() for _ in range(20)))
    while not floods.done():
        assert await shop.get("/m/web/") == "ok"
        await asyncio.sleep(0)
    assert await floods == [200] * 20
    assert (await states(shop.folder))["ledger"] == "ready"


@pytest.mark.parametrize(
    "garbage",
    [
        os.urandom(4096),
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x00" * 65536,
        frame(b"{" * 10_000),
        frame(b"[" * 200_000),
        frame(b"\xff" * 100, code=9),
        frame(b'{"id": 1, "command": "down", "arguments": {"now": 1}}'),
        struct.pack(">IB", 1000, 1) + b'{"id": 1',
        b"\x00",
    ],
    ids=["noise", "http", "zeros", "braces", "depth", "code", "arguments", "half a frame", "half a header"],
)
async def test_garbage_on_the_socket_harms_nobody(shop: Orchestrator, garbage: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(location(shop.folder).control_socket)
    await read_document(reader)
    writer.write(garbage)
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()
    assert await states(shop.folder) == {"web": "ready", "ledger": "ready", "catalog": "ready"}
    assert "Traceback" not in shop.transcript()


async def test_a_client_that_never_reads_is_cut_off_and_the_others_are_served(shop: Orchestrator) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.setblocking(False)
        silent.connect(location(shop.folder).control_socket)
        ask = frame(json.dumps({"id": 1, "command": "events", "arguments": {"follow": True}}).encode())
        silent.send(ask)
        requests = b"".join(
            frame(json.dumps({"id": number, "command": "modules"}).encode()) for number in range(2, 4000)
        )
        with contextlib.suppress(BlockingIOError):
            while requests:
                requests = requests[silent.send(requests) :]
        await shop.until_logged("read nothing for 10 s: it is cut off")
    assert (await states(shop.folder))["ledger"] == "ready"


# --- the command line killed


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        (["restart", "stubborn"], {"stubborn": "ready"}),
        (["stop", "stubborn"], {"stubborn": "stopped"}),
        (["wait", "never"], {}),
        (["start", "never"], {}),
        (["events", "-f"], {}),
        (["ps", "--watch", "--json"], {}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
async def test_a_command_line_that_is_killed_leaves_what_it_began_to_be_finished(
    start: Start, arguments: list[str], after: dict[str, str]
) -> None:
    stubborn = BARE_SH.replace("exit 0", "while [ ! -e go ]; do sleep 0.02; done; exit 0")
    tables = (
        '[modules.stubborn]\ncommand = ["sh", "stubborn.sh"]\nstop_timeout = 60\n'
        '[modules.never]\ncommand = ["sh", "-c", "cat >/dev/null"]\nstart_timeout = 300\n'
    )
    orchestrator = await start({"stubborn.sh": stubborn}, tables, ready=False)
    await orchestrator.until_ready(name="stubborn")
    verb = await Verb.begin(orchestrator.folder, *arguments)
    if after:
        assert "draining" in await verb.line("stderr")
    elif arguments[0] in {"events", "ps"}:
        await verb.line()
    verb.send(signal.SIGKILL)
    await verb.end()
    (orchestrator.folder / "go").touch()
    for name, state in after.items():
        async with asyncio.timeout(30):
            while (await states(orchestrator.folder))[name] != state:
                pass
    found = await states(orchestrator.folder)
    assert found["never"] == "starting"
    assert (await say(orchestrator.folder, "down", "--now")).code == 0


async def test_down_goes_on_when_its_command_line_is_killed(start: Start) -> None:
    stubborn = BARE_SH.replace("exit 0", "while [ ! -e go ]; do sleep 0.02; done; exit 0")
    table = '[modules.stubborn]\ncommand = ["sh", "stubborn.sh"]\nstop_timeout = 60\n'
    orchestrator = await start({"stubborn.sh": stubborn}, table)
    down = await Verb.begin(orchestrator.folder, "down")
    assert "draining" in await down.line("stderr")
    down.send(signal.SIGKILL)
    await down.end()
    (orchestrator.folder / "go").touch()
    assert await orchestrator.wait() == 0


async def test_commands_that_are_killed_leave_no_client_behind(shop: Orchestrator) -> None:
    # More than may be connected at once: if one of them were kept, the last would not be served.
    for _ in range(4):
        verbs = [await Verb.begin(shop.folder, "events", "-f") for _ in range(20)]
        for verb in verbs:
            await verb.line()
            verb.send(signal.SIGKILL)
        await asyncio.gather(*(verb.end() for verb in verbs))
    assert (await states(shop.folder))["ledger"] == "ready"


# --- the orchestrator killed


async def test_what_a_killed_orchestrator_leaves_is_told_cleaned_and_no_hindrance(start: Start) -> None:
    tables = bare("ledger")
    orchestrator = await start(FILES, tables)
    (module,) = (await say(orchestrator.folder, "ps", "--json")).json
    orchestrator.process.kill()
    await orchestrator.wait()
    said = await say(orchestrator.folder, "ps")
    assert said.code == 3
    assert "an orchestrator was killed, and what it left behind has been removed" in said.err
    assert not list(Path(location(orchestrator.folder).sockets).glob("*.sock"))
    again = await start(FILES, tables)
    assert await states(again.folder) == {"ledger": "ready"}
    assert not is_alive(module["pid"])


async def test_a_verb_in_flight_is_told_that_the_orchestrator_was_killed(start: Start) -> None:
    orchestrator = await start(FILES, bare("ledger"))
    following = await Verb.begin(orchestrator.folder, "events", "-f")
    await following.line()
    orchestrator.process.kill()
    said = await following.end()
    assert said.code == 1
    assert "the orchestrator closed the connection before it had answered" in said.err


async def test_an_orchestrator_that_hangs_is_named_and_not_waited_for_for_ever(start: Start) -> None:
    orchestrator = await start(FILES, bare("ledger"))
    orchestrator.process.send_signal(signal.SIGSTOP)
    try:
        said = await say(orchestrator.folder, "ps")
    finally:
        orchestrator.process.send_signal(signal.SIGCONT)
    assert said.code == 4
    assert f"process {orchestrator.process.pid} runs pywatt.toml and takes no commands" in said.err
    assert (await states(orchestrator.folder))["ledger"] == "ready"
