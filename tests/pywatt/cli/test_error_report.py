"""What is shown of an error, and which exit code it has."""

import errno
import json
import os
from pathlib import Path

import pytest

from pywatt.cli.commands import invoke
from pywatt.cli.error_report import report, report_as_log
from pywatt.errors import ConfigError, NetworkError
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem
from pywatt.orchestrator.control.errors import ControlError
from pywatt.orchestrator.gateway.gateway_address import GatewayAddressError
from pywatt.orchestrator.processes.run_directory import AlreadyRunning
from pywatt.protocol.listen import TcpAddress


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_configuration_error_is_shown_problem_by_problem(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        ConfigurationProblem(Path("a.toml"), 7, "x.y", "is wrong", "right", "write right"),
        ConfigurationProblem(Path("a.toml"), None, "", "is missing"),
    ]
    assert report(ConfigurationError(problems)) == 2
    assert capsys.readouterr().err == (
        "error: a.toml: is missing\n  --> a.toml\n"
        "error: x.y: is wrong\n  --> a.toml:7\n  expected right\n  write right\n"
    )


def test_a_second_start_says_how_to_stop_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(AlreadyRunning(Path("pywatt.toml"), Path("/run/x"), 17)) == 1
    assert capsys.readouterr().err == (
        "error: this configuration is already running, in process 17 (run directory /run/x)\n"
        "  look at it with: pywatt ps\n"
        "  stop it with: pywatt down\n"
    )
    assert report(AlreadyRunning(Path("my shop/pywatt.toml"), Path("/run/x"), 17)) == 1
    assert "  stop it with: pywatt down --file 'my shop/pywatt.toml'\n" in capsys.readouterr().err


def test_nothing_in_an_error_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    details = {"modules": [{"name": "a", "log": ["one\ntwo", "\x1b]0;title\x07"]}]}
    assert report(ControlError("module_failed", "a failed: \x1b[2J", "", details)) == 1
    assert capsys.readouterr().err == (
        "error: a failed: \\x1b[2J\n  a | one\n  a | two\n  a | \\x1b]0;title\\x07\n"
    )


def test_the_cause_is_shown_unless_the_text_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(NetworkError("cannot listen", OSError("no such device"))) == 1
    assert capsys.readouterr().err == "error: network error: cannot listen\n  because: no such device\n"
    assert report(NetworkError("cannot listen: in use", OSError(98, "in use"))) == 1
    assert capsys.readouterr().err == "error: network error: cannot listen: in use\n"


def test_a_setting_that_cannot_be_used_has_the_exit_code_of_the_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(ConfigError("there is no such event loop")) == 2
    assert capsys.readouterr().err == "error: there is no such event loop\n"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EADDRINUSE, "another program listens there: stop it, or choose another address with --listen"),
        (errno.EACCES, "it needs a permission that this user has not: choose another address with --listen"),
        (errno.EADDRNOTAVAIL, "this machine has no such address: choose another address with --listen"),
        (errno.EINVAL, "choose another address with --listen"),
    ],
)
def test_an_address_that_cannot_be_bound_comes_with_advice(
    number: int, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = os.strerror(number)
    assert report(GatewayAddressError(TcpAddress("127.0.0.1", 80), OSError(number, reason))) == 1
    what, what_to_do = capsys.readouterr().err.splitlines()
    assert what == f"error: the gateway cannot listen on 127.0.0.1:80: {reason}"
    assert what_to_do == f"  {advice} or as gateway.listen in the configuration"


def test_where_logs_are_json_so_is_what_kept_it_from_starting(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        ConfigurationProblem(Path("a.toml"), 7, "x.y", "is wrong", "right"),
        ConfigurationProblem(Path("a.toml"), 8, "x.z", "is missing"),
    ]
    assert report_as_log(ConfigurationError(problems)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    said = [json.loads(line) for line in captured.err.splitlines()]
    assert [(line["level"], line["fields"]) for line in said] == [
        ("ERROR", {"message": "x.y: is wrong", "details": ["--> a.toml:7", "expected right"]}),
        ("ERROR", {"message": "x.z: is missing", "details": ["--> a.toml:8"]}),
    ]


def test_a_fault_of_our_own_shows_where_and_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LookupError) as caught:
        [].pop()
    assert report(caught.value) == 1
    shown = capsys.readouterr().err
    assert "test_error_report.py" in shown
    assert "error: IndexError inside pywatt\n  this should not happen" in shown


def test_an_interruption_before_anything_runs_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pywatt.orchestrator.configuration.loading.load_configuration", interrupted)
    assert invoke(["up"]) == 130
