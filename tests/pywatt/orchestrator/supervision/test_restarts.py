"""Whether and when a module that ended is started again."""

from __future__ import annotations

from typing import Any

import pytest

from pywatt.orchestrator.configuration.settings import RestartConfiguration
from pywatt.orchestrator.supervision.restarts import GiveUp, LeaveEnded, RestartPolicy, StartAgain


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def policy(clock: Clock | None = None, **settings: Any) -> RestartPolicy:
    return RestartPolicy(RestartConfiguration(**settings), clock or Clock())


def test_the_delay_doubles_from_half_a_second_to_half_a_minute() -> None:
    clock = Clock()
    decisions = policy(clock)
    delays = []
    for _ in range(9):
        clock.now += 100
        verdict = decisions.judge(clean=False)
        assert isinstance(verdict, StartAgain)
        delays.append(verdict.delay)
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_five_exits_within_a_minute_are_a_crash_loop() -> None:
    clock = Clock()
    decisions = policy(clock)
    for _ in range(4):
        assert isinstance(decisions.judge(clean=False), StartAgain)
        clock.now += 15
    assert decisions.judge(clean=False) == GiveUp(5, 60.0)


def test_five_exits_over_a_longer_time_are_none() -> None:
    clock = Clock()
    decisions = policy(clock)
    for _ in range(20):
        clock.now += 15.1
        assert isinstance(decisions.judge(clean=False), StartAgain)


@pytest.mark.parametrize(
    ("name", "clean", "starts_again"),
    [
        ("on-failure", False, True),
        ("on-failure", True, False),
        ("always", False, True),
        ("always", True, True),
        ("never", False, False),
        ("never", True, False),
    ],
)
def test_the_policy_decides(name: Any, clean: bool, starts_again: bool) -> None:
    verdict = policy(policy=name).judge(clean=clean)
    assert isinstance(verdict, StartAgain if starts_again else LeaveEnded)


def test_a_long_healthy_life_takes_the_delay_back_to_its_beginning() -> None:
    clock = Clock()
    decisions = policy(clock)
    for _ in range(4):
        clock.now += 100
        decisions.judge(clean=False)
    decisions.note_healthy(59.0)
    clock.now += 100
    assert decisions.judge(clean=False) == StartAgain(8)
    decisions.note_healthy(60.0)
    assert decisions.judge(clean=False) == StartAgain(0.5)


def test_a_start_by_hand_forgets_what_was() -> None:
    decisions = policy()
    for _ in range(4):
        decisions.judge(clean=False)
    decisions.forget()
    assert decisions.judge(clean=False) == StartAgain(0.5)
