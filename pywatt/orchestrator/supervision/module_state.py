"""The states of a module under the orchestrator, and every change of state that is allowed.

All of it is the one table below. A pair that is not in the table is a mistake of the caller and raises.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class ModuleState(Enum):
    """Where a module stands. The value is what people read."""

    IDLE = "idle"  # nobody has asked for it yet
    WAITING = "waiting"  # for the modules named in `after`
    STARTING = "starting"  # its process runs, it is not ready yet
    READY = "ready"
    UNREADY = "unready"  # it was ready and stopped answering heartbeats
    DRAINING = "draining"  # asked to leave: it finishes what it has and takes nothing new
    STOPPED = "stopped"  # ended because it was asked to
    EXITED = "exited"  # ended by itself, and its policy does not start it again
    BACKING_OFF = "backing off"  # ended, and is started again after a pause
    CRASH_LOOPING = "crash-looping"  # ended too often; only a person starts it again
    FAILED = "failed"  # could not be started


class ModuleEvent(Enum):
    """What happens to a module."""

    START_REQUESTED = "start requested"
    DEPENDENCIES_READY = "dependencies ready"
    BECAME_READY = "became ready"
    FELL_SILENT = "fell silent"
    STOP_REQUESTED = "stop requested"
    STOP_COMPLETED = "stop completed"
    RESTART_REQUESTED = "restart requested"
    RESTART_PLANNED = "restart planned"
    RESTART_DUE = "restart due"
    RESTARTS_EXHAUSTED = "restarts exhausted"
    ENDED_FOR_GOOD = "ended for good"
    START_FAILED = "start failed"


_S = ModuleState
_E = ModuleEvent

AT_REST: Final = (_S.IDLE, _S.STOPPED, _S.EXITED, _S.CRASH_LOOPING, _S.FAILED)
_WITH_PROCESS: Final = (_S.STARTING, _S.READY, _S.UNREADY)

TRANSITIONS: Final[dict[tuple[ModuleState, ModuleEvent], ModuleState]] = {
    **{(state, _E.START_REQUESTED): _S.WAITING for state in AT_REST},
    (_S.WAITING, _E.DEPENDENCIES_READY): _S.STARTING,
    (_S.STARTING, _E.BECAME_READY): _S.READY,
    (_S.READY, _E.FELL_SILENT): _S.UNREADY,
    (_S.UNREADY, _E.BECAME_READY): _S.READY,
    **{(state, _E.RESTART_PLANNED): _S.BACKING_OFF for state in _WITH_PROCESS},
    **{(state, _E.RESTART_REQUESTED): _S.DRAINING for state in _WITH_PROCESS},
    **{(state, _E.RESTART_DUE): _S.STARTING for state in (_S.BACKING_OFF, _S.DRAINING)},
    **{(state, _E.RESTARTS_EXHAUSTED): _S.CRASH_LOOPING for state in _WITH_PROCESS},
    **{(state, _E.ENDED_FOR_GOOD): _S.EXITED for state in _WITH_PROCESS},
    **{(state, _E.START_FAILED): _S.FAILED for state in (_S.WAITING, _S.STARTING)},
    # A module that drains for its next process may be asked to stop meanwhile.
    **{
        (state, _E.STOP_REQUESTED): _S.DRAINING
        for state in (*_WITH_PROCESS, _S.WAITING, _S.BACKING_OFF, _S.DRAINING)
    },
    (_S.DRAINING, _E.STOP_COMPLETED): _S.STOPPED,
}

# States from which a module does not come back by itself.
ENDED: Final = frozenset({_S.STOPPED, _S.EXITED, _S.CRASH_LOOPING, _S.FAILED})


class StateError(RuntimeError):
    """An event that cannot happen in the present state."""

    def __init__(self, state: ModuleState, event: ModuleEvent) -> None:
        super().__init__(f"{event.value!r} cannot happen to a module that is {state.value!r}")
        self.state = state
        self.event = event


def next_state(state: ModuleState, event: ModuleEvent) -> ModuleState:
    """Returns the state that follows.

    Args:
        state: the present state.
        event: what happened.

    Raises:
        StateError: if the table has no such pair.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise StateError(state, event) from None
