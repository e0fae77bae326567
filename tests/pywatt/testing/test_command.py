"""`python -m pywatt.testing` shows the cases of a module and leaves with a code that says how it went."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from bare_modules import BareModule

ANNOUNCES = 'say({"op": "get_secret", "name": "KEY"}); hear(); announce(); hear()'


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pywatt.testing", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_a_module_that_passes_is_code_0(bare_module: BareModule) -> None:
    done = run("--carriers", "stdio", "--case", "announce", "--", *bare_module("announce(); hear()"))
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout
    assert done.stderr == ""
    assert "\033" not in done.stdout


def test_a_module_that_fails_is_code_1_and_json_says_why(bare_module: BareModule) -> None:
    command = bare_module("announce(listen=5); hear()")
    done = run("--carriers", "", "--case", "heartbeat-stdio", "--deadline", "1", "--json", "--", *command)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["passed"] is False
    assert [case["status"] for case in document["cases"]] == ["failed", "not run"]
    assert "stdio, listen: the integer 5; expected a string" in document["cases"][0]["detail"]


@pytest.mark.parametrize("argument", ["KEY", "KEY=open-sesame"])
def test_a_secret_comes_from_the_line_or_from_the_environment(bare_module: BareModule, argument: str) -> None:
    options = ["--carriers", "stdio", "--case", "secrets", "--secret", argument]
    done = run(*options, "--", *bare_module(ANNOUNCES), KEY="open-sesame")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_cases_can_be_listed() -> None:
    done = run("--list", "--carriers", "tcp")
    assert done.returncode == 0
    assert "heartbeat-tcp" in done.stdout
    assert "heartbeat-unix" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no command"),
        (["--carriers", "smoke", "--", "x"], "no such carrier: 'smoke'"),
        (["--case", "nonsense", "--", "x"], "no such case: 'nonsense'"),
        (["--secret", "KEY", "--", "x"], "the secret KEY has no value here"),
    ],
    ids=["command", "carrier", "case", "secret"],
)
def test_wrong_usage_is_code_2_and_is_explained(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_command_that_does_not_exist_is_a_failure() -> None:
    done = run("--case", "announce", "--", "no-such-command")
    assert done.returncode == 1
    assert done.stderr == "the command 'no-such-command' cannot be started: No such file or directory\n"
