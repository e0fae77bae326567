"""What a person at a terminal sees, and what a program on the other end of a pipe."""

from __future__ import annotations

import json
import re
import socket

import pytest
from orchestrators import Start
from terminals import Desk, terminal

__all__ = ["terminal"]

EMPTY = """
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        pass
"""
NEVER = EMPTY.replace("pass", "import asyncio; await asyncio.Event().wait()")
COLOURFUL = EMPTY.replace("pass", r'print("\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07and \x00\udcff")')
BROKEN = "import no_such_package\n"
ONE = '[modules.one]\nrun = "one.py"\n'
WHOLE = '[gateway]\nlisten = "127.0.0.1:0"\n' + ONE


async def test_ctrl_c_stops_in_order_and_says_how_to_hurry(terminal: Desk) -> None:
    screen = terminal({"one.py": EMPTY, "pywatt.toml": WHOLE}, "up")
    await screen.until("Ready  all")
    screen.press(b"\x03")
    await screen.until("stopping 1 module (Ctrl-C again kills it)")
    assert await screen.end() == 0
    assert "Traceback" not in screen.shown


async def test_colours_are_for_terminals_and_for_those_who_want_them(terminal: Desk) -> None:
    files = {"one.py": EMPTY, "pywatt.toml": WHOLE}
    for environment, coloured in (
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ):
        screen = terminal(files, "up", **environment)
        await screen.until("Ready  all")
        screen.press(b"\x03")
        assert await screen.end() == 0
        assert ("\x1b[" in screen.shown) == coloured, environment


async def test_a_module_cannot_move_the_cursor_but_keeps_its_colours(terminal: Desk) -> None:
    screen = terminal({"one.py": COLOURFUL, "pywatt.toml": WHOLE}, "up")
    await screen.until("Ready  all")
    assert "\x1b[31mred\x1b[0m and \\x00" in screen.shown
    assert not {"\x1b[2J", "title", "\x00"} & set(re.findall(r"\x1b\[2J|title|\x00", screen.shown))


async def test_a_long_start_says_what_is_waited_for(start: Start) -> None:
    orchestrator = await start(
        {"one.py": NEVER, "two.py": EMPTY, "three.py": EMPTY},
        ONE + '[modules.two]\nrun = "two.py"\nafter = ["one"]\n[modules.three]\nrun = "three.py"\n',
        ready=False,
    )
    line = await orchestrator.until_logged("1 of 3 modules is ready")
    assert re.search(r"1 of 3 modules is ready after \d+ s; waiting for one, two \(after one\)$", line)


async def test_what_will_not_come_up_is_told_once_nothing_else_is_awaited(start: Start) -> None:
    orchestrator = await start(
        {"one.py": BROKEN, "two.py": EMPTY, "three.py": EMPTY},
        ONE
        + '[modules.one.restart]\npolicy = "never"\n'
        + '[modules.two]\nrun = "two.py"\nafter = ["one"]\n[modules.three]\nrun = "three.py"\n',
        ready=False,
    )
    line = await orchestrator.until_logged("the others will not be")
    assert line.endswith("1 of 3 modules is ready, the others will not be: one (exited), two (after one)")
    assert await orchestrator.stop() == 1


async def test_run_says_once_that_its_module_is_ready(start: Start) -> None:
    orchestrator = await start({"one.py": EMPTY}, command=["run", "one.py", "--listen", "127.0.0.1:0"])
    assert await orchestrator.stop() == 0
    assert [line.split()[:2] for line in orchestrator.output] == [["Ready", "one"]]


async def test_with_json_every_line_of_both_streams_is_json(start: Start) -> None:
    orchestrator = await start(
        {"one.py": COLOURFUL}, ONE, command=["up", "--log-format", "json"], ready=False
    )
    await orchestrator.until(lambda: any('"all ready"' in line for line in orchestrator.output))
    assert await orchestrator.stop() == 0
    said = [json.loads(line) for line in [*orchestrator.output, *orchestrator.log]]
    assert all({"timestamp", "level", "fields", "target"} <= set(line) for line in said)
    assert [json.loads(line)["fields"]["message"] for line in orchestrator.output] == ["ready", "all ready"]


@pytest.mark.parametrize("log_format", ["auto", "json"])
async def test_a_taken_address_is_an_error_with_advice(start: Start, log_format: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        orchestrator = await start(
            {"one.py": EMPTY},
            ONE,
            command=["up", "--listen", address, "--log-format", log_format],
            ready=False,
        )
        assert await orchestrator.wait() == 1
    await orchestrator.until(lambda: all(reader.done() for reader in orchestrator.readers))
    what, advice = (
        orchestrator.log
        if log_format == "auto"
        else [json.loads(orchestrator.log[0])["fields"][key] for key in ("message", "details")]
    )
    assert f"the gateway cannot listen on {address}: Address already in use" in what
    assert "--listen" in str(advice)


async def test_a_bad_file_of_secrets_is_a_mistake_in_the_configuration(start: Start) -> None:
    orchestrator = await start(
        {"one.py": EMPTY, "keys.toml": 'A = 1\nB = "x"\n'},
        '[secrets]\nfrom = ["keys.toml"]\n' + ONE,
        ready=False,
    )
    assert await orchestrator.wait() == 2
    await orchestrator.until_logged("error: A: is a number")
    await orchestrator.until_logged(f"--> {orchestrator.folder}/keys.toml:1")


async def test_a_second_up_says_how_to_stop_the_first(start: Start) -> None:
    first = await start({"one.py": EMPTY}, ONE)
    second = await start({}, ready=False)
    assert await second.wait() == 1
    await second.until_logged(f"error: this configuration is already running, in process {first.process.pid}")
    await second.until_logged("stop it with: pywatt down")


async def test_an_event_loop_that_is_none_is_a_mistake_in_the_configuration(start: Start) -> None:
    orchestrator = await start(
        {"one.py": EMPTY}, ONE, environment={"PYWATT_EVENT_LOOP": "twisted"}, ready=False
    )
    assert await orchestrator.wait() == 2
    await orchestrator.until_logged("PYWATT_EVENT_LOOP must be asyncio, uvloop or auto, not 'twisted'")
