"""Subjects and rivals of one group, timed in alternating rounds so that drift hits all alike."""

from __future__ import annotations

import copy
import gc
import itertools
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Timer = Callable[[], float]

OF_THE_GROUP = object()
INTERPRETED = ", interpreted"


@dataclass(frozen=True)
class Subject:
    """Something to time.

    Args:
        call: what is timed, without arguments.
        units: how much of the group's work one call does; times are per unit.
        value: what its work gives, to be compared; the result of `call` when not given.
        expected: what that has to be; what the group expects when not given.
    """

    call: Callable[[], object]
    units: int = 1
    value: Callable[[], object] | None = None
    expected: object = OF_THE_GROUP


@dataclass(frozen=True)
class Missing:
    """A subject or rival that cannot be timed here, and why."""

    reason: str


Subjects = Mapping[str, Subject | Missing]


@dataclass
class Group:
    """What was measured side by side.

    Args:
        name: the suite and the group, as in the table of goals.
        ours: the names of the core's subjects.
        rivals: the names of the others.
        missing: why a subject or rival was not timed.
        seconds: per unit of work, one figure per round.
    """

    name: str
    ours: list[str]
    rivals: list[str]
    missing: dict[str, str]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, subject: str, rival: str) -> float:
        """How many times faster than the rival the subject is: the median of the ratios of the rounds."""
        pairs = zip(self.seconds[rival], self.seconds[subject], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)


@dataclass(frozen=True)
class Rounds:
    """How often and how long each subject is timed."""

    count: int
    seconds: float


class SideBySide:
    """The fixture `side_by_side`: checks the subjects of a group for equal results, then times them.

    Args:
        benchmark: pytest-benchmark's fixture; each subject is entered there as a benchmark of the group.
        suite: the subject of the file, as in the table of goals.
        rounds: how often and how long.
        groups: where the finished group goes.
    """

    def __init__(self, benchmark: Any, suite: str, rounds: Rounds, groups: list[Group]) -> None:
        self._benchmark = benchmark
        benchmark._mode = "side by side"  # else pytest-benchmark takes its fixture for unused
        self._suite = suite
        self._rounds = rounds
        self._groups = groups

    def __call__(self, name: str, ours: Subjects, rivals: Subjects, expected: object) -> None:
        """Time a group.

        Args:
            name: of the group.
            ours: the core's subjects by name.
            rivals: what they are measured with.
            expected: what the work of each must give.
        """
        assert not ours.keys() & rivals.keys(), "a name stands for one subject of its group"
        subjects = {**ours, **rivals}
        present = {key: one for key, one in subjects.items() if isinstance(one, Subject)}
        missing = {key: one.reason for key, one in subjects.items() if isinstance(one, Missing)}
        for key, subject in present.items():
            check_value(f"{self._suite}, {name}: {key}", subject, expected)
        group = Group(f"{self._suite}, {name}", list(ours), list(rivals), missing)
        self._groups.append(group)
        if self._benchmark.enabled and present:
            group.seconds = self._time(group.name, present)

    def _time(self, group: str, subjects: dict[str, Subject]) -> dict[str, list[float]]:
        timer: Timer = self._benchmark._timer
        repeats = {key: repeats_for(one.call, self._rounds.seconds, timer) for key, one in subjects.items()}
        entries = {
            key: self._enter(group, key, repeats[key] * subject.units) for key, subject in subjects.items()
        }
        order = list(subjects)
        collecting = gc.isenabled()
        gc.collect()
        gc.disable()
        try:
            for _ in range(self._rounds.count):
                for key in order:
                    entries[key].update(time_calls(subjects[key].call, repeats[key], timer))
                order.append(order.pop(0))
        finally:
            if collecting:
                gc.enable()
        return {key: list(entry.stats.data) for key, entry in entries.items()}

    def _enter(self, group: str, name: str, iterations: int) -> Any:
        """A benchmark of its own in pytest-benchmark's table and JSON."""
        fixture = copy.copy(self._benchmark)
        fixture.group = group
        fixture.name = name
        fixture.fullname = f"{self._benchmark.fullname}::{name}"
        return fixture._make_stats(iterations)


def check_value(name: str, subject: Subject, expected: object) -> None:
    """Every subject does the same work, or its time says nothing."""
    wanted = expected if subject.expected is OF_THE_GROUP else subject.expected
    found = (subject.call if subject.value is None else subject.value)()
    assert found == wanted, f"{name} gave something else than expected"


def time_calls(call: Callable[[], object], count: int, timer: Timer) -> float:
    """Seconds that so many calls take together."""
    repeats = itertools.repeat(None, count)
    start = timer()
    for _ in repeats:
        call()
    return timer() - start


def repeats_for(call: Callable[[], object], seconds: float, timer: Timer) -> int:
    """How many calls fill a round."""
    count = 1
    while True:
        took = time_calls(call, count, timer)
        if took >= seconds / 8:
            return max(1, round(count * seconds / took)) if took > 0 else 1
        count *= 4
