"""Priorities: the urgent first, everybody in turn, nobody never."""

from collections import Counter
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

LONGEST_WAIT = 18


def turns(schedule: Any, priorities: dict[int, int], count: int) -> list[int]:
    """Parties that always have more to send, in the order of their turns."""
    for party, priority in priorities.items():
        schedule.add(party, priority)
    order = []
    for _ in range(count):
        party = schedule.next()
        schedule.note_turn(priorities[party])
        schedule.add(party, priorities[party])
        order.append(party)
    return order


def test_critical_goes_first(core: ModuleType) -> None:
    schedule = core.PrioritySchedule()
    for priority in (1, 3, 0, 2):
        schedule.add(priority, priority)
    assert [schedule.next() for _ in range(5)] == [3, 2, 1, 0, -1]


def test_within_one_priority_everybody_has_a_turn(core: ModuleType) -> None:
    assert turns(core.PrioritySchedule(), {7: 1, 8: 1, 9: 1}, 7) == [7, 8, 9, 7, 8, 9, 7]


def test_who_cannot_use_a_turn_keeps_it(core: ModuleType) -> None:
    schedule = core.PrioritySchedule()
    schedule.add(7, 1)
    schedule.add(8, 1)
    schedule.put_back(schedule.next(), 1)
    assert [schedule.next(), schedule.next()] == [7, 8]


def test_who_gives_up_has_no_turn(core: ModuleType) -> None:
    schedule = core.PrioritySchedule()
    schedule.add(7, 1)
    schedule.add(8, 1)
    schedule.remove(7, 1)
    assert len(schedule) == 1
    assert [schedule.next(), schedule.next()] == [8, -1]


@given(levels=st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True))
def test_no_priority_waits_longer_than_the_rule_says(core: ModuleType, levels: list[int]) -> None:
    order = turns(core.PrioritySchedule(), {level: level for level in levels}, 400)
    for level in levels:
        places = [-1, *(at for at, party in enumerate(order) if party == level), len(order)]
        gaps = [after - before - 1 for before, after in pairwise(places)]
        assert max(gaps) <= LONGEST_WAIT


def test_the_urgent_keep_most_of_the_turns(core: ModuleType) -> None:
    counts = Counter(turns(core.PrioritySchedule(), {0: 0, 1: 1, 2: 2, 3: 3}, 1000))
    assert counts[3] > 800
    assert min(counts.values()) >= 50


def test_the_queue_is_first_in_first_out_within_a_priority(core: ModuleType) -> None:
    queue = core.PriorityMessageQueue(10)
    for message, priority in [("a", 1), ("b", 3), ("c", 1), ("d", 0), ("e", core.StreamPriority.CRITICAL)]:
        queue.enqueue(message, priority)
    assert [queue.dequeue() for _ in range(6)] == ["b", "e", "a", "c", "d", None]


def test_the_queue_keeps_its_size(core: ModuleType) -> None:
    queue = core.PriorityMessageQueue(2)
    queue.enqueue("a")
    queue.enqueue("b")
    with pytest.raises(core.StreamLimitExceeded, match="more than 2 messages"):
        queue.enqueue("c")
    queue.dequeue()
    queue.enqueue("c")
    assert len(queue) == 2


@pytest.mark.parametrize("priority", [-1, 4, 2**70])
def test_there_are_four_priorities(core: ModuleType, priority: int) -> None:
    with pytest.raises(core.StreamFormatError, match="expected an integer from 0 to 3"):
        core.PriorityMessageQueue(2).enqueue("a", priority)
