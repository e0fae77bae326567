"""One thread reads the log pipes of all modules and writes their files."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from collecting import LineKeeper, started_collector
from supervised import News

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.console.own_line import own_line
from pywatt.orchestrator.logs.collector import LogCollector
from pywatt.orchestrator.logs.entry_format import PARTIAL, read_entry
from pywatt.orchestrator.logs.log_directory import LogDirectory
from pywatt.orchestrator.logs.log_file import RotationLimits
from pywatt.orchestrator.logs.log_pipe import CUT_MARK, LogPipe


class Collecting:
    """A collector, what it shows, and what it says of trouble."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "logs"
        self.news = News()
        self.lines: list[tuple[str, bytes]] = []
        self.troubles: list[tuple[str, str, str | None]] = []
        self.collector: LogCollector = started_collector(folder, self._line, self._trouble)

    def _line(self, module: str, line: bytes) -> None:
        self.lines.append((module, line))
        self.news.tell()

    def _trouble(self, level: str, message: str, module: str | None) -> None:
        self.troubles.append((level, message, module))
        self.news.tell()

    def shown(self, module: str) -> list[bytes]:
        return [line for about, line in self.lines if about == module]

    def kept(self, log: str) -> list[bytes]:
        entries = [read_entry(line) for line in (self.folder / f"{log}.log").read_bytes().split(b"\n")[:-1]]
        text = b""
        for entry in entries:
            assert entry is not None
            text += entry.content + (b"" if entry.tag == PARTIAL else b"\n")
        return text.split(b"\n")[:-1]

    async def write(self, pipe: LogPipe, data: bytes) -> None:
        await asyncio.to_thread(write_all, pipe.writing, data)


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@pytest.fixture
async def collecting(tmp_path: Path) -> AsyncIterator[Collecting]:
    made = Collecting(tmp_path)
    yield made
    made.collector.close()


async def test_what_a_module_writes_is_kept_and_shown(collecting: Collecting) -> None:
    pipe = collecting.collector.open("web")
    for piece in (b"one\ntw", b"o\r\n", b"\n", b"last"):
        await collecting.write(pipe, piece)
    await collecting.collector.finish(pipe, 10)
    assert collecting.kept("web") == collecting.shown("web") == [b"one", b"two", b"", b"last"]


async def test_lines_arrive_while_the_module_runs(collecting: Collecting) -> None:
    pipe = collecting.collector.open("web")
    await collecting.write(pipe, b"now\n")
    await collecting.news.until(lambda: collecting.shown("web"), "the line")
    pipe.close_writing()


async def test_many_modules_at_once_lose_nothing(collecting: Collecting) -> None:
    pipes = {f"web{number}": collecting.collector.open(f"web{number}") for number in range(20)}
    text = b"".join(b"line %d of a module that says much\n" % number for number in range(20_000))
    await asyncio.gather(*(collecting.write(pipe, text) for pipe in pipes.values()))
    for pipe in pipes.values():
        await collecting.collector.finish(pipe, 10)
    for name in pipes:
        is_whole = b"\n".join(collecting.kept(name)) + b"\n" == text
        assert is_whole, name  # a comparison of megabytes that fails would be explained for minutes


async def test_a_flood_does_not_hold_up_the_others(collecting: Collecting) -> None:
    loud, quiet = collecting.collector.open("loud"), collecting.collector.open("quiet")
    flood = asyncio.create_task(collecting.write(loud, (b"x" * 99 + b"\n") * 200_000))
    await collecting.write(quiet, b"still heard\n")
    await collecting.news.until(lambda: collecting.shown("quiet"), "the quiet line")
    assert not flood.done()
    await flood
    await collecting.collector.finish(loud, 10)
    loud_again = sum(1 for _, line in collecting.lines if line == b"x" * 99)
    assert loud_again == 200_000


async def test_the_end_of_a_child_is_not_the_end_of_its_pipe(collecting: Collecting) -> None:
    pipe = collecting.collector.open("web")
    left_behind = os.dup(pipe.writing)
    await collecting.write(pipe, b"said before it died\nhalf a li")
    await collecting.collector.finish(pipe, 10)
    assert collecting.kept("web") == [b"said before it died", b"half a li"]
    with pytest.raises(BrokenPipeError):  # closed, although somebody still holds the other end
        os.write(left_behind, b"x")
    os.close(left_behind)


async def test_the_line_of_a_killed_process_is_not_glued_to_the_next(collecting: Collecting) -> None:
    for text in (b"half a li", b"a whole line\n"):
        pipe = collecting.collector.open("web")
        await collecting.write(pipe, text)
        await collecting.collector.finish(pipe, 10)
    assert collecting.kept("web") == [b"half a li", b"a whole line"]


async def test_a_very_long_line_is_kept_whole_and_shown_in_part(collecting: Collecting) -> None:
    pipe = collecting.collector.open("web")
    line = b"y" * 10_000_000
    await collecting.write(pipe, b"before\n" + line + b"\nafter\n")
    await collecting.collector.finish(pipe, 10)
    assert collecting.kept("web") == [b"before", line, b"after"] or collecting.kept("web.log.1")
    before, cut, after = collecting.shown("web")
    assert (before, after) == (b"before", b"after")
    assert cut == (b"y" * 65_536)[: -len(CUT_MARK)] + CUT_MARK


