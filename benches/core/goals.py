"""The goals as they stand in goals.toml, and what a run says about each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.side_by_side import INTERPRETED, Group

TABLE = Path(__file__).with_name("goals.toml")

BELOW = "below gate"
GATE = "gate met"
TARGET = "target met"
SUBJECT_MISSING = "missing"
RIVAL_MISSING = "rival missing"
NOT_RUN = "not run"
NO_GOAL = "no goal"
LOST = "no goal, rival wins"
FAILED = (BELOW, SUBJECT_MISSING, NOT_RUN)


@dataclass(frozen=True)
class Goal:
    """How many times faster than a rival a subject has to be.

    Args:
        suite: the file of the suite, without `bench_`.
        group: which of its groups.
        subject: the core's subject in that group.
        rival: another name in that group.
        gate: a smaller ratio fails the check.
        target: what the project wants; the gate where there is none of its own.
    """

    suite: str
    group: str
    subject: str
    rival: str
    gate: float
    target: float


@dataclass(frozen=True)
class Judgement:
    """One line of the result.

    Args:
        subject: suite, group and subject.
        rival: what it was measured with.
        ratio: how many times faster the subject was; None when not both were timed.
        gate: as in the goal; None where there is no goal.
        target: as in the goal.
        verdict: one of the texts above.
        reason: why something was not timed, else empty.
    """

    subject: str
    rival: str
    ratio: float | None
    gate: float | None
    target: float | None
    verdict: str
    reason: str = ""


def read_goals(path: Path = TABLE) -> list[Goal]:
    """Every goal of the table, in its order.

    Raises:
        ValueError: a row is not a gate and a target that is no smaller.
    """
    goals = []
    for suite, groups in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for group, subjects in groups.items():
            for subject, rivals in subjects.items():
                for rival, bounds in rivals.items():
                    goals.append(Goal(suite, group, subject, rival, *checked(bounds, suite, group, rival)))
    return goals


def checked(bounds: object, *place: str) -> tuple[float, float]:
    if isinstance(bounds, list) and bounds and all(type(one) in (int, float) and one > 0 for one in bounds):
        gate, target = bounds[0], bounds[-1]
        if len(bounds) <= 2 and gate <= target:
            return gate, target
    raise ValueError(f"{', '.join(place)}: expected [gate, target] or [gate], found {bounds!r}")


def judge(goals: Iterable[Goal], groups: Iterable[Group]) -> list[Judgement]:
    """What the measured groups say about each goal, then the rivals that have none and win all the same."""
    known = {group.name: group for group in groups}
    goals = list(goals)
    return [judged(goal, known.get(f"{goal.suite}, {goal.group}")) for goal in goals] + list(
        without_goal(goals, known.values())
    )


def judged(goal: Goal, group: Group | None) -> Judgement:
    subject = f"{goal.suite}, {goal.group}: {goal.subject}"
    ratio, reason = None, ""
    if group is None:
        verdict = NOT_RUN
    elif goal.subject in group.missing:
        verdict, reason = SUBJECT_MISSING, group.missing[goal.subject]
    elif goal.rival in group.missing:
        verdict, reason = RIVAL_MISSING, group.missing[goal.rival]
    elif not {goal.subject, goal.rival} <= group.seconds.keys():
        verdict, reason = NOT_RUN, "" if not group.seconds else "the group has no such pair"
    else:
        ratio = group.ratio(goal.subject, goal.rival)
        verdict = BELOW if ratio < goal.gate else GATE if ratio < goal.target else TARGET
    return Judgement(subject, goal.rival, ratio, goal.gate, goal.target, verdict, reason)


def without_goal(goals: Iterable[Goal], groups: Iterable[Group]) -> Iterator[Judgement]:
    """Pairs of the compiled core that have no goal: all of a group without any, else lost ones."""
    pairs = {(f"{goal.suite}, {goal.group}", goal.subject, goal.rival) for goal in goals}
    with_goals = {name for name, _, _ in pairs}
    for group in groups:
        for subject in group.ours:
            if subject.endswith(INTERPRETED):
                continue
            for rival in group.rivals:
                if (group.name, subject, rival) in pairs or not {subject, rival} <= group.seconds.keys():
                    continue
                ratio = group.ratio(subject, rival)
                if ratio < 1 or group.name not in with_goals:
                    verdict = LOST if ratio < 1 else NO_GOAL
                    yield Judgement(f"{group.name}: {subject}", rival, ratio, None, None, verdict)
