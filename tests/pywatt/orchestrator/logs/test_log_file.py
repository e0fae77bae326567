"""Log files: appended to, rotated without a loss, private, and honest about what is missing."""

from __future__ import annotations

import os
import re
import resource
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pywatt.orchestrator.logs.entry_format import FULL, PARTIAL, Piece
from pywatt.orchestrator.logs.log_directory import LogDirectory, LogDirectoryError, read_file_name
from pywatt.orchestrator.logs.log_file import MAX_REMARKS, LogFile, RotationLimits


class Owner:
    """Keeps what a file tells of its trouble."""

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def trouble(self, log: str, message: str) -> None:
        self.troubles.append(message)

    def loss_notice(self, log: str, lost: int, reason: str) -> bytes:
        return f"{lost} lost: {reason}".encode()


class Folder:
    """A log directory on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = Owner()
        self.directory = LogDirectory(str(path))

    def open(self, max_size: int = 1_000_000, keep: int = 3) -> LogFile:
        return LogFile(self.directory, "web", RotationLimits(max_size, keep), self.owner)

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.path.iterdir())

    def contents(self, name: str = "web.log") -> list[bytes]:
        return [line[40:] for line in (self.path / name).read_bytes().split(b"\n")[:-1]]

    def all_contents(self) -> list[bytes]:
        rotated = sorted((number, name) for name in self.names() if (number := read_file_name(name)[1]))
        return [line for _, name in reversed(rotated) for line in self.contents(name)] + self.contents()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "logs")
    yield made
    made.directory.close()


def write(file: LogFile, *lines: bytes) -> None:
    file.append([Piece(FULL, b"".join(line + b"\n" for line in lines))], time.time_ns())


def test_lines_are_appended_also_by_the_next_who_opens_it(folder: Folder) -> None:
    first = folder.open()
    write(first, b"one", b"two")
    first.close()
    write(folder.open(), b"three")
    assert folder.contents() == [b"one", b"two", b"three"]


def test_files_and_directory_are_private(folder: Folder) -> None:
    write(folder.open(), b"one")
    assert stat.S_IMODE((folder.path / "web.log").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


class TestRotation:
    def test_no_file_is_larger_than_allowed_and_no_line_is_missing(self, folder: Folder) -> None:
        file = folder.open(max_size=1000, keep=1000)
        lines = [b"line %d" % number for number in range(500)]
        for begin in range(0, 500, 50):
            write(file, *lines[begin : begin + 50])
        assert folder.all_contents() == lines
        assert len(folder.names()) > 10
        assert all((folder.path / name).stat().st_size <= 1000 for name in folder.names())

    def test_only_so_many_are_kept_and_they_are_the_newest(self, folder: Folder) -> None:
        file = folder.open(max_size=200, keep=2)
        for number in range(40):
            write(file, b"line %d" % number)
        assert folder.names() == ["web.log", "web.log.1", "web.log.2"]
        kept = folder.all_contents()
        assert kept == [b"line %d" % number for number in range(40 - len(kept), 40)]

    def test_files_beyond_a_limit_that_was_lowered_go(self, folder: Folder) -> None:
        file = folder.open(max_size=200, keep=5)
        for number in range(40):
            write(file, b"line %d" % number)
        file.close()
        file = folder.open(max_size=200, keep=1)
        for number in range(10):
            write(file, b"line %d" % number)
        assert folder.names() == ["web.log", "web.log.1"]

    def test_an_entry_longer_than_a_file_has_a_file_of_its_own(self, folder: Folder) -> None:
        file = folder.open(max_size=100, keep=9)
        write(file, b"a", b"x" * 500, b"b")
        assert folder.all_contents() == [b"a", b"x" * 500, b"b"]

    def test_files_of_other_logs_are_left_alone(self, folder: Folder) -> None:
        for name in ("web.log.txt", "web2.log.1", "web.log.01", "web"):
            (folder.path / name).write_text("mine")
        file = folder.open(max_size=200, keep=1)
        for number in range(40):
            write(file, b"line %d" % number)
        assert all(
            (folder.path / name).read_text() == "mine" for name in ("web.log.txt", "web2.log.1", "web")
        )

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
    @given(st.lists(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), min_size=1)))
    def test_any_lines_survive_it(
        self, tmp_path_factory: pytest.TempPathFactory, chunks: list[list[bytes]]
    ) -> None:
        made = Folder(tmp_path_factory.mktemp("logs") / "logs")
        file = made.open(max_size=300, keep=1000)
        write(file, b"first")
        for chunk in chunks:
            write(file, *chunk)
        assert made.all_contents() == [b"first", *(line for chunk in chunks for line in chunk)]
        file.close()
        made.directory.close()


class TestRemarks:
    def test_one_waits_for_the_end_of_the_line_that_the_log_is_in(self, folder: Folder) -> None:
        file = folder.open()
        file.append([Piece(PARTIAL, b"a long ")], time.time_ns())
        file.remark([Piece(FULL, b"what happened\n")], time.time_ns())
        file.append([Piece(FULL, b"line\nanother\n")], time.time_ns())
        file.remark([Piece(FULL, b"and then\n")], time.time_ns())
        assert folder.contents() == [b"a long ", b"line", b"another", b"what happened", b"and then"]

    def test_of_too_many_the_last_are_left_out(self, folder: Folder) -> None:
        file = folder.open()
        file.append([Piece(PARTIAL, b"endless")], time.time_ns())
        for number in range(MAX_REMARKS + 1):
            file.remark([Piece(FULL, b"%d\n" % number)], time.time_ns())
        file.append([Piece(FULL, b"\n")], time.time_ns())
        assert folder.contents()[2:] == [b"%d" % number for number in range(MAX_REMARKS)]


class TestAfterAKilledOrchestrator:
    def test_a_torn_entry_is_ended_before_ours(self, folder: Folder) -> None:
        (folder.path / "web.log").write_bytes(b"2026-11-26T03:45:06.123456789Z stderr F torn")
        write(folder.open(), b"ours")
        assert folder.contents() == [b"torn", b"ours"]

    def test_a_line_in_parts_is_ended_before_ours(self, folder: Folder) -> None:
        file = folder.open()
        file.append([Piece(PARTIAL, b"part")], time.time_ns())
        file.close()
        write(folder.open(), b"ours")
        lines = (folder.path / "web.log").read_bytes().split(b"\n")[:-1]
        assert [line[30:] for line in lines] == [b" stderr P part", b" stderr F ", b" stderr F ours"]


class TestTrouble:
    def test_a_file_that_was_removed_is_made_again(self, folder: Folder) -> None:
        file = folder.open()
        write(file, b"one")
        (folder.path / "web.log").unlink()
        write(file, b"two")
        assert folder.contents() == [b"two"]

    def test_a_file_that_was_moved_is_made_again(self, folder: Folder) -> None:
        file = folder.open()
        write(file, b"one")
        (folder.path / "web.log").rename(folder.path / "elsewhere")
        write(file, b"two")
        assert folder.contents() == [b"two"]

    def test_a_file_that_was_emptied_is_written_from_its_beginning(self, folder: Folder) -> None:
        file = folder.open()
        write(file, b"one")
        os.truncate(folder.path / "web.log", 0)
        write(file, b"two")
        assert folder.contents() == [b"two"]

    def test_a_directory_that_was_removed_is_made_again(self, folder: Folder) -> None:
        file = folder.open()
        write(file, b"one")
        (folder.path / "web.log").unlink()
        folder.path.rmdir()
        write(file, b"two")
        assert folder.contents() == [b"two"]

    @pytest.mark.parametrize("kind", ["symbolic link", "second name", "fifo"])
    def test_what_is_not_a_file_of_ours_alone_is_refused(
        self, folder: Folder, tmp_path: Path, kind: str
    ) -> None:
        victim = tmp_path / "victim"
        victim.write_text("")
        place = folder.path / "web.log"
        if kind == "symbolic link":
            place.symlink_to(victim)
        elif kind == "second name":
            place.hardlink_to(victim)
        else:
            os.mkfifo(place)
        file = folder.open()
        write(file, b"one")
        assert victim.read_text() == ""
        assert file.lost == 1
        assert "web.log cannot be written" in folder.owner.troubles[0]

    def test_lines_that_cannot_be_written_are_counted_and_told_when_they_can_be_again(
        self, folder: Folder, tmp_path: Path
    ) -> None:
        place = folder.path / "web.log"
        place.symlink_to(tmp_path / "nowhere")
        file = folder.open()
        for number in range(5):
            write(file, b"lost %d" % number, b"lost too")
        assert len(folder.owner.troubles) == 1
        place.unlink()
        write(file, b"kept")
        notice, kept = folder.contents()
        assert re.fullmatch(rb"10 lost: .*", notice)
        assert kept == b"kept"
        assert "10 lines were lost" in folder.owner.troubles[1]
        assert file.lost == 10


@pytest.fixture
def small_files() -> Iterator[int]:
    """A limit of the system on the size of files, for the time of a test."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    yield 500
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestLimitOfTheSystem:
    def test_a_limit_lower_than_ours_is_one_to_rotate_at(self, folder: Folder, small_files: int) -> None:
        file = folder.open(keep=1000)
        lines = [b"line %d" % number for number in range(100)]
        write(file, *lines)
        assert folder.all_contents() == lines
        assert folder.owner.troubles == []

    def test_what_is_kept_ends_with_a_whole_entry(self, folder: Folder, small_files: int) -> None:
        file = folder.open(keep=1000)
        write(file, b"short", b"x" * 600, b"lost too")
        assert folder.all_contents() == [b"short"]
        assert file.lost == 2
        write(file, b"again")
        assert folder.all_contents()[-1] == b"again"


