"""`pywatt up -d`: an orchestrator that outlives the command that started it."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import socket
import sys
from typing import Any

import pytest
from background import DEADLINE, Folder, folder, outcome

__all__ = ["folder"]

QUICK = """
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        print("here I am")
"""
NEVER = QUICK.replace('print("here I am")', "import asyncio; await asyncio.Event().wait()")
BROKEN = QUICK.replace('print("here I am")', 'print("no beans left"); raise RuntimeError("no coffee")')
ONE = '[modules.one]\nrun = "one.py"\n'
TWO = ONE + '[modules.two]\nrun = "two.py"\nafter = ["one"]\n'
RESTARTS = "[modules.two.restart]\nexit_limit = 2\ninitial_delay = 0.01\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


async def modules(folder: Folder) -> dict[str, dict[str, Any]]:
    """What runs in the background."""
    shown = await folder.run("ps", "--json")
    assert shown.code == 0, shown
    return {module["name"]: module for module in json.loads(shown.output)}


def background_pid(text: str) -> int:
    found = re.search(r"process (\d+)", text)
    assert found is not None, text
    return int(found[1])


class TestStart:
    async def test_it_shows_the_modules_as_they_become_ready(self, folder: Folder) -> None:
        folder.write(TWO, one=QUICK, two=QUICK)
        started = await folder.run("up", "-d")
        assert started.code == 0, started
        names = [line.split()[:2] for line in started.output.splitlines()]
        assert names == [["Ready", "one"], ["Ready", "two"], ["Ready", "all"]]
        for hint in ("pywatt ps", "pywatt logs", "pywatt down"):
            assert hint in started.errors
        assert {name: module["state"] for name, module in (await modules(folder)).items()} == {
            "one": "ready",
            "two": "ready",
        }

    async def test_a_module_may_be_called_like_a_library(self, folder: Folder) -> None:
        folder.write('[modules.click]\nrun = "click.py"\n', click=QUICK)
        # As the installed command does it; `python -m pywatt` would look for libraries in the folder itself.
        started = await folder.run("up", "-d", interpreter=["-P"])
        assert started.code == 0, started

    async def test_nothing_ties_it_to_whoever_started_it(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        started = await folder.run("up", "-d")
        pid = background_pid(started.errors)
        assert os.getsid(pid) == pid
        assert {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)} == {"/dev/null"}

    async def test_what_it_says_is_in_its_log(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        assert (await folder.run("up", "-d")).code == 0
        assert (await folder.run("down")).code == 0
        (log,) = (folder.path / "run").glob("*/logs/orchestrator.log")
        said = log.read_text()
        for text in ('"all ready"', "stopping 1 module"):
            assert text in said
        (log,) = (folder.path / "run").glob("*/logs/one.log")
        assert "here I am" in log.read_text()

    async def test_down_ends_it(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        assert (await folder.run("up", "-d")).code == 0
        assert (await folder.run("down")).code == 0
        await folder.until_nothing_runs()
        assert (await folder.run("ps")).code == 3

    async def test_it_need_not_be_waited_for(self, folder: Folder) -> None:
        folder.write(ONE, one=NEVER)
        started = await folder.run("up", "-d", "--no-wait")
        assert (started.code, started.output) == (0, "")
        assert (await modules(folder))["one"]["state"] == "starting"

    async def test_its_lines_can_be_json(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        started = await folder.run("up", "-d", "--log-format", "json")
        ready, all_ready = map(json.loads, started.output.splitlines())
        assert (ready["fields"]["message"], ready["module"]) == ("ready", "one")
        assert all_ready["fields"]["message"] == "all ready"

    async def test_the_same_file_never_runs_twice(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        pid = background_pid((await folder.run("up", "-d")).errors)
        for arguments in (["up"], ["up", "-d"], ["up", "-d", "-f", str(folder.path / "pywatt.toml")]):
            again = await folder.run(*arguments)
            assert (again.code, again.output) == (1, "")
            assert f"already running, in process {pid}" in again.errors
            assert "pywatt ps" in again.errors
            assert "pywatt down" in again.errors


class TestFailures:
    async def test_a_mistake_in_the_configuration_is_told_at_once(self, folder: Folder) -> None:
        folder.write('[modules.one]\nrun = "on.py"\n', one=QUICK)
        started = await folder.run("up", "-d")
        assert started.code == 2
        assert "no such file" in started.errors
        assert "pywatt.toml:4" in started.errors
        await folder.until_nothing_runs()

    async def test_an_address_that_is_taken_is_told_at_once(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
            started = await folder.run("up", "-d", "--listen", address)
        assert started.code == 1
        assert f"the gateway cannot listen on {address}" in started.errors
        await folder.until_nothing_runs()

    async def test_a_module_that_fails_is_explained_and_the_others_stay(self, folder: Folder) -> None:
        folder.write(TWO.replace('after = ["one"]\n', "") + RESTARTS, one=QUICK, two=BROKEN)
        started = await folder.run("up", "-d")
        assert started.code == 1
        assert started.output.startswith("Ready  one")
        assert "Ready  all" not in started.output
        assert "two is not going to be ready: crash-looping" in started.errors
        assert "no coffee" in started.errors
        assert "two | no beans left" in started.errors
        assert "the others stay up; once it is mended: pywatt restart two" in started.errors
        states = {name: module["state"] for name, module in (await modules(folder)).items()}
        assert states == {"one": "ready", "two": "crash-looping"}

    async def test_the_time_runs_out_and_it_goes_on(self, folder: Folder) -> None:
        folder.write(ONE, one=NEVER)
        started = await folder.run("up", "-d", "--timeout", "5")
        assert started.code == 4
        assert "one is not ready within 5 s" in started.errors
        assert "it goes on; wait on with: pywatt wait" in started.errors
        assert (await modules(folder))["one"]["state"] == "starting"

    @pytest.mark.parametrize("option", [["--no-wait"], ["--timeout", "3"]])
    async def test_options_of_the_background_need_it(self, folder: Folder, option: list[str]) -> None:
        folder.write(ONE, one=QUICK)
        started = await folder.run("up", *option)
        assert started.code == 2
        assert "belong to -d" in started.errors


class TestInterruptions:
    async def test_an_interrupted_wait_leaves_it_running(self, folder: Folder) -> None:
        folder.write(TWO, one=QUICK, two=NEVER)
        waiting = await folder.begin("up", "-d")
        assert waiting.stdout is not None
        assert (await asyncio.wait_for(waiting.stdout.readline(), DEADLINE)).startswith(b"Ready  one")
        waiting.send_signal(signal.SIGINT)
        ended = await outcome(waiting)
        assert ended.code == 130
        assert "goes on in the background" in ended.errors
        assert (await modules(folder))["one"]["state"] == "ready"

    async def test_the_end_of_the_terminal_does_not_reach_it(self, folder: Folder) -> None:
        folder.write(ONE, one=QUICK)
        ours, theirs = pty.openpty()
        shell = (
            "import fcntl, subprocess, sys, termios\n"
            "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
            "subprocess.call([sys.executable, '-m', 'pywatt', 'up', '-d'])\n"
            "sys.stdin.read()\n"
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", shell),
            cwd=folder.path,
            env=folder.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown = b""
        while b"runs in the background" not in shown:
            shown += await asyncio.wait_for(asyncio.to_thread(os.read, ours, 4096), DEADLINE)
        os.close(ours)  # the terminal is gone: its session gets SIGHUP
        assert await asyncio.wait_for(process.wait(), DEADLINE) == -signal.SIGHUP
        assert (await modules(folder))["one"]["state"] == "ready"
