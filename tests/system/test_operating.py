"""A running orchestrator, operated from a terminal beside it: every verb as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import sys
import termios
from pathlib import Path

import pytest
from orchestrators import Orchestrator, Start
from supervised import is_alive
from terminals import Desk, terminal
from verbs import BARE_SH, Verb, bare, say

from pywatt.orchestrator.control.client import connect
from pywatt.orchestrator.control.errors import ControlError

__all__ = ["terminal"]

FILES = {"bare.sh": BARE_SH, "fails.sh": "echo no luck >&2; exit 3"}
FAILING = '[modules.failing]\ncommand = ["sh", "fails.sh"]\nrestart.policy = "never"\n'
STUBBORN = '[modules.stubborn]\ncommand = ["sh", "stubborn.sh"]\nstop_timeout = 60\n'
# Takes its time to stop: until a file is there.
STUBBORN_SH = BARE_SH.replace("exit 0", "touch asked; while [ ! -e go ]; do sleep 0.02; done; exit 0")


@pytest.fixture
async def shop(start: Start) -> Orchestrator:
    """Two modules, the second after the first."""
    return await start(FILES, bare("ledger") + bare("catalog", after=["ledger"]))


@pytest.fixture
def run_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYWATT_RUN_DIR", str(tmp_path / "run"))
    return tmp_path / "run"


async def states(folder: Path) -> dict[str, str]:
    return {module["name"]: module["state"] for module in (await say(folder, "ps", "--json")).json}


async def until_exists(path: Path) -> None:
    async with asyncio.timeout(30):
        while not path.exists():
            await asyncio.sleep(0.01)


# --- ps


async def test_ps_shows_the_modules(shop: Orchestrator) -> None:
    said = await say(shop.folder, "ps")
    assert said.code == 0
    heading, ledger, catalog = said.out.splitlines()
    assert heading.split() == ["NAME", "STATE", "SINCE", "RESTARTS", "PID", "CPU", "MEMORY", "ENDPOINTS"]
    assert ledger.split()[:2] == ["ledger", "ready"]
    assert catalog.split()[:2] == ["catalog", "ready"]
    assert catalog.endswith("GET /price")
    assert "\x1b" not in said.out


async def test_ps_tells_programs_all_of_it(shop: Orchestrator) -> None:
    (module,) = (await say(shop.folder, "ps", "catalog", "--json")).json
    assert module["state"] == "ready"
    assert is_alive(module["pid"])
    assert module["memory_bytes"] > 0
    assert module["cpu_percent"] >= 0
    assert module["url"] == f"{shop.url}/m/catalog/"


async def test_ps_says_why_a_module_is_not_well(start: Start) -> None:
    orchestrator = await start(FILES, bare("ledger") + FAILING, ready=False)
    await orchestrator.until_logged("exited with code 3")
    await say(orchestrator.folder, "wait", "failing")
    said = await say(orchestrator.folder, "ps", "failing")
    assert said.out.splitlines()[1].split()[:2] == ["failing", "exited"]
    assert "  exited with code 3 before it announced itself: no luck" in said.out
    assert "  | no luck" in said.out


async def test_ps_works_while_modules_start_and_while_they_stop(start: Start) -> None:
    never = '[modules.never]\ncommand = ["sh", "-c", "cat >/dev/null"]\n'
    files = {**FILES, "stubborn.sh": STUBBORN_SH}
    orchestrator = await start(files, STUBBORN + never, ready=False)
    await orchestrator.until_ready(name="stubborn")
    assert await states(orchestrator.folder) == {"stubborn": "ready", "never": "starting"}
    orchestrator.process.send_signal(signal.SIGTERM)
    await until_exists(orchestrator.folder / "asked")
    assert (await states(orchestrator.folder))["stubborn"] == "draining"
    (orchestrator.folder / "go").touch()
    await orchestrator.wait()


async def test_ps_watches_on_a_terminal_and_leaves_it_as_it_was(shop: Orchestrator, terminal: Desk) -> None:
    screen = terminal({}, "ps", "--watch")
    await screen.until("catalog")
    await say(shop.folder, "stop", "catalog")
    await screen.until("stopped")
    screen.press(b"\x03")
    assert await screen.end() == 130
    assert screen.shown.startswith("\x1b[?1049h")
    assert screen.shown.rstrip().endswith("\x1b[?7h\x1b[?25h\x1b[?1049l")
    assert "Traceback" not in screen.shown


async def test_ps_watches_within_the_terminal(shop: Orchestrator, terminal: Desk) -> None:
    screen = terminal({}, "ps", "--watch")
    await screen.until("catalog")
    termios.tcsetwinsize(screen.descriptor, (3, 20))
    await screen.until("… 2 more lines")
    await screen.until("NAME     STATE  SIN…")
    screen.press(b"\x03")
    assert await screen.end() == 130


async def test_ps_watches_for_programs_too(shop: Orchestrator) -> None:
    watching = await Verb.begin(shop.folder, "ps", "--watch", "--json")
    assert {module["state"] for module in json.loads(await watching.line())} == {"ready"}
    await say(shop.folder, "stop", "catalog")
    async with asyncio.timeout(30):
        while json.loads(await watching.line())[1]["state"] != "stopped":
            pass
    await say(shop.folder, "down")
    assert (await watching.end()).code == 3


async def test_a_module_that_runs_alone_is_seen_under_its_file(start: Start, tmp_path: Path) -> None:
    module = "from pywatt import pywatt_module\n\n@pywatt_module\nasync def main(state):\n    pass\n"
    orchestrator = await start({"hello.py": module}, command=["run", "hello.py", "--listen", "127.0.0.1:0"])
    said = await say(tmp_path, "ps", "-f", "hello.py", "--json")
    assert [(one["name"], one["state"]) for one in said.json] == [("hello", "ready")]
    said = await say(tmp_path, "restart", "hello", "-f", "hello.py")
    assert (said.code, said.out.split()[:2]) == (0, ["hello", "ready"])
    assert orchestrator.process.returncode is None


# --- nothing runs


@pytest.mark.parametrize("verb", ["ps", "wait", "start", "restart", "stop", "down", "events"])
async def test_where_nothing_runs_every_verb_says_so(tmp_path: Path, verb: str) -> None:
    names = ["x"] if verb == "restart" else []
    said = await say(tmp_path, verb, *names)
    assert said.code == 3
    nothing = "error: nothing runs pywatt.toml\n"
    assert said.err == f"{nothing}  there is no such file; name another with --file\n"
    (tmp_path / "pywatt.toml").touch()
    assert (await say(tmp_path, verb, *names)).err == f"{nothing}  start it with: pywatt up -d\n"


async def test_what_runs_instead_is_named(shop: Orchestrator) -> None:
    said = await say(shop.folder, "restart", "x", "--file", "other.toml")
    assert said.code == 3
    assert f"running now: {shop.folder / 'pywatt.toml'}" in said.err


# --- restart


async def test_restart_gives_one_module_another_process_and_leaves_the_others(shop: Orchestrator) -> None:
    before = {module["name"]: module["pid"] for module in (await say(shop.folder, "ps", "--json")).json}
    said = await say(shop.folder, "restart", "catalog")
    assert said.code == 0
    assert said.out.startswith("catalog  ready in ")
    assert "catalog  draining" in said.err
    after = {module["name"]: module["pid"] for module in (await say(shop.folder, "ps", "--json")).json}
    assert after["ledger"] == before["ledger"]
    assert after["catalog"] != before["catalog"]


async def test_two_people_restart_the_same_module(shop: Orchestrator) -> None:
    both = await asyncio.gather(*(say(shop.folder, "restart", "ledger", "--json") for _ in range(2)))
    assert [said.code for said in both] == [0, 0]
    assert all(said.json[0]["state"] == "ready" for said in both)


async def test_restart_says_why_a_module_does_not_come_up(start: Start) -> None:
    once = BARE_SH + "\n"
    files = {"once.sh": "[ -e begun ] && { echo broken now >&2; exit 4; }\ntouch begun\n" + once}
    table = '[modules.once]\ncommand = ["sh", "once.sh"]\nrestart.policy = "never"\n'
    orchestrator = await start(files, table)
    said = await say(orchestrator.folder, "restart", "once")
    assert said.code == 1
    assert "error: once is not going to be ready: exited: exited with code 4" in said.err
    assert "  once | broken now" in said.err


async def test_restart_has_a_deadline(start: Start) -> None:
    files = {"once.sh": "[ -e begun ] && exec cat\ntouch begun\n" + BARE_SH}
    orchestrator = await start(files, '[modules.once]\ncommand = ["sh", "once.sh"]\n')
    said = await say(orchestrator.folder, "restart", "once", "--timeout", "0.3")
    assert said.code == 4
    assert "error: once is not ready within 0.3 s: " in said.err


async def test_ctrl_c_ends_the_command_and_nothing_else(start: Start) -> None:
    orchestrator = await start({"stubborn.sh": STUBBORN_SH}, STUBBORN)
    restarting = await Verb.begin(orchestrator.folder, "restart", "stubborn")
    assert "draining" in await restarting.line("stderr")
    restarting.send(signal.SIGINT)
    assert (await restarting.end()).code == 130
    (orchestrator.folder / "go").touch()
    assert (await say(orchestrator.folder, "wait", "stubborn")).code == 0
    assert (await say(orchestrator.folder, "ps", "--json")).json[0]["restarts"] == 1


# --- wait


async def test_wait_returns_when_modules_are_ready(start: Start) -> None:
    files = {"late.sh": "while [ ! -e go ]; do sleep 0.02; done\n" + BARE_SH, **FILES}
    late = '[modules.late]\ncommand = ["sh", "late.sh"]\n'
    orchestrator = await start(files, late + bare("catalog", after=["late"]), ready=False)
    await orchestrator.until_logged("catalog: waits for late")
    waiting = await Verb.begin(orchestrator.folder, "wait")
    assert (await say(orchestrator.folder, "wait", "--timeout", "0.2")).code == 4
    (orchestrator.folder / "go").touch()
    said = await waiting.end()
    assert said.code == 0
    assert [line.split()[:2] for line in said.out.splitlines()] == [["late", "ready"], ["catalog", "ready"]]


async def test_wait_fails_at_once_with_the_reason(start: Start) -> None:
    orchestrator = await start(FILES, FAILING, ready=False)
    await orchestrator.until_logged("exited with code 3")
    said = await say(orchestrator.folder, "wait", "failing")
    assert said.code == 1
    assert "error: failing is not going to be ready: exited: exited with code 3" in said.err
    assert "  failing | no luck" in said.err


# --- stop, start


async def test_stop_and_start_leave_the_orchestrator_alone(shop: Orchestrator) -> None:
    said = await say(shop.folder, "stop")
    assert said.code == 0
    assert [line.split()[:2] for line in said.out.splitlines()] == [
        ["catalog", "stopped"],
        ["ledger", "stopped"],
    ]
    status, _, _ = await shop.request("GET", "/m/catalog/price")
    assert status == 503
    said = await say(shop.folder, "start", "catalog")
    assert said.code == 0
    assert await states(shop.folder) == {"ledger": "ready", "catalog": "ready"}
    assert (await say(shop.folder, "start", "catalog")).out == "catalog  ready\n"


async def test_a_module_that_gave_up_gets_a_new_chance(start: Start) -> None:
    files = {"later.sh": '[ -e go ] || { echo "not yet" >&2; exit 3; }\n' + BARE_SH}
    table = '[modules.later]\ncommand = ["sh", "later.sh"]\nrestart.policy = "never"\n'
    orchestrator = await start(files, table, ready=False)
    await orchestrator.until_logged("exited with code 3")
    assert (await say(orchestrator.folder, "wait")).code == 1
    (orchestrator.folder / "go").touch()
    assert (await say(orchestrator.folder, "start")).code == 0
    assert await states(orchestrator.folder) == {"later": "ready"}


# --- down


async def test_down_returns_when_everything_has_ended(shop: Orchestrator) -> None:
    pids = [module["pid"] for module in (await say(shop.folder, "ps", "--json")).json]
    said = await say(shop.folder, "down")
    assert said.code == 0
    assert said.out.endswith(f"the orchestrator, process {shop.process.pid}, has ended\n")
    assert [line.split()[0] for line in said.out.splitlines()[:2]] == ["catalog", "ledger"]
    assert not any(map(is_alive, pids))
    assert await shop.wait() == 0
    assert (await say(shop.folder, "ps")).code == 3


async def test_down_has_a_deadline_and_can_be_hurried(start: Start) -> None:
    orchestrator = await start({"stubborn.sh": STUBBORN_SH}, STUBBORN)
    said = await say(orchestrator.folder, "down", "--timeout", "0.3")
    assert said.code == 4
    assert "it goes on stopping" in said.err
    assert "pywatt down --now" in said.err
    assert (await say(orchestrator.folder, "down", "--now")).code == 0
    await orchestrator.wait()


async def test_ctrl_c_in_down_leaves_the_stop_going_on(start: Start) -> None:
    orchestrator = await start({"stubborn.sh": STUBBORN_SH}, STUBBORN)
    down = await Verb.begin(orchestrator.folder, "down")
    assert "draining" in await down.line("stderr")
    down.send(signal.SIGINT)
    assert (await down.end()).code == 130
    (orchestrator.folder / "go").touch()
    assert await orchestrator.wait() == 0


async def test_nothing_is_started_while_everything_stops(start: Start) -> None:
    files = {**FILES, "stubborn.sh": STUBBORN_SH}
    orchestrator = await start(files, STUBBORN + bare("catalog"))
    down = await Verb.begin(orchestrator.folder, "down")
    await until_exists(orchestrator.folder / "asked")
    said = await say(orchestrator.folder, "restart", "catalog")
    assert said.code == 1
    assert "the orchestrator is stopping" in said.err
    (orchestrator.folder / "go").touch()
    assert (await down.end()).code == 0


# --- events


async def test_events_tell_what_happened(shop: Orchestrator) -> None:
    await say(shop.folder, "restart", "catalog")
    said = await say(shop.folder, "events", "catalog", "-n", "5")
    assert "INFO  catalog: is ready\n" in said.out
    events = [json.loads(line) for line in (await say(shop.folder, "events", "--json")).out.splitlines()]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    changes = [event["fields"]["after"] for event in events if event["kind"] == "state"]
    assert changes.count("ready") == 3


async def test_events_are_followed_until_the_end(shop: Orchestrator) -> None:
    following = await Verb.begin(shop.folder, "events", "-f", "-n", "0", "--json")
    first = asyncio.create_task(following.line())
    while not first.done():
        await say(shop.folder, "restart", "ledger")
    assert json.loads(await first)["module"] == "ledger"
    await say(shop.folder, "down")
    said = await following.end()
    assert said.code == 0
    assert '"after": "stopped"' in said.out


async def test_a_reader_of_events_may_leave(shop: Orchestrator) -> None:
    process = await asyncio.create_subprocess_shell(
        f"{shlex.quote(sys.executable)} -m pywatt events | head -n 1",
        cwd=shop.folder,
        env={**os.environ, "PYWATT_RUN_DIR": str(shop.folder / "run")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (len(out.splitlines()), err) == (1, b"")


# --- the socket itself


async def test_the_page_on_the_socket_lists_every_command(shop: Orchestrator, run_directory: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "control.md").read_text()
    table = page[page.index("| command |") :].partition("\n\n")[0]

    def ask() -> str:
        with connect(str(shop.folder / "pywatt.toml")) as client, pytest.raises(ControlError) as caught:
            client.request("no such command")
        return caught.value.advice or ""

    known = (await asyncio.to_thread(ask)).partition("expected one of: ")[2].split(", ")
    assert sorted(known) == sorted(re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE))


# --- completion


async def test_the_shell_completes_the_modules_that_run(shop: Orchestrator) -> None:
    asking = {"_PYWATT_COMPLETE": "bash_complete", "COMP_WORDS": "pywatt restart c", "COMP_CWORD": "2"}
    assert (await say(shop.folder, **asking)).out == "plain,catalog\n"


async def test_the_shell_gets_nothing_where_nothing_runs(tmp_path: Path) -> None:
    asking = {"_PYWATT_COMPLETE": "bash_complete", "COMP_WORDS": "pywatt restart c", "COMP_CWORD": "2"}
    said = await say(tmp_path, **asking)
    assert (said.code, said.out.strip(), said.err) == (0, "", "")
