"""`pywatt up -d` killed in the middle: the orchestrator runs, or it never started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from background import DEADLINE, Folder, folder, outcome

from pywatt.orchestrator.processes.run_location import LOCK, locate
from pywatt.orchestrator.processes.run_lock import holder

__all__ = ["folder"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

QUICK = "from pywatt import pywatt_module\n\n@pywatt_module\nasync def main(state):\n    pass\n"


def at_once(folder: Folder) -> bool:
    return True


def when_a_second_process_is_there(folder: Folder) -> bool:
    return len(folder.processes()) > 1


def when_the_lock_is_there(folder: Folder) -> bool:
    return Path(locate(str(folder.path / "pywatt.toml")).directory, LOCK).exists()


def when_commands_are_taken(folder: Folder) -> bool:
    return Path(locate(str(folder.path / "pywatt.toml")).control_socket).exists()


def when_a_module_is_there(folder: Folder) -> bool:
    return len(folder.processes()) > 2


@pytest.mark.parametrize(
    "moment",
    [
        at_once,
        when_a_second_process_is_there,
        when_the_lock_is_there,
        when_commands_are_taken,
        when_a_module_is_there,
    ],
)
async def test_killed_at_any_moment_it_leaves_a_whole_orchestrator_or_none(
    folder: Folder, moment: Callable[[Folder], bool]
) -> None:
    folder.write('[modules.one]\nrun = "one.py"\n', one=QUICK)
    command = await folder.begin("up", "-d")
    async with asyncio.timeout(DEADLINE):
        while not moment(folder):
            await asyncio.sleep(0)
    command.send_signal(signal.SIGKILL)
    await command.communicate()
    async with asyncio.timeout(DEADLINE):
        while folder.processes():
            waited = await folder.run("wait")
            if waited.code == 0:
                break
            # Not there yet: it has neither ended nor taken its lock.
            assert waited.code == 3, waited
    if folder.processes():
        assert (await folder.run("down")).code == 0
    await folder.until_nothing_runs()


async def test_an_orchestrator_that_is_killed_while_its_modules_start_is_told(folder: Folder) -> None:
    never = QUICK.replace("pass", "import asyncio; await asyncio.Event().wait()")
    folder.write('[modules.one]\nrun = "one.py"\n', one=never)
    command = await folder.begin("up", "-d")
    async with asyncio.timeout(DEADLINE):
        while not when_a_module_is_there(folder):
            await asyncio.sleep(0)
    running = holder(locate(str(folder.path / "pywatt.toml")).directory)
    assert running is not None
    assert running.pid is not None
    os.kill(running.pid, signal.SIGKILL)
    ended = await outcome(command)
    assert ended.code == 1
    assert "the orchestrator ended while its modules were starting" in ended.errors
    await folder.until_nothing_runs()
