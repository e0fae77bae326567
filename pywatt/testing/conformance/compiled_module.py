"""Where a module built with the published crate is known to do something else than is specified.

All of it was observed; nothing else is excused. A case that passes in spite of its entry counts as passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from pywatt.testing import sections


@frozen
class Deviation:
    """One known deviation.

    Args:
        observed: what such a module does.
        failures: what the failure of the case says then, one of these; another failure is not excused.
        section: where the protocol says so.
    """

    observed: str
    failures: tuple[str, ...]
    section: str = sections.COMPILED_MODULE


_NO_IDENTIFY: Final = Deviation(
    "never sends identify: its type cannot be printed", ("identify on",), sections.IDENTIFY
)
_STAYS: Final = Deviation(
    "the task ends, the process stays until stdin closes", ("the end of the process was not seen",)
)
_CANNED: Final = Deviation("gives the same canned answer to every path", ("but 404 by plain HTTP",))
_SWALLOWED: Final = Deviation("loses lines in a reader that was left over", ("on stdio was not seen",))
_HELD_UP: Final = Deviation(
    "a reader that blocks on standard input may hold up the other tasks until the next line",
    ("heartbeat_ack on tcp was not seen",),
)
_NO_HANDLERS: Final = Deviation("takes the message and has no handler for it", ("the answer to the call of",))
_DEAF: Final = Deviation(
    "the task of the channel ends: the process is deaf", ("was not seen", "nothing can be sent on")
)
_WAITS: Final = Deviation("allocates the length and waits for the rest", ("connection ",), sections.LIMITS)

KNOWN_DEVIATIONS: Final[Mapping[str, Deviation]] = {
    "identify-tcp": _NO_IDENTIFY,
    "identify-unix": _NO_IDENTIFY,
    "identify-again-tcp": _NO_IDENTIFY,
    "identify-again-unix": _NO_IDENTIFY,
    "heartbeat-stdio": Deviation(
        "does not answer on standard output", ("heartbeat_ack on stdio was not seen",)
    ),
    "http-stdio": _SWALLOWED,
    "large-request-stdio": _SWALLOWED,
    "unknown-op-stdio": _HELD_UP,
    "garbage-stdio": _HELD_UP,
    "not-utf-8-stdio": Deviation(
        "its reader of standard input ends, or holds up the other tasks",
        ("before heartbeat_ack on tcp was seen", "heartbeat_ack on tcp was not seen"),
        sections.RECEIVING,
    ),
    "http-tcp": _CANNED,
    "http-unix": _CANNED,
    "call-stdio": _NO_HANDLERS,
    "call-tcp": _NO_HANDLERS,
    "call-unix": _NO_HANDLERS,
    "rotation": Deviation(
        "acknowledges at once and asks for nothing, or loses the line in a reader that was left over",
        ("without asking again", "rotation_ack was not seen"),
    ),
    "unknown-code-tcp": _DEAF,
    "unknown-code-unix": _DEAF,
    "oversized-tcp": _WAITS,
    "oversized-unix": _WAITS,
    "shutdown-stdio": _STAYS,
    "shutdown-tcp": _STAYS,
    "shutdown-unix": _STAYS,
    "sigterm": Deviation("does not handle signals", ("was ended by SIGTERM",), sections.RECEIVING),
}

BY_CHANCE: Final = frozenset(
    {"http-stdio", "large-request-stdio", "unknown-op-stdio", "garbage-stdio", "not-utf-8-stdio"}
)
"""The cases that deviate in some runs only."""


def writes_lines(name: str) -> bool:
    """Whether a case writes lines: what they hold up must not hit the cases that write frames.

    Args:
        name: of the case.
    """
    return name.endswith("-stdio") or name == "rotation"


def known_deviation(name: str, failure: str) -> Deviation | None:
    """The entry that excuses the failure of a case, None when there is none.

    Args:
        name: of the case.
        failure: what the case found.
    """
    known = KNOWN_DEVIATIONS.get(name)
    return known if known is not None and any(text in failure for text in known.failures) else None
