"""What the processes of a module take: read from /proc, summed over a session, turned into percentages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pywatt.orchestrator.processes.usage import SHORTEST_INTERVAL, SessionUsage, UsageSampler, session_usage

on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")

BUSY = "import os, sys\nend = os.times().user + 0.2\nwhile os.times().user < end: pass\n"
WAIT = "print(flush=True); sys.stdin.read()"


@pytest.fixture
def session() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has worked for 0.2 s and leads a session of two."""
    code = f"import subprocess\n{BUSY}subprocess.Popen(['cat'])\n{WAIT}"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()
        os.killpg(process.pid, 9)


@on_linux
def test_a_session_is_summed_up(session: subprocess.Popen[bytes]) -> None:
    usage = session_usage([session.pid])[session.pid]
    assert usage.processes == 2
    assert usage.cpu_seconds >= 0.2
    assert usage.memory_bytes > 1024 * 1024
    assert usage.age is not None
    assert usage.age >= usage.cpu_seconds - 0.1


@on_linux
def test_others_are_left_out(session: subprocess.Popen[bytes]) -> None:
    assert session_usage([]) == {}
    assert set(session_usage([session.pid, 2**30])) == {session.pid}


def test_where_there_is_no_proc_nothing_is_known(tmp_path: Path) -> None:
    assert session_usage([1], tmp_path / "none") == {}
    assert UsageSampler(read=lambda _: {}).sample([1]) == {}


def test_a_name_with_spaces_and_parentheses_is_read_past(tmp_path: Path) -> None:
    numbers = ["0"] * 40
    numbers[0], numbers[1], numbers[9], numbers[19] = "1", "77", "300", "5"
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "stat").write_text(f"77 (a) b (c) S {' '.join(['1', '77', '77', *numbers[3:]])}")
    usage = session_usage([77], tmp_path)[77]
    assert usage.processes == 1


class Machine:
    """A clock and totals that a test moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.seconds: dict[int, float] = {}
        self.reads = 0
        self.age: float | None = None

    def read(self, sessions: Iterable[int]) -> dict[int, SessionUsage]:
        self.reads += 1
        known = [one for one in sessions if one in self.seconds]
        return {one: SessionUsage(self.seconds[one], 4096, 1, self.age) for one in known}

    def sampler(self) -> UsageSampler:
        return UsageSampler(lambda: self.now, self.read)


def test_the_first_sample_has_the_percentage_of_the_whole_life() -> None:
    machine = Machine()
    machine.seconds[1], machine.age = 5.0, 50.0
    assert machine.sampler().sample([1])[1].cpu_percent == pytest.approx(10.0)


def test_the_first_sample_knows_no_percentage_where_the_age_is_not_known() -> None:
    machine = Machine()
    machine.seconds[1] = 5.0
    load = machine.sampler().sample([1])[1]
    assert (load.cpu_percent, load.memory_bytes, load.processes) == (None, 4096, 1)


def test_a_later_sample_compares_with_the_one_before() -> None:
    machine = Machine()
    sampler = machine.sampler()
    machine.seconds[1] = 5.0
    sampler.sample([1])
    machine.now += 2.0
    machine.seconds[1] = 6.0
    assert sampler.sample([1])[1].cpu_percent == pytest.approx(50.0)
    machine.now += 1.0
    assert sampler.sample([1])[1].cpu_percent == pytest.approx(0.0)


def test_many_who_ask_at_once_cost_one_reading() -> None:
    machine = Machine()
    sampler = machine.sampler()
    machine.seconds[1] = 5.0
    for _ in range(10):
        machine.now += SHORTEST_INTERVAL / 20
        sampler.sample([1])
    assert machine.reads == 1


def test_a_session_that_comes_is_seen_at_once_and_the_others_keep_their_percentage() -> None:
    machine = Machine()
    sampler = machine.sampler()
    machine.seconds = {1: 5.0, 2: 1.0}
    sampler.sample([1])
    machine.now += 1.0
    machine.seconds[1] = 6.0
    sampler.sample([1])
    machine.now += SHORTEST_INTERVAL / 2
    loads = sampler.sample([1, 2])
    assert loads[1].cpu_percent == pytest.approx(100.0)
    assert loads[2].cpu_percent is None


def test_a_session_that_goes_is_forgotten() -> None:
    machine = Machine()
    sampler = machine.sampler()
    machine.seconds = {1: 5.0}
    sampler.sample([1])
    machine.now += 1.0
    machine.seconds = {}
    assert sampler.sample([1]) == {}
    machine.now += 1.0
    machine.seconds = {1: 0.5}
    assert sampler.sample([1])[1].cpu_percent is None


def test_a_total_that_falls_is_not_less_than_nothing() -> None:
    machine = Machine()
    sampler = machine.sampler()
    machine.seconds[1] = 5.0
    sampler.sample([1])
    machine.now += 1.0
    machine.seconds[1] = 4.0
    assert sampler.sample([1])[1].cpu_percent == 0.0
