"""The table of modules: aligned, cut to the terminal, with the trouble below."""

from __future__ import annotations

from typing import Any

import click
import pytest

from pywatt.cli.module_table import duration, size, table

NOW = 1_000_000.0


def module(**changes: Any) -> dict[str, Any]:
    return {
        "name": "catalog",
        "state": "ready",
        "since": NOW - 75,
        "restarts": 2,
        "pid": 4711,
        "cpu_percent": 1.25,
        "memory_bytes": 21 * 1024 * 1024,
        "endpoints": [{"path": "/price", "methods": ["GET", "POST"]}],
        "reason": None,
        "log": [],
        **changes,
    }


def plain(*modules: dict[str, Any], width: int | None = None) -> list[str]:
    return [click.unstyle(line) for line in table(modules, NOW, width)]


def test_columns_are_aligned() -> None:
    unknown = {"pid": None, "cpu_percent": None, "memory_bytes": None, "endpoints": []}
    other = module(name="a", state="crash-looping", **unknown)
    assert plain(module(), other) == [
        "NAME     STATE          SINCE  RESTARTS   PID   CPU  MEMORY  ENDPOINTS",
        "catalog  ready          1m15s         2  4711  1.2%  21 MiB  GET|POST /price",
        "a        crash-looping  1m15s         2     -     -       -  -",
    ]


def test_endpoints_do_nothing_to_a_terminal() -> None:
    line = table([module(endpoints=[{"path": "/a\x1b[2J\n", "methods": ["GET"]}])], NOW, None)[1]
    assert line.endswith("  GET /a\\x1b[2J\\n")


def test_trouble_stands_below_its_module() -> None:
    lines = plain(module(state="failed", reason="no such program", log=["a", "b"]), module(name="b"))
    assert lines[2:5] == ["  no such program", "  | a", "  | b"]
    assert lines[5].startswith("b ")


def test_what_a_module_wrote_cannot_move_the_cursor_and_keeps_to_its_lines() -> None:
    lines = plain(module(state="failed", reason="no \x1b[2Jluck", log=["first\nsecond", "\x9b31mred"]))
    assert lines[2:] == [r"  no \x1b[2Jluck", "  | first", "  | second", r"  | \x9b31mred"]


def test_lines_fit_the_terminal() -> None:
    lines = plain(module(reason="x" * 100), width=40)
    assert max(map(len, lines)) == 40
    assert all(line.endswith("…") for line in lines)


def test_states_have_colours_and_nothing_else_of_a_row() -> None:
    line = table([module(name="ready")], NOW, None)[1]
    assert line.startswith("ready  \x1b[32mready\x1b[0m  ")


def test_no_modules_are_an_empty_table() -> None:
    assert len(plain()) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (3599, "59m59s"),
        (3600, "1h00m"),
        (90_000, "1d01h"),
    ],
)
def test_a_length_of_time_has_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10 * 1024**2, "10 MiB"), (3 * 1024**4, "3072 GiB")],
)
def test_a_number_of_bytes_has_a_unit(count: int, text: str) -> None:
    assert size(count) == text
