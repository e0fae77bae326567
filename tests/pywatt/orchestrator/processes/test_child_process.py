"""A child process: how it starts, how it is watched, how it ends. On both event loops."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import collecting
import pytest
from collecting import started_collector
from supervised import OnLoop, is_alive, until
from supervised import on_loop as bare_loop

import pywatt
from pywatt.orchestrator.logs.collector import LogCollector
from pywatt.orchestrator.processes import child_process
from pywatt.orchestrator.processes.child_process import (
    ChildProcess,
    ProcessExit,
    SpawnError,
    SpawnRequest,
    StopPlan,
)

__all__ = ["bare_loop"]

PATIENT = StopPlan(None, patience=20.0, terminate=20.0)


@pytest.fixture
def on_loop(bare_loop: OnLoop) -> OnLoop:
    """Runs a coroutine on either loop and closes what its children left open."""

    async def closing(main: Awaitable[Any]) -> Any:
        try:
            return await main
        finally:
            for child in Child.started:
                await child.process.kill()
                if child.process.connection is not None:
                    child.process.connection.abort()
                    await child.process.connection.closed
                child.logs.close()
            Child.started.clear()

    return lambda main: bare_loop(closing(main))


class Child:
    """A child process of a test, with the lines of its log."""

    started: ClassVar[list[Child]] = []

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.received: list[bytes] = []
        self.process: ChildProcess
        self.logs: LogCollector

    @classmethod
    async def start(cls, source: str, folder: Path, **settings: Any) -> Child:
        child = cls()
        request = SpawnRequest(
            name="child",
            command=settings.pop("command", [sys.executable, "-c", source]),
            environment={**os.environ, "PYTHONUNBUFFERED": "1", **settings.pop("environment", {})},
            directory=settings.pop("directory", folder),
            speaks_lines=settings.pop("speaks_lines", True),
            dies_with_us=settings.pop("dies_with_us", True),
        )
        child.logs = started_collector(folder, lambda module, line: child.lines.append(line))
        try:
            child.process = await ChildProcess.spawn(request, child.logs)
        except BaseException:
            child.logs.close()
            raise
        cls.started.append(child)
        if child.process.connection is not None:
            child.process.connection.receiver = lambda code, payload: child.received.append(payload)
        return child

    async def until_logged(self, word: str) -> str:
        line: bytes = await until(lambda: next((x for x in self.lines if word.encode() in x), None), word)
        return line.decode()

    async def pid_logged(self, word: str) -> int:
        return int((await self.until_logged(word)).split()[-1])


@pytest.mark.parametrize(
    ("source", "told", "clean"),
    [
        ("raise SystemExit(0)", "exited with code 0", True),
        ("raise SystemExit(3)", "exited with code 3", False),
        ("import os; os.kill(os.getpid(), 11)", "was ended by SIGSEGV", False),
        ("import os; os.kill(os.getpid(), 40)", "was ended by signal 40", False),
    ],
)
def test_an_exit_is_seen_and_told(
    on_loop: OnLoop, tmp_path: Path, source: str, told: str, clean: bool
) -> None:
    async def main() -> ProcessExit:
        child = await Child.start(source, tmp_path)
        return await child.process.exited

    ended = on_loop(main())
    assert (str(ended), ended.clean) == (told, clean)


def test_what_was_written_before_the_exit_is_not_lost(on_loop: OnLoop, tmp_path: Path) -> None:
    async def main() -> Child:
        child = await Child.start(
            "import sys; print('line', file=sys.stderr); print('word'); sys.stderr.write('unfinished')",
            tmp_path,
        )
        await child.process.exited
        assert child.process.connection is not None
        await asyncio.wait_for(asyncio.shield(child.process.connection.ended), 10)
        return child

    child = on_loop(main())
    assert child.lines == [b"line", b"unfinished"]
    assert child.received == [b"word"]
    assert child.process.recent_output == [b"line", b"unfinished"]


def test_a_child_leads_a_session_and_group_of_its_own(on_loop: OnLoop, tmp_path: Path) -> None:
    async def main() -> tuple[int, int]:
        child = await Child.start(
            "import os, sys; print(os.getsid(0), os.getpgid(0), file=sys.stderr); sys.stdin.read()", tmp_path
        )
        await until(lambda: child.lines)
        await child.process.stop(PATIENT)
        session, group = child.lines[0].split()
        assert int(session) == int(group) == child.process.pid
        return int(session), os.getsid(0)

    theirs, ours = on_loop(main())
    assert theirs != ours


def test_environment_and_directory_are_what_was_asked_for(on_loop: OnLoop, tmp_path: Path) -> None:
    async def main() -> list[bytes]:
        child = await Child.start(
            "import os, sys; print(os.environ['FLAVOUR'], os.getcwd(), file=sys.stderr)",
            tmp_path,
            environment={"FLAVOUR": "mint"},
        )
        await child.process.exited
        return child.lines

    assert on_loop(main()) == [f"mint {tmp_path}".encode()]


def test_no_descriptor_of_ours_reaches_a_child(on_loop: OnLoop, tmp_path: Path) -> None:
    async def main() -> list[bytes]:
        children = [
            await Child.start(
                "import os, sys; print(sorted(os.listdir('/proc/self/fd')), file=sys.stderr)", tmp_path
            )
            for _ in range(2)
        ]
        await asyncio.gather(*(child.process.exited for child in children))
        return children[1].lines

    assert on_loop(main()) == [b"['0', '1', '2', '3']"]  # 3 is the listing itself


def test_a_program_without_the_protocol_logs_what_it_prints_and_reads_nothing(
    on_loop: OnLoop, tmp_path: Path
) -> None:
    async def main() -> Child:
        child = await Child.start("import sys; print(repr(sys.stdin.read()))", tmp_path, speaks_lines=False)
        await child.process.exited
        return child

    child = on_loop(main())
    assert child.process.connection is None
    assert child.lines == [b"''"]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: {"command": ["no-such-program"]}, r"cannot start 'no-such-program': no such program"),
        (lambda folder: {"command": ["./geo"]}, r"cannot start './geo' \(in .*\): no such program"),
        (lambda folder: {"directory": folder / "nowhere"}, r"its directory .*nowhere does not exist"),
        (lambda folder: {"command": [str(folder / "text")]}, r"not executable \(chmod \+x\)"),
        (lambda folder: {"command": ["a\0b"]}, r"embedded null byte"),
    ],
    ids=["program", "relative", "directory", "permission", "null"],
)
@pytest.mark.parametrize("dies_with_us", [True, False])
def test_a_command_that_cannot_start_is_explained(
    on_loop: OnLoop, tmp_path: Path, prepare: Callable[[Path], dict[str, Any]], said: str, dies_with_us: bool
) -> None:
    (tmp_path / "text").write_text("no program")
    on_loop(asyncio.sleep(0))  # the first loop of uvloop keeps a descriptor for all that follow
    before = len(os.listdir("/proc/self/fd"))

    async def main() -> None:
        with pytest.raises(SpawnError, match=said):
            await Child.start("", tmp_path, dies_with_us=dies_with_us, **prepare(tmp_path))

    on_loop(main())
    assert len(os.listdir("/proc/self/fd")) <= before


class TestStopping:
    """Each step is only taken when the one before was not enough."""

    def test_shutdown_is_enough_for_a_module_that_listens(self, on_loop: OnLoop, tmp_path: Path) -> None:
        async def main() -> ProcessExit:
            child = await Child.start("import sys; sys.exit(7 if sys.stdin.readline() else 8)", tmp_path)
            connection = child.process.connection
            assert connection is not None
            plan = StopPlan(lambda: connection.write(b"shutdown\n"), patience=20, terminate=20)
            return await child.process.stop(plan)

        assert on_loop(main()) == ProcessExit(7, None)

    def test_the_end_of_its_input_is_enough_for_one_that_only_reads(
        self, on_loop: OnLoop, tmp_path: Path
    ) -> None:
        async def main() -> tuple[ProcessExit, Child]:
            child = await Child.start(
                "import sys; sys.stdin.read(); print('a last answer'); sys.exit(9)", tmp_path
            )
            ended = await child.process.stop(PATIENT)
            assert child.process.connection is not None
            await asyncio.wait_for(asyncio.shield(child.process.connection.ended), 10)
            return ended, child

        ended, child = on_loop(main())
        assert ended == ProcessExit(9, None)
        assert child.received == [b"a last answer"]

    def test_sigterm_reaches_the_whole_group(self, on_loop: OnLoop, tmp_path: Path) -> None:
        async def main() -> tuple[ProcessExit, list[bytes]]:
            child = await Child.start(
                """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (os.write(2, b"term\\n"), os._exit(4)))
