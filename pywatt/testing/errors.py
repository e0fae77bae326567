"""How a module broke the protocol, and the failures that tests see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from pywatt.errors import PyWattSDKError

_MOST_SHOWN: Final = 10


@frozen
class Violation:
    """Something that a module did and the crate's types do not allow.

    Args:
        carrier: "stdio", "unix" or "tcp".
        place: where in the line or frame; empty for the whole of it.
        found: what stands there.
        expected: what the crate reads there.
        section: of the protocol.
        text: the line or payload, cut and with secrets hidden.
    """

    carrier: str
    place: str
    found: str
    expected: str
    section: str
    text: str

    def __str__(self) -> str:
        where = f"{self.carrier}, {self.place}" if self.place else self.carrier
        text = f"\n    {self.text}" if self.text else ""
        return f"{where}: {self.found}; expected {self.expected} ({self.section}){text}"


class ConformanceError(PyWattSDKError):
    """A module did not keep to the protocol.

    Args:
        message: what went wrong.
        violations: all that was seen so far.
    """

    prefix = "conformance: "

    def __init__(self, message: str, violations: Sequence[Violation] = ()) -> None:
        super().__init__(message)
        self.violations = tuple(violations)

    @classmethod
    def of(cls, violations: Sequence[Violation]) -> ConformanceError:
        """The error that lists violations, the first few in full."""
        shown = [f"  {number}. {violation}" for number, violation in enumerate(violations[:_MOST_SHOWN], 1)]
        if len(violations) > _MOST_SHOWN:
            shown.append(f"  ... and {len(violations) - _MOST_SHOWN} more")
        count = "1 violation" if len(violations) == 1 else f"{len(violations)} violations"
        return cls("\n".join([f"{count} of the protocol", *shown]), violations)


class NotSeenError(ConformanceError, TimeoutError):
    """What was waited for did not come in time.

    Args:
        awaited: what it was.
        seconds: how long was waited.
        advice: what may be the reason, and the end of the module's log.
    """

    def __init__(self, awaited: str, seconds: float, advice: str) -> None:
        super().__init__(f"{awaited} was not seen within {seconds:g} s{advice}")
        self.awaited = awaited
        self.seconds = seconds


class ModuleEndedError(ConformanceError):
    """The module's process ended before what was waited for came.

    Args:
        awaited: what it was.
        ending: how the process ended.
        advice: the end of the module's log.
    """

    def __init__(self, awaited: str, ending: str, advice: str) -> None:
        super().__init__(f"the module {ending} before {awaited} was seen{advice}")
        self.awaited = awaited
