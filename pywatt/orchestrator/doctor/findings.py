"""What an examination finds. Every code is described in docs/doctor.md."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # the module does not do what it says
    WARNING = "warning"  # it works, and will hurt
    NOTE = "note"  # worth knowing


class FindingCode(StrEnum):
    """The stable names of findings, for programs and for the page that explains them."""

    IMPORT_ERROR = "import-error"
    SYNTAX_ERROR = "syntax-error"
    MISSING_PACKAGE = "missing-package"
    WRONG_PATH = "wrong-path"
    NOT_A_MODULE = "not-a-module"
    OWN_SERVER = "own-server"
    FUNCTION_FAILED = "function-failed"
    START_FAILED = "start-failed"
    WRONG_FRAMEWORK = "wrong-framework"
    WRONG_OPTION = "wrong-option"
    PORT_IN_USE = "port-in-use"
    CANNOT_START = "cannot-start"
    PYTHON_MISMATCH = "python-mismatch"
    EXITED = "exited"
    NEVER_ANNOUNCED = "never-announced"
    NOT_READY = "not-ready"
    MISSING_SECRET = "missing-secret"  # noqa: S105
    SECRET_NOT_ALLOWED = "secret-not-allowed"  # noqa: S105
    SECRET_NOT_LISTED = "secret-not-listed"  # noqa: S105
    SECRET_NOT_USED = "secret-not-used"  # noqa: S105
    SECRET_NOT_HIDDEN = "secret-not-hidden"  # noqa: S105
    PRINT_ON_STDOUT = "print-on-stdout"
    NOISE_ON_STDOUT = "noise-on-stdout"
    READS_STDIN = "reads-stdin"
    DUPLICATE_HANDLER = "duplicate-handler"
    BLOCKING_CALL = "blocking-call"
    WORK_FAILED = "work-failed"
    SLOW_START = "slow-start"
    ENDPOINT_NOT_SERVED = "endpoint-not-served"
    ENDPOINT_FAILS = "endpoint-fails"
    ENDPOINT_SLOW = "endpoint-slow"
    ENDPOINT_SILENT = "endpoint-silent"
    TOO_MANY_ENDPOINTS = "too-many-endpoints"
    CRATE_WITHOUT_TCP = "crate-without-tcp"
    PORT_ZERO = "port-zero"
    HEARTBEAT_UNANSWERED = "heartbeat-unanswered"
    SLOW_STOP = "slow-stop"
    IGNORES_STOP = "ignores-stop"
    LEAVES_CHILDREN = "leaves-children"
    ORCHESTRATOR_WARNING = "orchestrator-warning"


@frozen
class Finding:
    """One thing that is wrong.

    Attributes:
        code: its stable name.
        severity: how bad it is.
        what: what is wrong, in one plain sentence.
        cure: how to mend it.
        where: a file and line, an endpoint, a secret's name; empty when there is no one place.
        quote: lines of source, of a stack or of the log that show it.
    """

    code: FindingCode
    severity: Severity
    what: str
    cure: str
    where: str = ""
    quote: tuple[str, ...] = ()


@frozen
class Unchecked:
    """Something that could not be checked.

    Attributes:
        what: it.
        why: the reason.
    """

    what: str
    why: str


@frozen
class Fact:
    """Something that was seen and is in order; for whoever wants to know what was looked at."""

    name: str
    value: str


_ORDER: Final = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@frozen
class Report:
    """All that an examination has to say.

    Attributes:
        module: the module's name.
        target: what was examined, as the user named it.
        findings: the worst first.
        unchecked: what could not be checked.
        facts: what was seen.
        seconds: how long the examination took.
    """

    module: str
    target: str
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    facts: tuple[Fact, ...] = field(default=())
    seconds: float = 0.0

    def count(self, severity: Severity) -> int:
        """Return how many findings are of a severity.

        Args:
            severity: the severity.
        """
        return sum(finding.severity is severity for finding in self.findings)

    def is_healthy(self, *, strict: bool) -> bool:
        """Tell whether the module passes.

        Args:
            strict: whether warnings fail it too.
        """
        return not (self.count(Severity.ERROR) or (strict and self.count(Severity.WARNING)))

    @property
    def summary(self) -> str:
        """One line: how many findings of each kind, and how much was not checked."""
        counted = [
            _plural(self.count(severity), severity.value) for severity in _ORDER if self.count(severity)
        ]
        found = ", ".join(counted) or "nothing wrong was found"
        open_points = len(self.unchecked)
        rest = f"; {open_points} not checked" if open_points else ""
        return f"{self.module}: {found}{rest} ({self.seconds:.1f} s)"

    def to_document(self) -> dict[str, Any]:
        """Return the whole as JSON has it."""
        return {
            "module": self.module,
            "target": self.target,
            "findings": [_finding_document(finding) for finding in self.findings],
            "unchecked": [{"what": one.what, "why": one.why} for one in self.unchecked],
            "facts": {fact.name: fact.value for fact in self.facts},
            "counts": {severity.value: self.count(severity) for severity in _ORDER},
            "seconds": round(self.seconds, 3),
            "summary": self.summary,
        }


def sorted_findings(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """Return findings with the worst first, those of one severity in the order in which they were made.

    Args:
        findings: in any order.
    """
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "what": finding.what,
        "where": finding.where or None,
        "cure": finding.cure,
        "quote": list(finding.quote),
    }


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