pid = os.fork()
print("started", file=sys.stderr)
if pid:
    os.wait()
signal.pause()
""",
                tmp_path,
            )
            await until(lambda: len(child.lines) == 2)
            return await child.process.stop(StopPlan(None, patience=0.0, terminate=20.0)), child.lines

        ended, lines = on_loop(main())
        assert ended == ProcessExit(4, None)
        assert lines.count(b"term") == 2

    def test_sigkill_ends_what_ignores_everything(self, on_loop: OnLoop, tmp_path: Path) -> None:
        async def main() -> tuple[ProcessExit, int]:
            child = await Child.start(
                """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if not pid:
    os.setpgid(0, 0)  # a group of its own, as a shell with job control gives
    print("child", os.getpid(), file=sys.stderr)
signal.pause()
""",
                tmp_path,
            )
            pid = await child.pid_logged("child")
            return await child.process.stop(StopPlan(None, patience=0.0, terminate=0.2)), pid

        ended, pid = on_loop(main())
        assert str(ended) == "was ended by SIGKILL"
        assert not is_alive(pid)

    def test_children_may_finish_after_their_parent_has_left(self, on_loop: OnLoop, tmp_path: Path) -> None:
        async def main() -> tuple[ProcessExit, list[bytes]]:
            child = await Child.start(
                """
