"""At ordinary rates every line is shown; of a flood some are, and the others are counted."""

from __future__ import annotations

import pytest

from pywatt.orchestrator.console.display_budget import DisplayBudget


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def budget(watch: Watch) -> DisplayBudget:
    return DisplayBudget(rate=10, burst=50, clock=watch)


def test_a_burst_is_shown_whole(budget: DisplayBudget) -> None:
    assert budget.take("web", 50) == 50
    assert not budget.has_unshown
    assert budget.unshown(at_once=True) == {}


def test_in_the_long_run_so_many_a_second(budget: DisplayBudget, watch: Watch) -> None:
    budget.take("web", 50)
    assert budget.take("web", 5) == 0
    watch.now += 1
    assert budget.take("web", 30) == 10
    watch.now += 1000
    assert budget.take("web", 80) == 50


def test_a_steady_rate_within_it_is_shown_whole(budget: DisplayBudget, watch: Watch) -> None:
    for _ in range(1000):
        watch.now += 0.5
        assert budget.take("web", 5) == 5


def test_what_was_left_out_is_counted_by_module_and_told_after_a_while(
    budget: DisplayBudget, watch: Watch
) -> None:
    budget.take("web", 70)
    budget.take("catalog", 3)
    assert budget.has_unshown
    assert budget.unshown() == {}
    watch.now += 1
    assert budget.unshown() == {"web": 20, "catalog": 3}
    assert not budget.has_unshown


def test_at_the_end_it_is_told_at_once(budget: DisplayBudget) -> None:
    budget.take("web", 70)
    assert budget.unshown(at_once=True) == {"web": 20}
