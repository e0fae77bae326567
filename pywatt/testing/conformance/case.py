"""What a case is, and how one can end."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import frozen

from pywatt.testing.driver import ReferenceDriver


class Status(enum.Enum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    DEVIATES = "deviates"
    """Not as specified, and known of modules built with the published crate."""

    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"


FAILURES: Final = frozenset({Status.FAILED, Status.NOT_RUN})


class UnmetError(Exception):
    """The module did something else than the case asks for; the text says what."""


class NotApplicableError(Exception):
    """There is nothing to check; the text says why."""


@frozen
class ConformanceCase:
    """One thing that a module has to do.

    Args:
        name: for tables and for choosing, such as "heartbeat-tcp".
        expectation: what the module does, in words.
        section: of the protocol.
        check: drives the module; raises when it does not do that.
        alone: whether it needs a process of its own, because it ends or may harm it.
        first_line: written in the place of the init line; empty: nothing is written.
        tagged_init: whether the init line carries its `op`.
        needs_announcement: whether it can be run only when the module has announced itself.
    """

    name: str
    expectation: str
    section: str
    check: Callable[[ReferenceDriver], Awaitable[None]]
    alone: bool = False
    first_line: bytes | None = None
    tagged_init: bool = False
    needs_announcement: bool = True
