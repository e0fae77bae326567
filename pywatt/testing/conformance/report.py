"""What a run of the cases found, as a table for people and as a document for programs."""

from __future__ import annotations

from collections import Counter

from attrs import frozen

from pywatt.testing.conformance.case import FAILURES, ConformanceCase, Status


@frozen
class CaseResult:
    """How one case ended.

    Args:
        case: which.
        status: how.
        detail: why, when it is not simply passed.
        section: of the protocol that the detail refers to.
        seconds: how long it took.
    """

    case: ConformanceCase
    status: Status
    detail: str
    section: str
    seconds: float


@frozen
class ConformanceReport:
    """The results of all cases, in their order.

    Args:
        command: what was run.
        results: one for each case.
        log: the last lines of the module's standard error, secrets hidden.
    """

    command: tuple[str, ...]
    results: tuple[CaseResult, ...]
    log: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no case failed."""
        return not any(result.status in FAILURES for result in self.results)

    @property
    def failures(self) -> list[CaseResult]:
        """The cases that failed or could not be run."""
        return [result for result in self.results if result.status in FAILURES]

    def status_of(self, name: str) -> Status:
        """How the case of that name ended.

        Raises:
            KeyError: there was no such case.
        """
        for result in self.results:
            if result.case.name == name:
                return result.status
        raise KeyError(name)

    def text(self) -> str:
        """A line for each case that was run, what was found below it, and lines with the counts."""
        width = max((len(result.case.name) for result in self.results), default=0)
        lines = []
        for result in self.results:
            if result.status is Status.NOT_RUN:
                continue
            lines.append(f"{result.status.value:<14}  {result.case.name:<{width}}  {result.case.expectation}")
            if result.detail:
                first, *others = result.detail.splitlines()
                shown = [f"{first} ({result.section})", *others]
                lines += [f"{'':<14}  {'':<{width}}    {line}" for line in shown]
        not_run = Counter(result.detail for result in self.results if result.status is Status.NOT_RUN)
        lines += [f"{'not run':<14}  {count} other cases: {why}" for why, count in not_run.items()]
        counts = Counter(result.status.value for result in self.results)
        lines += ["", ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))]
        return "\n".join(lines)

    def document(self) -> dict[str, object]:
        """The same as plain values."""
        return {
            "command": list(self.command),
            "passed": self.passed,
            "cases": [
                {
                    "name": result.case.name,
                    "expectation": result.case.expectation,
                    "status": result.status.value,
                    "detail": result.detail,
                    "section": result.section,
                    "seconds": round(result.seconds, 3),
                }
                for result in self.results
            ],
            "log": list(self.log),
        }
