"""The command line as a person meets it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pywatt.cli.commands import invoke

HEAVY = {
    "aiohttp",
    "asyncio",
    "cattrs",
    "rich",
    "uvloop",
    "a2wsgi",
    "attrs",
    "dotenv",
    "tomllib",
    "pywatt.channels",
}


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_shows_the_verbs_examples_and_exit_codes(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke([option]) == 0
    output = capsys.readouterr().out
    for part in ("up", "run", "bench", "version", "completion", "pywatt run hello.py", "Exit codes:", "130"):
        assert part in output


@pytest.mark.parametrize("verb", ["up", "run", "bench", "version", "completion"])
def test_every_verb_has_help_with_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([verb, "--help"]) == 0
    assert f"pywatt {verb}" in capsys.readouterr().out


def test_nothing_at_all_is_wrong_usage_and_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: pywatt" in captured.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["upp"], 'error: there is no command "upp"; did you mean "up"?\n  see: pywatt --help\n'),
        (["hello.py"], 'error: there is no command "hello.py"; to run a file: pywatt run hello.py\n'),
        (["zzz"], 'error: there is no command "zzz"\n'),
        (["up", "--lisen", "x"], "--listen"),
        (["up", "extra"], "error: Got unexpected extra argument (extra)\n  see: pywatt up --help\n"),
        (["run"], "error: Missing argument 'FILE'\n  see: pywatt run --help\n"),
        (["run", "x.py", "--env", "secret-value"], "error: Invalid value for '--env': expected NAME=VALUE\n"),
        (["up", "--log-format", "xml"], "'auto', 'pretty', 'json'"),
        (["completion", "tcsh"], "'bash', 'zsh', 'fish'"),
    ],
)
def test_wrong_usage_says_what_and_what_to_do(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "secret-value" not in captured.err


def test_a_missing_configuration_says_what_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["up"]) == 2
    assert capsys.readouterr().err == (
        "error: pywatt.toml: no such file\n"
        "  --> pywatt.toml\n"
        "  create it, name another with -f FILE, or run a single module with: pywatt run FILE\n"
    )


def test_every_problem_of_a_configuration_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shop.toml").write_text('[gateway]\nlisen = "x"\n[modules.web]\nrun = "web.py"\n')
    assert invoke(["up", "-f", "shop.toml"]) == 2
    assert capsys.readouterr().err == (
        "error: gateway.lisen: unknown key\n"
        "  --> shop.toml:2\n"
        "  expected one of listen, max_body, metrics, request_timeout, trusted_proxies\n"
        '  did you mean "listen"?\n'
        f"error: modules.web.run: no such file: {Path.cwd()}/web.py\n"
        "  --> shop.toml:4\n"
    )


def test_a_wrong_address_on_the_command_line_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("web.py").write_text("")
    assert invoke(["run", "web.py", "--listen", "9900"]) == 2
    assert 'error: --listen: is the text "9900"\n  --> --listen\n' in capsys.readouterr().err


def test_errors_are_coloured_on_demand_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(["up"])
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    invoke(["up"])
    assert capsys.readouterr().err.startswith("\x1b[31m\x1b[1merror: \x1b[0m")


def test_version_tells_what_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:12].strip() for line in lines] == ["pywatt", "core", "Python", "event loop", "JSON"]
    assert lines[1].split()[1] in {"compiled", "interpreted"}


def test_version_is_there_for_programs_and_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["version", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["python"] == sys.version.split()[0]
    assert set(facts) == {
        "pywatt",
        "core",
        "python",
        "implementation",
        "event_loop",
        "uvloop",
        "orjson",
        "git_hash",
    }
    assert invoke(["--version"]) == 0
    assert (
        capsys.readouterr().out
        == f"pywatt {facts['pywatt']} ({facts['core']} core, Python {facts['python']})\n"
    )


@pytest.mark.parametrize(("chosen", "loop"), [("asyncio", "asyncio"), ("auto", "uvloop")])
def test_the_event_loop_is_the_one_that_would_be_used(
    chosen: str, loop: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("uvloop")
    monkeypatch.setenv("PYWATT_EVENT_LOOP", chosen)
    invoke(["version", "--json"])
    assert json.loads(capsys.readouterr().out)["event_loop"] == loop


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_how_to_install_it(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["completion", shell]) == 0
    output = capsys.readouterr().out
    assert output.startswith("# ")
    assert f"pywatt completion {shell}" in output.splitlines()[0]
    assert "_PYWATT_COMPLETE" in output


def test_completion_completes() -> None:
    environment = {"_PYWATT_COMPLETE": "bash_complete", "COMP_WORDS": "pywatt up --lo", "COMP_CWORD": "2"}
    assert run_separately("import pywatt.cli; pywatt.cli.main()", environment).split() == [
        "plain,--log-format"
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("version >&-", 0),
        ("ps >&-", 3),
        ("ps 2>&-", 3),
        ("version --nonsense 2>&-", 2),
        ("call catalog price - <&-", 2),
        ("version <&- >&- 2>&-", 0),
    ],
)
def test_a_standard_stream_may_be_closed(command: str, code: int) -> None:
    ended = subprocess.run(
        f"{shlex.quote(sys.executable)} -m pywatt {command}",
        shell=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["run", "--help"], ["bench", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(arguments) & HEAVY == set()


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_version_loads_nothing_heavy_but_what_draws_its_table(arguments: list[str]) -> None:
    assert loaded_by(arguments) & HEAVY <= {"rich"}


def test_run_reads_no_toml() -> None:
    program = (
        "import sys, pathlib; pathlib.Path('web.py').write_text('')\n"
        "from pywatt.orchestrator.configuration.loading import configuration_for_file\n"
        "configuration_for_file('web.py'); print(*sys.modules)"
    )
    assert {"cattrs", "tomllib", "dotenv", "aiohttp", "click"} & set(run_separately(program).split()) == set()


def loaded_by(arguments: list[str]) -> set[str]:
    program = (
        "import sys, contextlib, io; from pywatt.cli.commands import invoke\n"
        f"with contextlib.redirect_stdout(io.StringIO()): invoke({arguments!r})\n"
        "print(*sys.modules)"
    )
    return set(run_separately(program).split())


def run_separately(program: str, environment: dict[str, str] | None = None) -> str:
    source = Path(__file__).parents[3]
    paths = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout
