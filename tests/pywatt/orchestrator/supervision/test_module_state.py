"""The table of a module's states."""

from __future__ import annotations

import pytest

from pywatt.orchestrator.supervision.module_state import (
    ENDED,
    TRANSITIONS,
    ModuleEvent,
    ModuleState,
    StateError,
    next_state,
)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {ModuleState.IDLE}
    while more := {after for (state, _), after in TRANSITIONS.items() if state in reached} - reached:
        reached |= more
    assert reached == set(ModuleState)
    assert {state for state, _ in TRANSITIONS} == set(ModuleState)


def test_every_event_changes_some_state() -> None:
    assert {event for _, event in TRANSITIONS} == set(ModuleEvent)


@pytest.mark.parametrize("state", sorted(ENDED, key=lambda state: state.value))
def test_what_has_ended_comes_back_only_by_a_new_start(state: ModuleState) -> None:
    assert [event for at, event in TRANSITIONS if at is state] == [ModuleEvent.START_REQUESTED]


def test_every_state_but_those_at_rest_can_be_stopped() -> None:
    stoppable = {state for state, event in TRANSITIONS if event is ModuleEvent.STOP_REQUESTED}
    assert stoppable == set(ModuleState) - ENDED - {ModuleState.IDLE}


def test_only_what_is_starting_or_silent_becomes_ready() -> None:
    assert {state for (state, _), after in TRANSITIONS.items() if after is ModuleState.READY} == {
        ModuleState.STARTING,
        ModuleState.UNREADY,
    }


def test_an_event_that_cannot_happen_is_refused_with_both_names() -> None:
    with pytest.raises(StateError, match="'became ready' cannot happen to a module that is 'stopped'"):
        next_state(ModuleState.STOPPED, ModuleEvent.BECAME_READY)
