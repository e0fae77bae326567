"""Standard input and output: whatever they are, and whatever else the process does."""

import os
import pty
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from clocks import turns

from pywatt.channels.limits import RECEIVE_QUEUE_PAYLOADS
from pywatt.channels.stdio import open_pipes
from pywatt.errors import ConnectionClosed

PROGRAM_START = """
import asyncio, os, sys
from pywatt import event_loop
from pywatt.channels.stdio import guard_descriptors, open_stdio
"""

ECHO = (
    PROGRAM_START
    + """
guarded = guard_descriptors()

async def main():
    connection = await open_stdio(guarded)
    connection.receiver = lambda code, line: connection.write(b"got " + line + b"\\n")
    await connection.ended
    connection.write(b"bye\\n")
    await connection.close()

event_loop.run(main())
"""
)


@pytest.fixture(params=["asyncio", "uvloop"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Of a child process that runs on the named event loop."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    root = str(Path(__file__).parents[3])
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "PYWATT_EVENT_LOOP": request.param, "PYTHONPATH": root}


def run(program: str, environment: dict[str, str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env=environment, timeout=30, check=True, **options
    )


class TestWhateverTheyAre:
    def test_pipes(self, environment: dict[str, str]) -> None:
        done = run(ECHO, environment, input=b"a\nb\n", capture_output=True)

        assert done.stdout == b"got a\ngot b\nbye\n"
        assert done.stderr == b""

    def test_files(self, environment: dict[str, str], tmp_path: Path) -> None:
        lines = b"".join(b"%06d\n" % number for number in range(100_000))
        (tmp_path / "in").write_bytes(lines)
        with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as target:
            run(ECHO, environment, stdin=source, stdout=target)

        expected = b"".join(b"got %06d\n" % number for number in range(100_000)) + b"bye\n"
        assert (tmp_path / "out").read_bytes() == expected

    def test_null_devices(self, environment: dict[str, str]) -> None:
        run(ECHO, environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def test_socket_pairs(self, environment: dict[str, str]) -> None:
        our_in, their_in = socket.socketpair()
        our_out, their_out = socket.socketpair()
        with our_in, our_out:
            with their_in, their_out:
                child = subprocess.Popen(
                    [sys.executable, "-c", ECHO], stdin=their_in, stdout=their_out, env=environment
                )
            our_in.sendall(b"one\ntwo\n")
            our_in.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := our_out.recv(100):
                received += chunk
            assert child.wait(30) == 0

        assert received == b"got one\ngot two\nbye\n"

    def test_one_socket_for_both(self, environment: dict[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                child = subprocess.Popen(
                    [sys.executable, "-c", ECHO], stdin=theirs, stdout=theirs, env=environment
                )
            ours.sendall(b"one\n")
            assert ours.recv(100) == b"got one\n"
            ours.sendall(b"two\n")
            assert ours.recv(100) == b"got two\n"
            ours.shutdown(socket.SHUT_WR)
            assert ours.recv(100) == b"bye\n"
            assert child.wait(30) == 0

    def test_a_terminal(self, environment: dict[str, str]) -> None:
        master, slave = pty.openpty()
        child = subprocess.Popen(
            [sys.executable, "-c", ECHO], stdin=slave, stdout=subprocess.PIPE, env=environment
        )
        os.close(slave)
        os.write(master, b"typed\n\x04")  # ends with Ctrl-D
        output, _ = child.communicate(timeout=30)
        os.close(master)

        assert output == b"got typed\nbye\n"

    def test_closed_descriptors(self, environment: dict[str, str]) -> None:
        program = ["/bin/sh", "-c", '"$0" -c "$1" <&- >&-', sys.executable, ECHO]
        done = subprocess.run(program, env=environment, timeout=30, check=False, capture_output=True)

        assert (done.returncode, done.stderr) == (0, b"")

    def test_a_line_that_is_far_larger_than_a_pipe(self, environment: dict[str, str]) -> None:
        line = b"x" * (8 << 20)
        done = run(ECHO, environment, input=line + b"\n", capture_output=True)

        assert done.stdout == b"got " + line + b"\nbye\n"

    def test_sharing_a_pipe_with_standard_error_keeps_both_blocking(
        self, environment: dict[str, str]
    ) -> None:
        program = (
            PROGRAM_START
            + """
async def main():
    connection = await open_stdio(guard_descriptors())
    assert os.get_blocking(2)
    await connection.close()

event_loop.run(main())
"""
        )
        run(program, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class TestGuard:
    def run_guarded(self, body: str, environment: dict[str, str], **options: Any) -> Any:
        program = (
            PROGRAM_START
            + "guarded = guard_descriptors()\n"
            + textwrap.dedent(body)
            + """
async def main():
    connection = await open_stdio(guarded)
    connection.write(b"protocol\\n")
    await connection.close()

event_loop.run(main())
"""
        )
        return run(program, environment, capture_output=True, **{"input": b"line\n", **options})

    @pytest.mark.parametrize(
        "noise",
        [
            "print('noise')",
            "sys.stdout.write('noise\\n')",
            "sys.stdout.buffer.write(b'noise\\n')",
            "sys.__stdout__.write('noise\\n')",
            "os.write(1, b'noise\\n')",
            "open('/dev/stdout', 'w').write('noise\\n')",
            "import ctypes; ctypes.CDLL(None).puts(b'noise'); ctypes.CDLL(None).fflush(None)",
            "os.system('echo noise')",
            "import subprocess; subprocess.run(['echo', 'noise'], check=True)",
            "import subprocess; subprocess.run(['echo', 'noise'], check=True, close_fds=False)",
            """
            child = os.fork()
            if child == 0:
                print('noise', flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            """,
        ],
    )
    def test_noise_goes_to_standard_error(self, noise: str, environment: dict[str, str]) -> None:
        done = self.run_guarded(noise, environment)

        assert done.stdout == b"protocol\n"
        assert done.stderr == b"noise\n"

    def test_what_was_printed_before_the_guard_does_not_reach_the_protocol(
        self, environment: dict[str, str]
    ) -> None:
        program = "print('early')\n" + PROGRAM_START + "guarded = guard_descriptors()\nprint('late')\n"
        done = run(program, environment, input=b"", capture_output=True)

        assert done.stdout == b""
        assert done.stderr == b"early\nlate\n"

    @pytest.mark.parametrize(
        "thief",
        [
            "assert sys.stdin.read() == ''",
            "assert os.read(0, 100) == b''",
            "assert os.system('read x && exit 1; exit 0') == 0",
            """
            child = os.fork()
            if child == 0:
                os._exit(len(os.read(guarded.read_fd, 100)))
            assert os.waitpid(child, 0)[1] == 0
            """,
        ],
    )
    def test_nobody_else_reads_our_lines(self, thief: str, environment: dict[str, str]) -> None:
        done = self.run_guarded(
            f"{textwrap.dedent(thief)}\nassert os.read(guarded.read_fd, 100) == b'line\\n'", environment
        )

        assert done.stdout == b"protocol\n"

    def test_a_forked_child_neither_forges_lines_nor_holds_the_pipe(
        self, environment: dict[str, str]
    ) -> None:
        program = (
            PROGRAM_START
            + """
guarded = guard_descriptors()
if os.fork() == 0:
    os.close(2)
    os.close(1)
    os.write(guarded.write_fd, b"forged\\n")
    import signal
    signal.pause()
    os._exit(0)
"""
        )
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.read() == b""  # the end comes although the grandchild lives
        finally:
            os.killpg(child.pid, 9)
            child.communicate(timeout=30)

    def test_the_private_descriptors_are_closed_in_programs_we_start(
        self, environment: dict[str, str]
    ) -> None:
        inside = """
        import fcntl
        for descriptor in (guarded.read_fd, guarded.write_fd):
            assert descriptor > 2
            assert fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        assert guard_descriptors() is guarded
        """
        assert self.run_guarded(inside, environment).stdout == b"protocol\n"

    def test_a_forked_child_keeps_a_file_that_took_the_number(self, environment: dict[str, str]) -> None:
        program = (
            PROGRAM_START
            + """
guarded = guard_descriptors()
os.close(guarded.read_fd)
other, writer = os.pipe()
os.dup2(other, guarded.read_fd)
os.write(writer, b"theirs")
child = os.fork()
if child == 0:
    os._exit(0 if os.read(guarded.read_fd, 100) == b"theirs" else 1)
assert os.waitpid(child, 0)[1] == 0
"""
        )
        run(program, environment, input=b"")

    def test_the_descriptors_block_until_the_event_loop_takes_them(self, environment: dict[str, str]) -> None:
        assert (
            self.run_guarded(
                "assert os.get_blocking(guarded.read_fd) and os.get_blocking(guarded.write_fd)", environment
            ).stdout
            == b"protocol\n"
        )


class TestPipesOfAChild:
    async def test_lines_go_both_ways(self, soon: Any) -> None:
        child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        assert child.stdout is not None
        connection = await open_pipes(os.dup(child.stdout.fileno()), os.dup(child.stdin.fileno()))
        child.stdin.close()
        child.stdout.close()
        connection.write(b"one\ntwo\n")

        assert await soon(connection.receive()) == (1, b"one")
        assert await soon(connection.receive()) == (1, b"two")
        connection.close_writing()
        with pytest.raises(ConnectionClosed):
            await soon(connection.receive())
        await soon(connection.closed)
        assert child.wait() == 0

    async def test_the_end_of_the_input_leaves_the_output_open(self, soon: Any) -> None:
        from_child, to_us = os.pipe()
        to_child, from_us = os.pipe()
        connection = await open_pipes(from_child, from_us)
        os.write(to_us, b"question\n")
        os.close(to_us)
        assert await soon(connection.receive()) == (1, b"question")
        await soon(connection.ended)

        assert not connection.is_alive
        assert connection.is_writable
        assert not connection.closed.done()
        connection.write(b"answer\n")
        await soon(connection.close())
        assert os.read(to_child, 100) == b"answer\n"
        os.close(to_child)

    async def test_a_reader_that_is_gone_leaves_the_input_open(self, soon: Any, until: Any) -> None:
        from_child, to_us = os.pipe()
        to_child, from_us = os.pipe()
        connection = await open_pipes(from_child, from_us)
        os.close(to_child)
        connection.write(b"lost\n")
        await until(lambda: not connection.is_writable)

        with pytest.raises(ConnectionClosed):
            connection.write(b"more\n")
        os.write(to_us, b"still heard\n")
        assert await soon(connection.receive()) == (1, b"still heard")
        os.close(to_us)
        await soon(connection.closed)

    async def test_half_a_line_before_the_end_is_told(self, soon: Any) -> None:
        from_child, to_us = os.pipe()
        connection = await open_pipes(from_child, os.open(os.devnull, os.O_WRONLY))
        os.write(to_us, b"half")
        os.close(to_us)
        await soon(connection.ended)

        assert "in the middle of a line" in str(connection.reason)
        await soon(connection.close())

    async def test_a_child_that_reads_nothing_is_waited_for_without_end(self, soon: Any) -> None:
        from_child, to_us = os.pipe()
        to_child, from_us = os.pipe()
        connection = await open_pipes(from_child, from_us)
        connection.write(b"x" * (1 << 20) + b"\n")
        with pytest.raises(TimeoutError):
            await connection.flush(timeout=0.1)
        assert connection.is_alive
        connection.abort()
        await soon(connection.closed)
        os.close(to_us)
        os.close(to_child)

    async def test_a_file_that_ends_is_closed_on_request(self, tmp_path: Path, soon: Any) -> None:
        (tmp_path / "in").write_bytes(b"a\nb")
        source = os.open(tmp_path / "in", os.O_RDONLY)
        target = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
        connection = await open_pipes(source, target)
        connection.write(b"written\n")
        assert await soon(connection.receive()) == (1, b"a")
        await soon(connection.ended)
        await soon(connection.close())

        assert connection.closed.done()
        assert (tmp_path / "out").read_bytes() == b"written\n"

    async def test_reading_a_file_pauses(self, tmp_path: Path, soon: Any, until: Any) -> None:
        lines = 50_000
        (tmp_path / "in").write_bytes(b"".join(b"%09d\n" % number for number in range(lines)))
        connection = await open_pipes(os.open(tmp_path / "in", os.O_RDONLY), os.open(os.devnull, os.O_WRONLY))
        await until(lambda: connection.statistics().waiting_for_receive >= RECEIVE_QUEUE_PAYLOADS)
        waiting = connection.statistics().waiting_for_receive
        await turns()

        assert connection.statistics().waiting_for_receive == waiting < lines
        got = [(await soon(connection.receive()))[1] for _ in range(lines)]
        assert got == [b"%09d" % number for number in range(lines)]
        await soon(connection.close())

    async def test_a_full_disk_is_told(self, soon: Any) -> None:
        if not stat.S_ISCHR(os.stat("/dev/full").st_mode):
            pytest.skip("no /dev/full here")
        from_child, to_us = os.pipe()
        connection = await open_pipes(from_child, os.open("/dev/full", os.O_WRONLY))
        connection.write(b"lost\n")
        with pytest.raises(ConnectionClosed):
            await soon(connection.flush())
        os.close(to_us)
        await soon(connection.closed)

        assert "No space left" in str(connection.reason)
