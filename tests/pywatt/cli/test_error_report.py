"""What is shown of an error, and which exit code it has."""

from pathlib import Path

import pytest

from pywatt.cli.commands import invoke
from pywatt.cli.error_report import report
from pywatt.errors import ConfigError
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem
from pywatt.orchestrator.processes.run_directory import AlreadyRunning


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
        "error: is missing\n  --> a.toml\n"
        "error: x.y: is wrong\n  --> a.toml:7\n  expected right\n  write right\n"
    )


def test_a_second_start_says_how_to_stop_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(AlreadyRunning(Path("/run/x"), 17)) == 1
    assert capsys.readouterr().err == (
        "error: this configuration is already running, in process 17 (run directory /run/x)\n"
        "  stop it with Ctrl-C in its terminal, or: kill 17\n"
    )


def test_the_cause_is_shown_unless_the_text_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ConfigError("cannot listen", OSError("no such device"))) == 1
    assert capsys.readouterr().err == "error: configuration error: cannot listen\n  because: no such device\n"
    assert report(ConfigError("cannot listen: in use", OSError("in use"))) == 1
    assert capsys.readouterr().err == "error: configuration error: cannot listen: in use\n"


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
