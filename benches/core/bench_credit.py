"""Credit of streams: taken for a chunk, given back for it."""

from __future__ import annotations

from types import ModuleType

from core.rivals import naive
from core.side_by_side import SideBySide, Subject
from core.variants import part, subjects_of

MANY = 1000
CHUNK = 64 * 1024
WINDOW = 16 * CHUNK


def bench_take_and_give(side_by_side: SideBySide) -> None:
    ours = subjects_of("take and give", moved_inside)
    rivals = {"naive": Subject(move_naively, units=MANY)}
    side_by_side("a chunk", ours, rivals, None)


def moved_inside(core: ModuleType) -> Subject:
    """By a loop inside the core, as the multiplexer of streams moves it."""
    move = part(core, "measurement.move_credit")
    return Subject(lambda: move(MANY), units=MANY, expected=None)


def move_naively() -> None:
    credit = naive.Credit(WINDOW)
    for _ in range(MANY):
        credit.take(CHUNK)
        credit.give(CHUNK)
    assert credit.available == WINDOW


def bench_called_from_python(side_by_side: SideBySide) -> None:
    """What an event loop pays that keeps the credit of a connection by itself."""

    def called(core: ModuleType) -> Subject:
        credit = part(core, "streams.credit.SendCredit")(WINDOW, CHUNK)
        take, give = credit.take, credit.give

        def move() -> int:
            take(CHUNK)
            give(CHUNK)
            return int(credit.available)

        return Subject(move)

    def naively() -> Subject:
        credit = naive.Credit(WINDOW)
        take, give = credit.take, credit.give

        def move() -> int:
            take(CHUNK)
            give(CHUNK)
            return credit.available

        return Subject(move)

    side_by_side(
        "a chunk, called from Python", subjects_of("take and give", called), {"naive": naively()}, WINDOW
    )
