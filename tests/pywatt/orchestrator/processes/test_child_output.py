"""What a module prints, cut into lines."""

from __future__ import annotations

import asyncio
import os

import pytest
from supervised import until

from pywatt.orchestrator.console.log_lines import telling_line
from pywatt.orchestrator.processes.child_output import CUT_MARK, MAX_LOG_LINE, ChildOutput


class Pipe:
    """A pipe with a `ChildOutput` at its reading end."""

    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.lines: list[bytes] = []
        self.output = ChildOutput(reading, self.lines.append)

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.writing, data) :]


async def test_lines_arrive_whole_however_they_were_written() -> None:
    pipe = Pipe()
    for piece in (b"one\ntw", b"o\r\n", b"\n", b"last"):
        await pipe.write(piece)
    os.close(pipe.writing)
    await until(lambda: len(pipe.lines) == 4)
    assert pipe.lines == [b"one", b"two", b"", b"last"]


@pytest.mark.parametrize("ending", [b"\nafter\n", b"z" * 200_000 + b"\nafter\n"], ids=["just", "far"])
async def test_a_line_that_is_too_long_is_cut_with_a_mark_and_the_next_is_whole(ending: bytes) -> None:
    pipe = Pipe()
    await pipe.write(b"before\n" + b"y" * (MAX_LOG_LINE + 1) + ending)
    await until(lambda: b"after" in pipe.lines)
    os.close(pipe.writing)
    before, cut, after = pipe.lines
    assert (before, after) == (b"before", b"after")
    assert cut.startswith(b"y" * MAX_LOG_LINE)
    assert cut.endswith(CUT_MARK)
    assert len(cut) == MAX_LOG_LINE + len(CUT_MARK)


async def test_a_flood_leaves_the_event_loop_free() -> None:
    pipe = Pipe()
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await pipe.write((b"x" * 99 + b"\n") * 10_000)
    os.close(pipe.writing)
    await until(lambda: len(pipe.lines) == 10_000)
    counting.cancel()
    assert turns > 60  # a million bytes are sixty reads of 16 KiB, each with a turn of its own


async def test_the_end_of_a_child_is_not_the_end_of_its_pipe() -> None:
    pipe = Pipe()
    await pipe.write(b"said before it died\nhalf a li")
    pipe.output.finish()
    assert pipe.lines == [b"said before it died", b"half a li"]
    with pytest.raises(BrokenPipeError):  # closed, although somebody still holds the other end
        os.write(pipe.writing, b"x")
    os.close(pipe.writing)


async def test_the_last_lines_are_remembered_for_the_report() -> None:
    pipe = Pipe()
    await pipe.write(b"".join(b"line %d\n" % number for number in range(100)) + b"w" * 5000 + b"\n")
    os.close(pipe.writing)
    await until(lambda: len(pipe.lines) == 101)
    assert len(pipe.output.recent) == 20
    assert pipe.output.recent[-2] == b"line 99"
    assert len(pipe.output.recent[-1]) == 2048


def test_after_a_good_start_only_an_error_is_worth_telling() -> None:
    info = b'{"level":"INFO","fields":{"message":"serving"}}'
    error = b'{"level":"ERROR","fields":{"message":"no coffee"}}'
    assert telling_line([error, info], only_errors=True) == "no coffee"
    assert telling_line([info], only_errors=True) == ""
    assert telling_line([info, b"ValueError: no coffee"], only_errors=True) == "ValueError: no coffee"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], ""),
        ([b"", b"  "], ""),
        ([b"Traceback ...", b"ValueError: no coffee"], "ValueError: no coffee"),
        ([b'{"level":"INFO","fields":{"message":"all is well"}}'], "all is well"),
        (
            [
                b'{"level":"ERROR","fields":{"message":"no coffee"}}',
                b'{"level":"INFO","fields":{"message":"bye"}}',
            ],
            "no coffee",
        ),
        ([b'{"level":"ERROR","message":"flat"}', b"bye"], "flat"),
        ([b'{"level":"ERROR","fields":[]}'], '{"level":"ERROR","fields":[]}'),
        ([b"{broken", b"\xff\xfe"], "\ufffd\ufffd"),
        ([b"[" * 50_000], "[" * 400),
        ([b'{"a":' * 20_000], '{"a":' * 80),
    ],
)
def test_the_line_that_tells_why_a_module_ended_is_found(lines: list[bytes], told: str) -> None:
    assert telling_line(lines) == told
