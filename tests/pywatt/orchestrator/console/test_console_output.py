"""Lines reach whoever reads them, and whoever does not read them stops nobody."""

import io
import os
import threading
from collections.abc import Iterator

import pytest

from pywatt.orchestrator.console.console_output import LineOutput

DEADLINE = 10.0


class Pipe:
    """A pipe whose reader reads when it is told to."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        self.stream = open(writer, "w", encoding="utf-8")  # noqa: SIM115  # closed by the fixture
        self.received = b""

    def drain(self) -> list[str]:
        """Close the writing end and read to the end."""
        self.stream.close()
        with open(self.reader, "rb", closefd=False) as file:
            self.received += file.read()
        return self.received.decode().splitlines()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.reader)
    if not pipe.stream.closed:
        pipe.stream.close()


def test_lines_are_there_at_once(pipe: Pipe) -> None:
    output = LineOutput(pipe.stream)
    output.write_line("one")
    output.write_line("two €")
    assert os.read(pipe.reader, 100).decode() == "one\ntwo €\n"
    assert "pywatt-console" not in {thread.name for thread in threading.enumerate()}


def test_what_the_stream_held_comes_first(pipe: Pipe) -> None:
    pipe.stream.write("before ")
    LineOutput(pipe.stream).write_line("after")
    assert os.read(pipe.reader, 100) == b"before after\n"


def test_a_reader_that_stops_loses_nothing_within_the_bound(pipe: Pipe) -> None:
    output = LineOutput(pipe.stream)
    lines = [f"{number} " + "x" * 1000 for number in range(500)]
    for line in lines:
        output.write_line(line)
    received = b""
    while received.count(b"\n") < len(lines):
        received += os.read(pipe.reader, 65_536)
    assert received.decode().splitlines() == lines
    output.close(DEADLINE)
    assert output.dropped == 0
    output.write_line("again")
    assert pipe.drain() == ["again"]


def test_beyond_the_bound_lines_are_dropped_and_that_is_said(pipe: Pipe) -> None:
    output = LineOutput(pipe.stream, max_backlog=100_000)
    for number in range(1000):
        output.write_line(f"{number} " + "x" * 1000)
    assert output.dropped > 0
    dropped = output.dropped
    received = b""
    while not received.endswith(b"nobody read them\n"):
        received += os.read(pipe.reader, 65_536)
    output.close(DEADLINE)
    *lines, last = received.decode().splitlines()
    assert last == f"{dropped} lines of log were dropped: nobody read them"
    assert len(lines) == 1000 - dropped
    assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: Pipe) -> None:
    os.set_blocking(pipe.stream.fileno(), False)
    output = LineOutput(pipe.stream)
    lines = ["x" * 1000] * 200
    for line in lines:
        output.write_line(line)
    received = b""
    while received.count(b"\n") < len(lines):
        received += os.read(pipe.reader, 65_536)
    output.close(DEADLINE)
    assert received.decode().splitlines() == lines


def test_a_reader_that_has_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stream:
        output = LineOutput(stream)
        os.close(reader)
        output.write_line("into the void")
        output.write_line("and again")
        output.close(DEADLINE)


def test_a_reader_that_goes_during_a_backlog_is_no_error() -> None:
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stream:
        output = LineOutput(stream)
        for _ in range(200):
            output.write_line("x" * 1000)
        os.close(reader)
        output.close(DEADLINE)
        output.write_line("and again")


def test_closing_waits_no_longer_than_it_may(pipe: Pipe) -> None:
    output = LineOutput(pipe.stream)
    for _ in range(200):
        output.write_line("x" * 1000)
    output.close(timeout=0.01)
    received = 0
    while received < 200 * 1001:
        received += len(os.read(pipe.reader, 65_536))
    output.close(DEADLINE)


def test_characters_that_the_stream_cannot_write_stay_visible() -> None:
    reader, writer = os.pipe()
    with open(writer, "w", encoding="ascii") as stream:
        LineOutput(stream).write_line("caf\xe9 \udcff")
        assert os.read(reader, 100) == b"caf\\xe9 \\udcff\n"
    os.close(reader)


def test_a_process_without_a_stream_writes_nowhere() -> None:
    output = LineOutput(None)
    output.write_line("line")
    output.close()


def test_a_descriptor_that_was_closed_is_no_error(pipe: Pipe) -> None:
    kept = os.dup(pipe.stream.fileno())
    output = LineOutput(pipe.stream)
    os.close(pipe.stream.fileno())
    output.write_line("nowhere")
    os.dup2(kept, pipe.stream.fileno())
    os.close(kept)
    assert pipe.drain() == []


def test_a_stream_without_a_descriptor_is_written_to() -> None:
    stream = io.StringIO()
    output = LineOutput(stream)
    output.write_line("line")
    output.close()
    assert stream.getvalue() == "line\n"


def test_many_lines_at_once_arrive_whole_and_in_their_order(pipe: Pipe) -> None:
    output = LineOutput(pipe.stream)
    lines = [b"%d %b\n" % (number, b"x" * 100) for number in range(1000)]
    reader = threading.Thread(target=lambda: output.write_lines(lines) or output.close(DEADLINE))
    reader.start()
    received = b""
    while received.count(b"\n") < len(lines):
        received += os.read(pipe.reader, 65_536)
    reader.join(DEADLINE)
    assert received == b"".join(lines)


def test_of_many_lines_at_once_each_one_is_counted_that_nobody_read(pipe: Pipe) -> None:
    output = LineOutput(pipe.stream, max_backlog=100_000)
    output.write_lines([b"x" * 999 + b"\n"] * 1000)
    assert output.dropped > 0
    dropped = output.dropped
    received = b""
    while b"were dropped" not in received:
        received += os.read(pipe.reader, 65_536)
    assert received.count(b"x\n") + dropped == 1000


def test_without_a_descriptor_many_lines_are_written_too() -> None:
    stream = io.StringIO()
    LineOutput(stream).write_lines([b"one\n", b"caf\xe9\n"])
    assert stream.getvalue() == "one\ncaf\\xe9\n"


def test_the_null_device_is_nowhere() -> None:
    with open(os.devnull, "w", encoding="utf-8") as stream:
        assert LineOutput(stream).is_nowhere
    assert LineOutput(None).is_nowhere
    assert not LineOutput(io.StringIO()).is_nowhere
