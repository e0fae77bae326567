"""`pywatt logs` as a person meets it: files in, lines out, nothing running."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pywatt.cli.commands import invoke
from pywatt.orchestrator.console.own_line import own_line
from pywatt.orchestrator.logs.entry_format import FULL, PARTIAL, Piece, entries_of
from pywatt.orchestrator.processes.run_location import locate

DEADLINE = 20.0
STAMP = b"2026-11-26T03:45:%02d.000000000Z"
CONFIGURATION = '[modules.catalog]\nrun = "catalog.py"\n[modules.web]\nrun = "web.py"\n'
ENTRY = (
    b'{"timestamp":"2026-11-26T03:45:01.500000Z","level":"%b","fields":{"message":"%b","n":1},"target":"t"}'
)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("PYWATT_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pywatt.toml").write_text(CONFIGURATION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the logs of ./pywatt.toml lie."""
    place = Path(locate("pywatt.toml").directory) / "logs"
    place.mkdir(parents=True)
    write(place, "catalog", 1, b"plain text", ENTRY % (b"INFO", b"ready"))
    write(place, "web", 2, ENTRY % (b"WARN", b"slow"), ENTRY % (b"ERROR", b"no coffee"))
    write(place, "orchestrator", 3, own_line("INFO", "stopping 2 modules", None).encode())
    write(place, "web", 4, own_line("WARN", "exited with code 1", "web").encode())
    return place


def write(folder: Path, log: str, second: int, *lines: bytes) -> None:
    with open(folder / f"{log}.log", "ab") as file:
        file.write(entries_of([Piece(FULL, b"".join(line + b"\n" for line in lines))], STAMP % second))


