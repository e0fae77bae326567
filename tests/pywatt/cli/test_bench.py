"""`pywatt bench` as a person meets it; no time is asserted."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pywatt.benchmark import rivals
from pywatt.benchmark.subjects import SUBJECTS
from pywatt.cli.commands import invoke

PROGRAM = [sys.executable, "-m", "pywatt", "bench"]
TINY = ["--seconds", "0.1"]


def test_json_has_every_subject_with_the_floors_and_ratios_of_each_variant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke(["bench", "--seconds", "0.2", "--json"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert captured.err == ""
    assert [subject["name"] for subject in found["subjects"]] == list(SUBJECTS)
    assert {"pywatt", "core", "python", "event_loop", "json", "system", "processor"} == set(found["header"])
    for subject in found["subjects"]:
        assert "pure" in subject["variants"]
        for cases in subject["variants"].values():
            assert set(cases) == {"pywatt", *subject["floors"]}
            for floor in subject["floors"]:
                spread = cases["pywatt"]["of_floor"][floor]
                assert spread["low"] <= spread["median"] <= spread["high"]


def test_a_table_fits_80_columns_and_has_no_colour_where_nobody_watches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke(["bench", *TINY, "--only", "split,echo-1"]) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output
    table = output[output.index("subject") :]
    assert max(map(len, table.splitlines())) <= 80
    assert [line.split()[0] for line in table.splitlines() if line.startswith(("split", "echo"))] == [
        *["split-64"] * 2,
        *["split-4k"] * 2,
        *["split-64k"] * 2,
        "echo-1",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "spilt"], 'there is no subject "spilt"; did you mean "split"?'),
        (["--against", "grcp"], 'there is no rival "grcp"; did you mean "grpc"?'),
        (["--quick", "--seconds", "1"], "--quick and --seconds exclude each other"),
        (["--seconds", "0"], "--seconds"),
        (["--seconds", "nan"], "--seconds"),
    ],
)
def test_wrong_usage_says_what_was_meant(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["bench", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err


def test_a_rival_that_is_not_installed_is_named_with_how_to_install_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "is_installed", lambda name: name not in ("grpc", "pyzmq"))
    assert invoke(["bench", "--against", "orjson,grpc,pyzmq"]) == 2
    assert "not installed: grpc, pyzmq; to install: pip install grpcio pyzmq" in capsys.readouterr().err


def test_all_rivals_are_those_installed_and_the_others_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "is_installed", lambda name: name == "aiohttp")
    assert invoke(["bench", *TINY, "--only", "echo-64", "--against", "all", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["rivals"]) == {"aiohttp"}
    assert found["rivals_not_installed"] == [name for name in rivals.RIVALS if name != "aiohttp"]
    assert any("aiohttp" in cases for cases in found["subjects"][0]["variants"].values())


def test_completion_offers_the_verb_and_its_options() -> None:
    for words, number, offered in (("pywatt be", "1", "bench"), ("pywatt bench --ag", "2", "--against")):
        environment = {"_PYWATT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": number}
        program = "import pywatt.cli; pywatt.cli.main()"
        output = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True
        ).stdout
        assert f"plain,{offered}" in output.split()


@pytest.mark.parametrize("no_colour", [False, True])
def test_a_person_sees_progress_and_a_narrow_table_coloured_unless_unwanted(no_colour: bool) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"COLUMNS": "60", "TERM": "xterm"} | ({"NO_COLOR": "1"} if no_colour else {})
    output = on_a_terminal([*PROGRAM, *TINY, "--only", "split-64"], environment)
    assert "starting processes" in output
    table = output[output.rindex("subject") :]
    assert max(len(without_escapes(line)) for line in table.splitlines()) <= 60
    assert ("\x1b[3" in output) is not no_colour


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_no_process_is_left_behind(number: signal.Signals, code: int, tmp_path: Path) -> None:
    environment = {**os.environ, "PYWATT_BENCH_TEST": str(tmp_path), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [*PROGRAM, "--seconds", "60"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: len(processes_marked(str(tmp_path))) == 5)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    assert errors.strip() == b""  # the line that ^C stands in is ended
    wait_until(lambda: not processes_marked(str(tmp_path)))
    if number == signal.SIGINT:
        assert list(tmp_path.iterdir()) == []


def processes_marked(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if f"PYWATT_BENCH_TEST={mark}".encode() in environment.split(b"\0"):
            found.append(int(folder.name))
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def without_escapes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).rstrip("\r")


def on_a_terminal(program: list[str], environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(program, env=environment, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    output = b""
    try:
        while select.select([ours], [], [], 30)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            output += piece
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return output.decode()
