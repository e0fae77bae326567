"""Log files read back: forwards, backwards, merged, and followed through rotations."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pywatt.orchestrator.console.own_line import own_line
from pywatt.orchestrator.logs.entry_format import FULL, PARTIAL, Piece, Stamps
from pywatt.orchestrator.logs.log_directory import LogDirectory
from pywatt.orchestrator.logs.log_file import LogFile, RotationLimits
from pywatt.orchestrator.logs.reading import LogReading
from pywatt.orchestrator.logs.selection import Selection
from pywatt.orchestrator.logs.stored_lines import MAX_LINE, OpenLogFile, lines_backwards, lines_forwards
from pywatt.orchestrator.logs.stored_logs import StoredLogs

EPOCH = 1_795_664_706_000_000_000


class Owner:
    def trouble(self, log: str, message: str) -> None:
        pytest.fail(message)

    def loss_notice(self, log: str, lost: int, reason: str) -> bytes:
        pytest.fail(reason)


class Logs:
    """Logs that a test writes, at times that it chooses, and reads."""

    def __init__(self, path: Path, max_size: int = 1_000_000, keep: int = 1000) -> None:
        self.path = path
        self.stored = StoredLogs(str(path))
        self._directory = LogDirectory(str(path))
        self._limits = RotationLimits(max_size, keep)
        self.files: dict[str, LogFile] = {}
        self.second = 0

    def write(self, log: str, *lines: bytes, at: int | None = None) -> None:
        self.append(log, [Piece(FULL, b"".join(line + b"\n" for line in lines))], at)

    def append(self, log: str, pieces: list[Piece], at: int | None = None) -> None:
        self.second = self.second + 1 if at is None else at
        if log not in self.files:
            self.files[log] = LogFile(self._directory, log, self._limits, Owner())
        self.files[log].append(pieces, EPOCH + self.second * 10**9)

    def reading(
        self,
        names: list[str] | None = None,
        *,
        follows: bool = False,
        level: int | None = None,
        since: bytes = b"",
        pattern: str | None = None,
    ) -> LogReading:
        shown = self.stored.names() if names is None else names
        compiled = None if pattern is None else re.compile(pattern)
        return LogReading(self.stored, names, Selection(level, since, compiled, shown), follows=follows)

    def last(self, count: int = 100, names: list[str] | None = None, **selection: object) -> list[str]:
        reading = self.reading(names, **selection)  # type: ignore[arg-type]
        return [line.text for line in reading.last(count)]


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path / "logs")


class TestMerging:
    def test_lines_of_all_logs_come_in_the_order_of_time(self, logs: Logs) -> None:
        for number in range(6):
            logs.write(("web", "catalog")[number % 2], b"line %d" % number)
        expected = [f"line {number}" for number in range(6)]
        assert logs.last() == expected
        assert [line.text for line in logs.reading().all()] == expected

    def test_the_last_lines_are_counted_over_all_logs(self, logs: Logs) -> None:
        for number in range(6):
            logs.write(("web", "catalog")[number % 2], b"line %d" % number)
        assert logs.last(3) == ["line 3", "line 4", "line 5"]
        assert logs.last(2, ["web"]) == ["line 2", "line 4"]
        assert logs.last(0) == []

    def test_rotated_files_are_read_too(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path / "logs", max_size=300)
        for number in range(100):
            logs.write("web", b"line %d" % number)
        expected = [f"line {number}" for number in range(100)]
        assert len(os.listdir(logs.path)) > 10
        assert logs.last() == expected
        assert [line.text for line in logs.reading().all()] == expected

    def test_what_the_orchestrator_says_of_a_shown_module_is_shown_once(self, logs: Logs) -> None:
        said = own_line("WARN", "exited", "web").encode()
        logs.write("orchestrator", own_line("INFO", "started", None).encode())
        logs.write("orchestrator", said)
        logs.write("web", said)
        lines = logs.reading().last(10)
        assert [(line.log, line.is_own) for line in lines] == [("orchestrator", True), ("web", True)]
        assert [line.module for line in logs.reading(["orchestrator"]).last(10)] == [None, "web"]


class TestChoosing:
    @pytest.fixture(autouse=True)
    def lines(self, logs: Logs) -> None:
        logs.write("web", b"plain text")
        for level in (b"DEBUG", b"INFO", b"warning", b"ERROR", b"SHOUT"):
            logs.write("web", b'{"level":"%b","message":"it is \\u0061 %b"}' % (level, level))

    def test_by_level_where_text_counts_as_information(self, logs: Logs) -> None:
        assert len(logs.last(level=10)) == 6
        assert len(logs.last(level=20)) == 5
        assert len(logs.last(level=30)) == 2

    def test_by_time_of_collection(self, logs: Logs) -> None:
        since = Stamps().at(EPOCH + 4 * 10**9)
        assert len(logs.last(since=since)) == 3
        assert len(list(logs.reading(since=since).all())) == 3

    def test_by_expression_in_the_line_or_in_its_message(self, logs: Logs) -> None:
        assert logs.last(pattern="^plain") == ["plain text"]
        assert len(logs.last(pattern="is a (INFO|ERROR)")) == 2
        assert len(logs.last(pattern=r"u0061 SHOUT")) == 1

    @pytest.mark.parametrize("pattern", ["^slow", "down$", r"\Aslow down\Z", "(?<!.)slow", "down(?!.)"])
    def test_an_expression_may_say_where_a_message_begins_and_ends(self, logs: Logs, pattern: str) -> None:
        logs.write("web", b'{"level":"WARN","message":"slow down"}')
        assert len(logs.last(pattern=pattern)) == 1


class TestLongLines:
    def test_parts_are_joined(self, logs: Logs) -> None:
        logs.append("web", [Piece(PARTIAL, b"a" * 10), Piece(PARTIAL, b"b" * 10), Piece(FULL, b"c\nnext\n")])
        expected = ["a" * 10 + "b" * 10 + "c", "next"]
        assert logs.last() == expected
        assert [line.text for line in logs.reading().all()] == expected

    def test_parts_are_joined_over_files(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path / "logs", max_size=100)
        logs.append("web", [Piece(PARTIAL, bytes([97 + number]) * 30) for number in range(5)])
        logs.append("web", [Piece(FULL, b"end\n")])
        (line,) = logs.last()
        assert line == "".join(chr(97 + number) * 30 for number in range(5)) + "end"

    def test_of_a_very_long_one_the_beginning_is_read_and_its_length_told(self, logs: Logs) -> None:
        parts = [Piece(PARTIAL, b"%05d" % number * 10_000) for number in range(100)]
        logs.append("web", [*parts, Piece(FULL, b"end\n")])
        for line in (*logs.reading().last(1), *logs.reading().all()):
            assert line.stored.length == 5_000_003
            assert len(line.stored.content) == MAX_LINE
            assert line.text.startswith("00000" * 10_000 + "00001")

    def test_one_that_has_not_ended_is_shown_as_far_as_it_goes(self, logs: Logs) -> None:
        logs.append("web", [Piece(FULL, b"whole\n"), Piece(PARTIAL, b"begun")])
        assert logs.last() == ["whole", "begun"]
        assert [line.text for line in logs.reading().all()] == ["whole", "begun"]


class TestFollowing:
    def test_what_is_written_afterwards_comes_once(self, logs: Logs) -> None:
        logs.write("web", b"before")
        reading = logs.reading(follows=True)
        logs.write("web", b"between")
        assert [line.text for line in reading.last(10)] == ["before"]
        assert [line.text for line in reading.new()] == ["between"]
        assert reading.new() == []
        logs.write("web", b"after")
        assert [line.text for line in reading.new()] == ["after"]
        reading.close()

    def test_a_log_that_is_new_is_followed_from_its_beginning(self, logs: Logs) -> None:
        reading = logs.reading(follows=True)
        logs.write("web", b"first")
        assert [line.text for line in reading.new()] == ["first"]
        reading.close()

    def test_what_the_orchestrator_says_of_a_new_module_is_shown_once(self, logs: Logs) -> None:
        logs.write("orchestrator", own_line("INFO", "started", None).encode())
        reading = LogReading(logs.stored, None, Selection(None, b"", None, logs.stored.names()), follows=True)
        for log in ("orchestrator", "web"):
            logs.write(log, own_line("INFO", "ready", "web").encode())
        assert [(line.log, line.module) for line in reading.new()] == [("web", "web")]
        reading.close()

    def test_a_line_is_shown_when_it_has_ended(self, logs: Logs) -> None:
        logs.append("web", [Piece(PARTIAL, b"begun ")])
        reading = logs.reading(follows=True)
        assert reading.last(10) == []
        assert reading.new() == []
        logs.append("web", [Piece(FULL, b"and ended\n")])
        assert [line.text for line in reading.new()] == ["begun and ended"]
        reading.close()

    def test_a_clock_that_is_put_back_does_not_change_the_order(self, logs: Logs) -> None:
        logs.write("web", b"before")
        reading = logs.reading(follows=True)
        logs.write("web", b"late", at=3600)
        logs.write("web", b"early", at=60)
        assert [line.text for line in reading.new()] == ["late", "early"]
        reading.close()

    @pytest.mark.parametrize("looks_every", [1, 7, 40])
    def test_rotations_lose_nothing(self, tmp_path: Path, looks_every: int) -> None:
        logs = Logs(tmp_path / "logs", max_size=200)
        logs.write("web", b"before")
        reading = logs.reading(follows=True)
        seen: list[str] = []
        for number in range(100):
            logs.write("web", b"line %d" % number)
            if number % looks_every == 0:
                seen += [line.text for line in reading.new()]
        seen += [line.text for line in reading.new()]
        assert seen == [f"line {number}" for number in range(100)]
        assert reading.missed() == []
        reading.close()

    def test_files_that_were_removed_before_they_were_read_are_told(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path / "logs", max_size=200, keep=2)
        logs.write("web", b"before")
        reading = logs.reading(follows=True)
        for number in range(100):
            logs.write("web", b"line %d" % number)
        seen = [line.text for line in reading.new()]
        # The file that was open is still read to its end; then the oldest that is left.
        assert seen[0] == "line 0"
        assert seen[-1] == "line 99"
        assert len(seen) < 100
        assert reading.missed() == ["web"]
        assert reading.missed() == []
        reading.close()

    def test_so_they_are_when_all_were_written_at_once(self, tmp_path: Path) -> None:
        logs = Logs(tmp_path / "logs", max_size=200, keep=2)
        logs.write("web", b"before")
        reading = logs.reading(follows=True)
        logs.write("web", *(b"line %d" % number for number in range(100)))
        seen = [line.text for line in reading.new()]
        kept = [line.text for line in logs.reading().all()]
        assert (seen[0], seen[-len(kept) :]) == ("line 0", kept)
        assert reading.missed() == ["web"]
        reading.close()

    def test_a_file_that_is_emptied_or_replaced_is_followed_from_its_beginning(self, logs: Logs) -> None:
        logs.write("web", b"a long line before the file is emptied")
        reading = logs.reading(follows=True)
        os.truncate(logs.path / "web.log", 0)
        logs.write("web", b"again")
        assert [line.text for line in reading.new()] == ["again"]
        (logs.path / "web.log").unlink()
        assert reading.new() == []
        logs.write("web", b"and again")
        assert [line.text for line in reading.new()] == ["and again"]
        reading.close()

    def test_a_flood_comes_in_bounded_portions(self, logs: Logs) -> None:
        reading = logs.reading(["web"], follows=True)
        logs.write("web", *(b"x" * 500 for _ in range(100_000)))
        portions = []
        while portion := reading.new():
            portions.append(len(portion))
        assert sum(portions) == 100_000
        assert max(portions) < 20_000
        reading.close()


def test_what_was_torn_by_a_kill_is_shown(logs: Logs) -> None:
    logs.write("web", b"whole")
    with open(logs.path / "web.log", "ab") as file:
        file.write(b"2026-11-26T0")
    logs.files.clear()
    logs.write("web", b"next")
    assert [line.text for line in logs.reading().last(10)] == ["whole", "2026-11-26T0", "next"]
    assert [line.text for line in logs.reading().all()] == ["whole", "2026-11-26T0", "next"]


def test_links_and_fifos_are_not_read(logs: Logs, tmp_path: Path) -> None:
    logs.write("web", b"mine")
    (tmp_path / "secret").write_text("2026-11-26T03:45:06.123456789Z stderr F not mine\n")
    (logs.path / "link.log").symlink_to(tmp_path / "secret")
    os.mkfifo(logs.path / "fifo.log")
    assert logs.last() == ["mine"]


ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([FULL, PARTIAL]), st.binary(max_size=40).map(lambda text: text.replace(b"\n", b""))
    ),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(ENTRIES, st.integers(120, 400))
def test_backwards_and_forwards_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[bytes, bytes]], max_size: int
) -> None:
    logs = Logs(tmp_path_factory.mktemp("logs") / "logs", max_size=max_size)
    logs.write("web", b"first")
    for tag, content in entries:
        logs.append("web", [Piece(tag, content if tag == PARTIAL else content + b"\n")])
    numbers = [0, *logs.stored.numbers("web")]

    def opened() -> list[OpenLogFile]:
        return [OpenLogFile(logs.stored.path("web", number)) for number in numbers]

    files = opened()
    forwards = list(lines_forwards(reversed(files)))
    backwards = list(lines_backwards(files))[::-1]
    for file in files:
        file.close()
    assert [(line.content, line.length) for line in forwards] == [
        (line.content, line.length) for line in backwards
    ]
    joined = b"".join(content + (b"" if tag == PARTIAL else b"\n") for tag, content in entries)
    expected = [b"first", *joined.split(b"\n")]
    if not entries or entries[-1][0] == FULL:
        expected.pop()
    assert [line.content for line in forwards] == expected
