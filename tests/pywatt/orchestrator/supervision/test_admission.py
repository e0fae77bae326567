"""What is admitted, held and refused in each state of a module."""

from __future__ import annotations

import pytest

from pywatt.orchestrator.supervision.admission import Admission, Traffic, admissions
from pywatt.orchestrator.supervision.module_state import ENDED, ModuleState

AT_REST = [state for state in ModuleState if state in ENDED or state is ModuleState.IDLE]
EVERY = [(state, announced) for state in ModuleState for announced in (False, True)]


@pytest.mark.parametrize(("state", "announced"), EVERY)
def test_only_a_ready_module_takes_requests(state: ModuleState, announced: bool) -> None:
    for restarting in (False, True):
        table = admissions(state, restarting=restarting, announced=announced)
        assert (table[Traffic.REQUEST] is Admission.ADMIT) == (state is ModuleState.READY)


@pytest.mark.parametrize(("state", "announced"), EVERY)
def test_requests_wait_only_during_a_restart_that_was_asked_for(state: ModuleState, announced: bool) -> None:
    table = admissions(state, restarting=False, announced=announced)
    assert table[Traffic.REQUEST] is not Admission.HOLD


@pytest.mark.parametrize("state", [*AT_REST, ModuleState.UNREADY])
def test_nothing_waits_for_a_module_that_nobody_starts(state: ModuleState) -> None:
    for restarting in (False, True):
        table = admissions(state, restarting=restarting, announced=False)
        assert set(table.values()) == {Admission.REFUSE}


@pytest.mark.parametrize("restarting", [False, True])
def test_messages_wait_until_a_starting_module_has_announced_itself(restarting: bool) -> None:
    before = admissions(ModuleState.STARTING, restarting=restarting, announced=False)
    after = admissions(ModuleState.STARTING, restarting=restarting, announced=True)
    assert (before[Traffic.MESSAGE], after[Traffic.MESSAGE]) == (Admission.HOLD, Admission.ADMIT)


def test_everything_waits_while_the_old_process_leaves() -> None:
    table = admissions(ModuleState.DRAINING, restarting=True, announced=True)
    assert set(table.values()) == {Admission.HOLD}