def shown(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> list[str]:
    assert invoke(["logs", *arguments]) == 0
    return capfdbinary.readouterr().out.decode().splitlines()


@pytest.mark.usefixtures("folder")
class TestText:
    def test_all_logs_are_merged_with_a_prefix_for_each(
        self, capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        lines = shown(capfdbinary)
        assert lines[:4] == [
            "catalog | plain text",
            "catalog | 2026-11-26T03:45:01.500000Z INFO  ready n=1",
            "web     | 2026-11-26T03:45:01.500000Z WARN  slow n=1",
            "web     | 2026-11-26T03:45:01.500000Z ERROR no coffee n=1",
        ]
        assert lines[4].startswith("pywatt  | ")
        assert lines[4].endswith(" INFO  stopping 2 modules")
        assert lines[5].endswith(" WARN  web: exited with code 1")
        assert len(lines) == 6

    def test_one_log(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        assert [line.partition(" ")[0] for line in shown(capfdbinary, "web")] == ["web", "web", "pywatt"]

    def test_the_last_lines(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        assert len(shown(capfdbinary, "--lines", "2")) == 2
        assert len(shown(capfdbinary, "-n", "all")) == 6
        assert len(shown(capfdbinary, "-n", "9" * 30)) == 6
        assert shown(capfdbinary, "-n", "0") == []

    def test_filters_work_together(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        arguments = ["--level", "warn", "--since", "2026-11-26T03:45:02Z", "--grep", "coffee|exited"]
        assert [line[-9:] for line in shown(capfdbinary, *arguments)] == ["coffee n=1"[-9:], "th code 1"]

    def test_a_pattern_is_not_commented_on(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        assert len(shown(capfdbinary, "--grep", "[[c]offee")) == 1

    def test_a_long_line_is_joined_and_one_that_is_too_long_says_so(
        self, capfdbinary: pytest.CaptureFixture[bytes], folder: Path
    ) -> None:
        parts = [Piece(PARTIAL, b"x" * 65_536) for _ in range(32)]
        with open(folder / "web.log", "ab") as file:
            file.write(
                entries_of([*parts[:3], Piece(FULL, b"end\n"), *parts, Piece(FULL, b"end\n")], STAMP % 9)
            )
        joined, cut = shown(capfdbinary, "web", "-n", "2")
        assert joined == "web     | " + "x" * 3 * 65_536 + "end"
        assert cut == "web     | " + "x" * 1024 * 1024 + " ... [1,048,576 of 2,097,155 bytes shown]"

    def test_colour_and_local_time_are_for_terminals_only(
        self, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("NO_COLOR")
        assert "\x1b" not in "".join(shown(capfdbinary))
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert "\x1b[36mcatalog |\x1b[0m plain text" in shown(capfdbinary)

    def test_what_a_module_writes_cannot_touch_the_terminal(
        self, capfdbinary: pytest.CaptureFixture[bytes], folder: Path
    ) -> None:
        write(folder, "web", 9, b"\x1b]0;title\x07 caf\xe9")
        assert shown(capfdbinary, "web", "-n", "1") == ["web     |  caf\\xe9"]

    def test_a_line_with_an_impossible_time_has_that_of_its_collection(
        self, capfdbinary: pytest.CaptureFixture[bytes], folder: Path
    ) -> None:
        write(folder, "web", 9, b'{"message":"m","timestamp":"0001-01-01T00:00:00+23:00"}')
        assert shown(capfdbinary, "web", "-n", "1") == ["web     | 2026-11-26T03:45:09.000000Z INFO  m"]
        (document,) = map(json.loads, shown(capfdbinary, "web", "-n", "1", "--json"))
        assert document["timestamp"] == "2026-11-26T03:45:09.000000Z"


@pytest.mark.usefixtures("folder")
def test_json_is_one_document_for_each_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    documents = [json.loads(line) for line in shown(capfdbinary, "--json")]
    assert documents[0] == {
        "module": "catalog",
        "timestamp": "2026-11-26T03:45:01.000000Z",
        "level": "INFO",
        "message": "plain text",
        "fields": {},
    }
    assert documents[2] == {
        "module": "web",
        "timestamp": "2026-11-26T03:45:01.500000Z",
        "level": "WARN",
        "message": "slow",
        "fields": {"n": 1},
    }
    assert [(said["module"], said.get("source")) for said in documents[4:]] == [
        (None, "orchestrator"),
        ("web", "orchestrator"),
    ]


class TestErrors:
    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["catalgo"], 'there is no log of "catalgo"; did you mean "catalog"?'),
            (["x"], 'there is no log of "x"; there are catalog, orchestrator, web'),
            (["--level", "loud"], '"loud" is none of trace, debug, info, warn, error'),
            (["--since", "yesterday"], '"yesterday" is no time; write a duration such as 10m'),
            (["--since", "200000w"], '"200000w" is no time; '),
            (["--grep", "("], '"(" is no regular expression: '),
            (["--grep", "a{99999999999}"], '"a{99999999999}" is no regular expression: '),
            (["--lines", "many"], '"many" is neither a number of lines nor "all"'),
            (["--file", "nowhere.toml"], "there is no file nowhere.toml; name another with --file"),
        ],
    )
    def test_of_usage(self, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert invoke(["logs", *arguments]) == 2
        assert said in capsys.readouterr().err

    def test_nothing_was_ever_logged(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert invoke(["logs"]) == 3
        said = capsys.readouterr().err
        assert "pywatt.toml has logged nothing yet" in said
        assert "start it with: pywatt up -d\n" in said

    @pytest.mark.usefixtures("folder")
    def test_a_module_that_has_logged_nothing_has_an_empty_log(
        self, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
    ) -> None:
        (tmp_path / "pywatt.toml").write_text(CONFIGURATION + '[modules.till]\nrun = "till.py"\n')
        assert shown(capfdbinary, "till") == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", ["[modules", "", None])
def test_logs_can_be_read_when_the_configuration_cannot(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, text: str | None
) -> None:
    if text is None:
        (tmp_path / "pywatt.toml").unlink()
    else:
        (tmp_path / "pywatt.toml").write_text(text)
    assert len(shown(capfdbinary)) == 6


def test_logs_may_lie_where_the_configuration_says(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    (tmp_path / "pywatt.toml").write_text('[logs]\ndirectory = "kept"\n' + CONFIGURATION)
    (tmp_path / "kept").mkdir()
    write(tmp_path / "kept", "web", 1, b"here")
    assert shown(capfdbinary) == ["web     | here"]


class Following:
    """A `pywatt logs -f` and what it prints."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pywatt", "logs", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.output = b""

    def until(self, text: bytes) -> None:
        assert self.process.stdout is not None
        while text not in self.output:
            readable, _, _ = select.select([self.process.stdout], (), (), DEADLINE)
            assert readable, f"no {text!r} in {self.output!r}"
            piece = os.read(self.process.stdout.fileno(), 65_536)
            assert piece, self.process.communicate()
            self.output += piece


@pytest.fixture
def following(folder: Path) -> Iterator[Following]:
    made = Following("-f", "-n", "1", "web")
    made.until(b"exited with code 1\n")
    yield made
    made.process.kill()
    made.process.communicate()


class TestFollowing:
    def test_what_comes_is_shown_until_ctrl_c(self, following: Following, folder: Path) -> None:
        write(folder, "web", 9, b"more")
        following.until(b"more\n")
        assert following.output.count(b"\n") == 2
        following.process.send_signal(signal.SIGINT)
        assert following.process.wait(DEADLINE) == 130
        _, errors = following.process.communicate()
        assert errors.strip() == b""

    def test_it_goes_on_through_a_rotation(self, following: Following, folder: Path) -> None:
        write(folder, "web", 8, b"the last of the old file")
        (folder / "web.log").rename(folder / "web.log.1")
        write(folder, "web", 9, b"the first of the new one")
        following.until(b"the first of the new one\n")
        assert b"the last of the old file\n" in following.output

    def test_it_ends_quietly_when_nobody_reads(self, following: Following, folder: Path) -> None:
        assert following.process.stdout is not None
        following.process.stdout.close()
        write(folder, "web", 9, b"more")
        assert following.process.wait(DEADLINE) == 0
        assert following.process.stderr is not None
        assert following.process.stderr.read() == b""


@pytest.mark.usefixtures("folder")
def test_following_may_begin_before_anything_was_logged(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(CONFIGURATION)
    made = Following("-f", "--file", "other.toml")
    place = Path(locate("other.toml").directory) / "logs"
    place.mkdir(parents=True)
    write(place, "web", 1, b"first")
    made.until(b"web     | first\n")
    made.process.kill()
    made.process.communicate()


@pytest.mark.usefixtures("folder")
def test_the_shell_completes_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_PYWATT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pywatt logs c")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        invoke([])
    assert capsys.readouterr().out == "plain,catalog\n"
