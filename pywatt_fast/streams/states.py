"""The states of a multiplexed stream as one table.

The rules behind it:

1. A stream begins with an open and carries data both ways at once.
2. Each side says its last word once: an end, or a reset. After both last words the stream is closed.
3. A reset ends both directions at once. Who receives one before its own last word answers with a reset, so
   the side that sent it knows exactly when nothing can come any more: until then the stream is `reset`, and
   what still arrives is dropped and counted.
4. Credit, and a reset that crossed the last word on its way, may come late: they are ignored and counted.
   Data and ends may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import InvalidStreamState

if TYPE_CHECKING:
    from mypy_extensions import i64

IDLE: Final = 0
OPEN: Final = 1
HALF_CLOSED_LOCAL: Final = 2
HALF_CLOSED_REMOTE: Final = 3
RESET: Final = 4
CLOSED: Final = 5
STATE_NAMES: Final = ("idle", "open", "half-closed (local)", "half-closed (remote)", "reset", "closed")

SEND_OPEN: Final = 0
RECEIVE_OPEN: Final = 1
SEND_DATA: Final = 2
RECEIVE_DATA: Final = 3
SEND_CREDIT: Final = 4
RECEIVE_CREDIT: Final = 5
SEND_END: Final = 6
RECEIVE_END: Final = 7
SEND_RESET: Final = 8
RECEIVE_RESET: Final = 9
EVENT_NAMES: Final = (
    "sending an open",
    "receiving an open",
    "sending data",
    "receiving data",
    "sending credit",
    "receiving credit",
    "sending an end",
    "receiving an end",
    "sending a reset",
    "receiving a reset",
)

ILLEGAL: Final = 254
IGNORED: Final = 255

# One row per event; the columns are the states above. `same` keeps the state, `late` ignores the event.
_I, _O, _L, _R, _X, _C = IDLE, OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, RESET, CLOSED
_no, _late = ILLEGAL, IGNORED
_TABLE: Final = bytes(
    [
        # idle, open,  local, remote, reset, closed
        *(_O, _no, _no, _no, _no, _no),  # sending an open
        *(_O, _no, _no, _no, _no, _no),  # receiving an open
        *(_no, _O, _no, _R, _no, _no),  # sending data
        *(_no, _O, _L, _no, _late, _no),  # receiving data
        *(_no, _O, _L, _late, _late, _late),  # sending credit: nobody needs it any more
        *(_no, _O, _late, _R, _late, _late),  # receiving credit
        *(_no, _L, _no, _C, _no, _no),  # sending an end
        *(_no, _R, _C, _no, _C, _no),  # receiving an end
        *(_no, _X, _X, _C, _no, _no),  # sending a reset
        *(_no, _C, _C, _C, _C, _late),  # receiving a reset
    ]
)


def next_state(stream_id: int, state: i64, event: i64) -> i64:
    """The state after an event, or IGNORED for one that comes late.

    Raises:
        InvalidStreamState: the state does not allow the event.
    """
    after: i64 = _TABLE[event * 6 + state]
    if after == ILLEGAL:
        raise InvalidStreamState(stream_id, STATE_NAMES[state], EVENT_NAMES[event])
    return after
