"""What becomes of a request or a message for a module, by the state that the module is in.

All of it is the tables below: requests come from the gateway, messages (calls and notifications) from other
modules. Only a restart that somebody asked for holds requests: after a crash nobody knows whether a process
will come again.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from pywatt.orchestrator.supervision.module_state import ModuleState


class Admission(Enum):
    """What is done with a request or a message."""

    ADMIT = "admit"  # it goes to the process
    HOLD = "hold"  # it waits for the next process
    REFUSE = "refuse"


class Traffic(Enum):
    """What comes to a module."""

    REQUEST = "request"
    MESSAGE = "message"


_S = ModuleState
_ADMIT = Admission.ADMIT
_HOLD = Admission.HOLD
_REFUSE = Admission.REFUSE

# For each state: outside a restart that was asked for, and during one.
_REQUESTS: Final[dict[ModuleState, tuple[Admission, Admission]]] = {
    _S.IDLE: (_REFUSE, _REFUSE),
    _S.WAITING: (_REFUSE, _HOLD),
    _S.STARTING: (_REFUSE, _HOLD),
    _S.READY: (_ADMIT, _ADMIT),
    _S.UNREADY: (_REFUSE, _REFUSE),
    _S.DRAINING: (_REFUSE, _HOLD),
    _S.STOPPED: (_REFUSE, _REFUSE),
    _S.EXITED: (_REFUSE, _REFUSE),
    _S.BACKING_OFF: (_REFUSE, _HOLD),
    _S.CRASH_LOOPING: (_REFUSE, _REFUSE),
    _S.FAILED: (_REFUSE, _REFUSE),
}
# A starting process has no handlers before it announces itself, so its messages wait here.
_MESSAGES: Final = {**_REQUESTS, _S.STARTING: (_HOLD, _HOLD)}
# From then on it has: it may even need a message to become ready.
_MESSAGES_ONCE_ANNOUNCED: Final = {**_REQUESTS, _S.STARTING: (_ADMIT, _ADMIT)}


def admissions(state: ModuleState, *, restarting: bool, announced: bool) -> dict[Traffic, Admission]:
    """Returns what is done with each kind of traffic.

    Args:
        state: where the module stands.
        restarting: whether a restart that was asked for is under way.
        announced: whether its present process has announced itself.
    """
    messages = _MESSAGES_ONCE_ANNOUNCED if announced else _MESSAGES
    return {Traffic.REQUEST: _REQUESTS[state][restarting], Traffic.MESSAGE: messages[state][restarting]}
