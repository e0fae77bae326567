"""From the evidence to the report: all checks, and what none of them could see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from pywatt.orchestrator.doctor.checks.blocking import check_blocking
from pywatt.orchestrator.doctor.checks.endpoints import check_endpoints
from pywatt.orchestrator.doctor.checks.handlers import check_handlers
from pywatt.orchestrator.doctor.checks.life import check_life
from pywatt.orchestrator.doctor.checks.secrets import check_secrets
from pywatt.orchestrator.doctor.checks.start_failures import check_start_failure
from pywatt.orchestrator.doctor.checks.start_time import check_start_time
from pywatt.orchestrator.doctor.checks.streams import check_streams
from pywatt.orchestrator.doctor.checks.supervision import check_supervision
from pywatt.orchestrator.doctor.checks.work import check_work
from pywatt.orchestrator.doctor.evidence import Evidence
from pywatt.orchestrator.doctor.findings import Fact, Finding, Report, sorted_findings
from pywatt.orchestrator.doctor.unchecked import list_unchecked

CHECKS: Final[tuple[Callable[[Evidence], Iterator[Finding]], ...]] = (
    check_start_failure,
    check_secrets,
    check_handlers,
    check_life,
    check_endpoints,
    check_blocking,
    check_work,
    check_start_time,
    check_streams,
    check_supervision,
)


def diagnose(evidence: Evidence) -> Report:
    """Return what is wrong with a module, and what could not be checked.

    Args:
        evidence: what was seen of it.
    """
    return Report(
        module=evidence.module.name,
        target=evidence.target,
        findings=sorted_findings(chain.from_iterable(check(evidence) for check in CHECKS)),
        unchecked=tuple(list_unchecked(evidence)),
        facts=tuple(_facts(evidence)),
        seconds=evidence.seconds,
    )


def _facts(evidence: Evidence) -> Iterator[Fact]:
    if evidence.ready is not None:
        yield Fact("ready after", f"{evidence.ready - evidence.spawned:.2f} s")
    if evidence.announcement is not None:
        yield Fact("endpoints announced", str(len(evidence.announcement.endpoints)))
        yield Fact("endpoints asked", str(len(evidence.probes)))
    if evidence.diagnostics is not None and evidence.announcement is not None:
        yield Fact("message endpoints", ", ".join(evidence.diagnostics.endpoints) or "none")
    sent, answered = evidence.heartbeats
    if sent:
        yield Fact("heartbeats answered", f"{answered} of {sent}")
    if evidence.stop is not None:
        yield Fact("stopped after", f"{evidence.stop.seconds:.2f} s")