async def test_secrets_are_neither_kept_nor_shown(collecting: Collecting) -> None:
    register_secret("correct-horse-battery")
    pipe = collecting.collector.open("web")
    for piece in (b"it is correct-hor", b'se-battery\n{"k":"correct-horse\\u002dbattery"}\n'):
        await collecting.write(pipe, piece)
    await collecting.collector.finish(pipe, 10)
    expected = [b"it is [REDACTED]", b'{"k":"[REDACTED]"}']
    assert collecting.kept("web") == collecting.shown("web") == expected
    assert collecting.collector.recent("web") == expected


class TestRecent:
    async def test_the_last_lines_are_remembered(self, collecting: Collecting) -> None:
        pipe = collecting.collector.open("web")
        text = b"".join(b"line %d\n" % number for number in range(100)) + b"w" * 5000 + b"\n \n"
        await collecting.write(pipe, text)
        await collecting.collector.finish(pipe, 10)
        recent = collecting.collector.recent("web")
        assert len(recent) == 20
        assert recent[-2:] == [b"line 99", b"w" * 4096]

    async def test_those_of_the_process_before_come_first(self, collecting: Collecting) -> None:
        for text in (b"first\n", b"", b"second\n"):
            pipe = collecting.collector.open("web")
            await collecting.write(pipe, text)
            await collecting.collector.finish(pipe, 10)
        assert list(pipe.recent) == [b"second"]
        assert collecting.collector.recent("web") == [b"first", b"second"]

    async def test_of_an_unknown_module_there_are_none(self, collecting: Collecting) -> None:
        assert collecting.collector.recent("nobody") == []


class TestOwnLines:
    async def test_they_stand_in_a_file_of_their_own_and_in_that_of_the_module(
        self, collecting: Collecting
    ) -> None:
        collecting.collector.say(own_line("INFO", "started", None))
        collecting.collector.say(own_line("WARN", "exited with code 1", "web"), "web")
        collecting.collector.close()
        told = [json.loads(line)["fields"]["message"] for line in collecting.kept("orchestrator")]
        assert told == ["started", "exited with code 1"]
        assert [json.loads(line)["module"] for line in collecting.kept("web")] == ["web"]

    async def test_a_module_of_that_name_shares_the_file(self, collecting: Collecting) -> None:
        collecting.collector.say(own_line("INFO", "started", "orchestrator"), "orchestrator")
        collecting.collector.close()
        assert len(collecting.kept("orchestrator")) == 1

    async def test_more_than_can_be_written_are_counted(self, tmp_path: Path) -> None:
        collector = LogCollector(LogDirectory(str(tmp_path / "logs")), RotationLimits(10_000_000, 1), None)
        for number in range(5000):  # it has not started: what is said waits
            collector.say(own_line("INFO", f"{number}", None))
        collector.close()
        entries = (tmp_path / "logs" / "orchestrator.log").read_bytes().splitlines()
        fields = [json.loads(line.partition(b" F ")[2])["fields"] for line in entries]
        assert [said.get("lost") for said in fields] == [None] * 1000 + [4000]


async def test_a_log_that_cannot_be_written_is_told_on_the_event_loop(collecting: Collecting) -> None:
    (collecting.folder / "web.log").symlink_to("nowhere")
    pipe = collecting.collector.open("web")
    await collecting.write(pipe, b"lost\n")
    await collecting.news.until(lambda: collecting.troubles, "the trouble")
    ((level, message, module),) = collecting.troubles
    assert (level, module) == ("WARN", "web")
    assert "web.log cannot be written" in message
    (collecting.folder / "web.log").unlink()
    await collecting.write(pipe, b"kept\n")
    await collecting.news.until(lambda: len(collecting.troubles) == 2, "the end of it")
    notice, kept = collecting.kept("web")
    assert json.loads(notice)["fields"]["lost"] == 1
    assert kept == b"kept"
    pipe.close_writing()


class TestADisplayThatFails:
    @pytest.fixture(autouse=True)
    def failing(self, collecting: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_keeper: LineKeeper, _module: str, _lines: bytes) -> None:
            raise ValueError("cannot be shown")

        monkeypatch.setattr(LineKeeper, "module_lines", fail)

    async def test_everything_is_kept(self, collecting: Collecting) -> None:
        web, catalog = collecting.collector.open("web"), collecting.collector.open("catalog")
        await collecting.write(web, b"one\n")
        await collecting.write(catalog, b"two\n")
        await collecting.collector.finish(web, 10)
        await collecting.collector.finish(catalog, 10)
        assert (collecting.kept("web"), collecting.kept("catalog")) == ([b"one"], [b"two"])

    async def test_everything_is_kept_at_the_end(self, collecting: Collecting) -> None:
        pipes = [collecting.collector.open(name) for name in ("web", "catalog")]
        for pipe in pipes:
            await collecting.write(pipe, b"the last word\nand half")
        collecting.collector.close()
        for pipe in pipes:
            assert collecting.kept(pipe.module) == [b"the last word", b"and half"]
            pipe.close_writing()


async def test_closing_collects_what_pipes_still_hold(collecting: Collecting) -> None:
    pipe = collecting.collector.open("web")
    await collecting.write(pipe, b"the last word\n")
    collecting.collector.close()
    collecting.collector.close()
    assert collecting.kept("web") == [b"the last word"]
    pipe.close_writing()