class TestDirectory:
    def test_a_symbolic_link_is_not_entered(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir(mode=0o700)
        (tmp_path / "logs").symlink_to(tmp_path / "real")
        with pytest.raises(LogDirectoryError, match="symbolic link"):
            LogDirectory(str(tmp_path / "logs"))

    def test_a_parent_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(LogDirectoryError, match=f"there is no directory {tmp_path}/nowhere$"):
            LogDirectory(str(tmp_path / "nowhere" / "logs"))

    def test_one_that_others_may_write_to_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs").chmod(0o777)
        with pytest.raises(LogDirectoryError, match="chmod 700"):
            LogDirectory(str(tmp_path / "logs"))

    @pytest.mark.parametrize(
        ("name", "read"),
        [
            ("web.log", ("web", 0)),
            ("web.log.1", ("web", 1)),
            ("web.log.12", ("web", 12)),
            ("a.log.log", ("a.log", 0)),
            ("a.log.1.log", ("a.log.1", 0)),
            ("web.log.01", (None, 0)),
            ("web.log.x", (None, 0)),
            (".log", (None, 0)),
            ("lock", (None, 0)),
        ],
    )
    def test_names_say_whose_log_it_is(self, name: str, read: tuple[str | None, int]) -> None:
        assert read_file_name(name) == read
