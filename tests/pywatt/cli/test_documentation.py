"""docs/commands.md and docs/control.md say what the command line and the control socket do."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pywatt.__main__ import COMMANDS
from pywatt.cli import exit_codes
from pywatt.cli.commands import pywatt
from pywatt.orchestrator.control.limits import MAX_ANSWER, MAX_REQUEST, ClientLimits
from pywatt.orchestrator.events import RING
from pywatt.orchestrator.supervision.module_state import ModuleState

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def commands() -> str:
    return (DOCS / "commands.md").read_text()


@pytest.fixture
def control() -> str:
    return (DOCS / "control.md").read_text()


def verbs() -> list[str]:
    return pywatt.list_commands(click.Context(pywatt))


def first_cells(page: str) -> Iterator[str]:
    for row in re.findall(r"^\| (.*?) \|", page, flags=re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", row)


def test_every_verb_is_on_the_page(commands: str) -> None:
    assert {cell.split()[0] for cell in first_cells(commands)} == set(verbs())


def test_every_verb_is_known_to_python_m_pywatt() -> None:
    assert set(COMMANDS) == set(verbs())


def test_the_exit_codes_are_those_of_the_command_line(commands: str) -> None:
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", commands, flags=re.MULTILINE)}
    known = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    assert rows == known


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_says_what_its_exit_codes_mean(verb: str) -> None:
    command = pywatt.get_command(click.Context(pywatt), verb)
    assert command is not None
    if verb not in {"version", "completion"}:
        assert "Exit codes" in (command.epilog or "")


def test_the_limits_are_those_of_the_server(control: str) -> None:
    limits = ClientLimits()
    assert f"{MAX_REQUEST // 1024**2} MiB, one to a client at most {MAX_ANSWER // 1024**2} MiB" in control
    assert f"{limits.clients} clients are connected" in control
    assert f"{limits.requests} requests of this connection" in control
    assert f"unfinished for {limits.frame_deadline:g} s" in control
    assert f"reads nothing for {limits.read_deadline:g} s" in control
    assert f"the last {RING} at most" in control


def test_every_state_is_explained(control: str) -> None:
    assert all(f"`{state.value}`" in control for state in ModuleState)
