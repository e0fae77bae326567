"""Which processes are recognised as left behind, and that they end, whatever they do against it."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pywatt.orchestrator.processes import left_overs
from pywatt.orchestrator.processes.left_overs import LeftOver, RecordedProcess, end_left_overs, start_time

DEADLINE = 10_000  # milliseconds

# The leader ends and leaves a child behind; both print their pid first.
ORPHAN = """
import os, signal, sys
child = os.fork()
if child == 0:
    {prepare}
    print(os.getpid(), flush=True)
    signal.pause()
"""


class Watched:
    """A process that outlives its parent, watched through a descriptor, so that its number cannot mislead."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)
        self.poller = select.poll()
        self.poller.register(self.descriptor, select.POLLIN)

    def has_ended(self, within: int = 0) -> bool:
        return bool(self.poller.poll(within))


@pytest.fixture
def watched() -> Iterator[list[Watched]]:
    started: list[Watched] = []
    yield started
    for process in started:
        if not process.has_ended():
            os.kill(process.pid, 9)
        os.close(process.descriptor)


def leave_behind(
    watched: list[Watched], module: str = "web", prepare: str = "pass", name: str = "web"
) -> tuple[RecordedProcess, Watched]:
    leader = subprocess.Popen(
        [sys.executable, "-c", ORPHAN.format(prepare=prepare)],
        start_new_session=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYWATT_MODULE_ID": module},
    )
    assert leader.stdout is not None
    started = start_time(leader.pid)
    with leader:
        watched.append(Watched(int(leader.stdout.readline())))
    return RecordedProcess(name, leader.pid, started), watched[-1]


def test_a_child_whose_parent_is_gone_is_ended(watched: list[Watched]) -> None:
    record, child = leave_behind(watched)
    assert [left.ended for left in end_left_overs([record])] == [True]
    assert child.has_ended(DEADLINE)


def test_so_is_one_that_ignores_sigterm(watched: list[Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_overs, "TERMINATE_SECONDS", 0.1)
    record, child = leave_behind(watched, prepare="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    assert [left.ended for left in end_left_overs([record])] == [True]
    assert child.has_ended(DEADLINE)


def test_so_is_one_that_has_made_a_group_of_its_own(watched: list[Watched]) -> None:
    record, child = leave_behind(watched, prepare="os.setpgid(0, 0)")
    assert [left.ended for left in end_left_overs([record])] == [True]
    assert child.has_ended(DEADLINE)


def test_many_are_ended_together(watched: list[Watched]) -> None:
    pairs = [leave_behind(watched) for _ in range(3)]
    assert [left.ended for left in end_left_overs([record for record, _ in pairs])] == [True] * 3
    assert all(child.has_ended(DEADLINE) for _, child in pairs)


def test_a_process_that_does_not_carry_the_module_s_name_is_left_alone(watched: list[Watched]) -> None:
    record, child = leave_behind(watched, module="another")
    (left,) = end_left_overs([record])
    assert not left.ended
    assert str(left) == (f"module web, process {record.pid}: left alone, not certainly ours: {child.pid}")
    assert not child.has_ended()


def test_a_process_that_is_older_than_the_record_is_left_alone(watched: list[Watched]) -> None:
    record, child = leave_behind(watched)
    assert record.start_time is not None
    later = RecordedProcess(record.name, record.pid, record.start_time + 1_000_000)
    assert [left.ended for left in end_left_overs([later])] == [False]
    assert not child.has_ended()


def test_a_number_that_was_used_again_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        started = start_time(stranger.pid)
        assert started is not None
        record = RecordedProcess("web", stranger.pid, started - 1)
        watch = Watched(stranger.pid)
        assert end_left_overs([record]) == []
        assert not watch.has_ended()
        stranger.kill()
        os.close(watch.descriptor)


def test_nothing_left_is_nothing_to_say() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as process:
        started = start_time(process.pid)
    assert end_left_overs([RecordedProcess("web", process.pid, started)]) == []
    assert end_left_overs([]) == []


def test_a_record_without_a_start_time_proves_nothing() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        watch = Watched(process.pid)
        assert end_left_overs([RecordedProcess("web", process.pid, None)]) == []
        assert not watch.has_ended()
        process.kill()
        os.close(watch.descriptor)


def test_the_start_time_is_read_past_any_name() -> None:
    program = (
        "import ctypes,sys; ctypes.CDLL(None).prctl(15, b') R 1 2 3'); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        own, other = start_time(os.getpid()), start_time(process.pid)
        assert own is not None
        assert other is not None
        assert other >= own
        assert process.stdin is not None
        process.stdin.close()
    assert start_time(process.pid) is None


def test_the_outcome_reads_as_a_sentence() -> None:
    left = LeftOver("web", 17, True, "was left behind and has been ended")
    assert str(left) == "module web, process 17: was left behind and has been ended"