import os, signal, sys
left, held = os.pipe()
def finish(*_):
    os.read(left, 1)  # ends when the parent does
    print("child finished", file=sys.stderr)
    os._exit(0)
if os.fork() == 0:
    os.close(held)
    signal.signal(signal.SIGTERM, finish)
    print("started", file=sys.stderr)
    while True:
        signal.pause()
sys.stdin.read()
""",
                tmp_path,
            )
            await child.until_logged("started")
            return await child.process.stop(PATIENT), child.lines

        ended, lines = on_loop(main())
        assert ended.clean
        assert b"child finished" in lines

    def test_a_stop_of_what_has_ended_tells_how(self, on_loop: OnLoop, tmp_path: Path) -> None:
        async def main() -> ProcessExit:
            child = await Child.start("raise SystemExit(5)", tmp_path)
            await child.process.exited
            await child.process.kill()
            return await child.process.stop(PATIENT)

        assert on_loop(main()) == ProcessExit(5, None)

    def test_a_kill_cuts_a_stop_short(self, on_loop: OnLoop, tmp_path: Path) -> None:
        async def main() -> ProcessExit:
            child = await Child.start("import signal; print('x'); signal.pause()", tmp_path)
            await until(lambda: child.received)
            stop = asyncio.create_task(child.process.stop(PATIENT))
            await asyncio.sleep(0)
            await child.process.kill()
            return await stop

        assert str(on_loop(main())) == "was ended by SIGKILL"


def test_one_that_the_system_kept_is_collected_when_it_ends_after_all(
    on_loop: OnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> ProcessExit:
        child = await Child.start("import signal; signal.pause()", tmp_path)
        with monkeypatch.context() as hanging:
            hanging.setattr(child_process, "KILL_DEADLINE", 0.01)
            hanging.setattr(child_process, "kill_session", lambda session: None)
            await child.process.kill()
        assert child.process.alive
        os.kill(child.process.pid, signal.SIGTERM)
        return await child.process.exited

    assert on_loop(main()) == ProcessExit(None, signal.SIGTERM)


def test_what_a_crashed_child_forked_is_gone_with_it(on_loop: OnLoop, tmp_path: Path) -> None:
    async def main() -> tuple[ProcessExit, int]:
        child = await Child.start(
            """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if pid:
    print("child", pid, file=sys.stderr)
    os.kill(os.getpid(), signal.SIGKILL)
signal.pause()
""",
            tmp_path,
        )
        return await child.process.exited, await child.pid_logged("child")

    ended, pid = on_loop(main())
    assert ended.number == signal.SIGKILL
    assert not is_alive(pid)


def test_an_exit_is_told_when_all_of_the_session_have_ended(on_loop: OnLoop, tmp_path: Path) -> None:
    async def main() -> int:
        child = await Child.start(
            """
import os, signal, sys
memory = b"x" * 200_000_000  # which the system takes back before the process has ended
pid = os.fork()
if not pid:
    memory = bytearray(memory)
    print("child", os.getpid(), file=sys.stderr)
    os.close(2)  # nothing but its own end can be waited for
    signal.pause()
os.wait()
""",
            tmp_path,
        )
        pid = await child.pid_logged("child")
        os.kill(child.process.pid, signal.SIGKILL)
        await child.process.exited
        return pid

    assert not is_alive(on_loop(main()))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_command_dies_with_its_orchestrator(tmp_path: Path, loop: str) -> None:
    pytest.importorskip(loop)
    parent = tmp_path / "parent.py"
    parent.write_text(
        f"""
import asyncio, pathlib, sys
from collecting import started_collector
from pywatt.orchestrator.processes.child_process import ChildProcess, SpawnRequest

async def main():
    path = {{"PATH": "/usr/bin:/bin"}}
    request = SpawnRequest("child", ["sleep", "1000"], path, pathlib.Path("/"), False, True)
    logs = started_collector(pathlib.Path(sys.argv[1]), print)
    child = await ChildProcess.spawn(request, logs)
    print(child.pid, flush=True)
    await child.exited

import {loop}
with asyncio.Runner(loop_factory={loop}.new_event_loop) as runner:
    runner.run(main())
"""
    )
    search_path = [str(Path(pywatt.__file__).parents[1]), str(Path(collecting.__file__).parent)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(parent),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search_path)},
    )
    assert process.stdout is not None
    pid = int(await process.stdout.readline())
    assert is_alive(pid)
    process.kill()
    await process.wait()
    await until(lambda: not is_alive(pid), "the death of the command")
