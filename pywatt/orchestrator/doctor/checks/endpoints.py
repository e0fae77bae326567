"""Endpoints that are announced: whether they are served, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pywatt.orchestrator.console.log_lines import telling_line
from pywatt.orchestrator.doctor.evidence import CallAway, Evidence, LogLine, Probe
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.log_tracebacks import last_traceback
from pywatt.orchestrator.doctor.quoting import frame_quote, log_quote, own_frame, shown_place

SLOW: Final = 1.0
"""Seconds from which an answer is slow."""

MANY: Final = 1000
NOT_SERVED: Final = (404, 405)
FIRST_FAILURE: Final = 500
LOG_DELAY: Final = 0.2
"""Seconds for which a line of log may come after the answer that it belongs to."""


def check_endpoints(evidence: Evidence) -> Iterator[Finding]:
    """Look at the answer of every endpoint that was asked.

    Args:
        evidence: what was seen.
    """
    count = 0 if evidence.announcement is None else len(evidence.announcement.endpoints)
    if count > MANY:
        yield Finding(
            FindingCode.TOO_MANY_ENDPOINTS,
            Severity.WARNING,
            f"It announces {count} endpoints: every list of them, here and in a dashboard, becomes useless.",
            "Announce a path with a parameter instead of one path for each value.",
        )
    for probe in evidence.probes:
        if not calls_during(probe, evidence):
            yield from _judge(probe, evidence)
        if evidence.ended_early and probe.problem:
            return  # this one ended it, and those that follow cannot be answered


def calls_during(probe: Probe, evidence: Evidence) -> list[CallAway]:
    """Return the calls to absent modules that were made while an endpoint was asked.

    Args:
        probe: the request.
        evidence: what was seen.
    """
    end = probe.began + probe.seconds
    return [call for call in evidence.calls if probe.began <= call.at <= end]


def _judge(probe: Probe, evidence: Evidence) -> Iterator[Finding]:
    where = f"GET {probe.path}"
    if probe.status is None and not probe.problem:
        yield Finding(
            FindingCode.ENDPOINT_SILENT,
            Severity.WARNING,
            f"{where} was not answered within {probe.seconds:.0f} s.",
            "If it streams on purpose, serve it with bind_http=True; else look for what it waits for.",
            where=where,
        )
    elif probe.status is None:
        lines = _log_of(probe, evidence)
        yield Finding(
            FindingCode.ENDPOINT_FAILS,
            Severity.ERROR,
            f"{where} ends without an answer: {probe.problem.rstrip('.')}.",
            "Look at its log for what broke off there.",
            where=where,
            quote=log_quote(lines, 3),
        )
    elif probe.status in NOT_SERVED:
        yield _not_served(probe, evidence, where)
    elif probe.status >= FIRST_FAILURE:
        yield _fails(probe, evidence, where)
    elif probe.seconds - probe.starved >= SLOW:
        yield Finding(
            FindingCode.ENDPOINT_SLOW,
            Severity.NOTE,
            f"{where} took {probe.seconds:.1f} s.",
            "Look for what it waits for; a client may give up earlier.",
            where=where,
        )


def _not_served(probe: Probe, evidence: Evidence, where: str) -> Finding:
    declared = () if evidence.diagnostics is None else evidence.diagnostics.declared_paths
    found = evidence.diagnostics is not None and probe.path not in declared
    if found:
        return Finding(
            FindingCode.ENDPOINT_NOT_SERVED,
            Severity.NOTE,
            f"{where} has a handler, and answered {probe.status}: perhaps there is nothing to show yet.",
            "If it should have answered, look at its handler.",
            where=where,
        )
    return Finding(
        FindingCode.ENDPOINT_NOT_SERVED,
        Severity.ERROR,
        f"{where} is announced and not served: it answered {probe.status}.",
        "Take it out of endpoints=[...], or add the route; paths and methods have to be the same in both.",
        where=where,
    )


def _fails(probe: Probe, evidence: Evidence, where: str) -> Finding:
    lines = _log_of(probe, evidence)
    error = last_traceback(lines)
    frame = None if error is None else own_frame(error.stack)
    told = telling_line([line.text.encode() for line in lines])
    reason = f"{error.type}: {error.message}" if error is not None else told
    return Finding(
        FindingCode.ENDPOINT_FAILS,
        Severity.ERROR,
        f"{where} answered {probe.status}" + (f": {reason.rstrip('.')}." if reason else "."),
        _failure_cure(lines) if frame is None else f"Correct {shown_place(frame, evidence)}.",
        where=where if frame is None else f"{where}, {shown_place(frame, evidence)}",
        quote=log_quote(lines, 3) if frame is None else frame_quote(evidence, frame),
    )


def _failure_cure(lines: Sequence[LogLine]) -> str:
    if lines:
        return "Look at its log."
    return "It logged nothing about that: an error handler that answers 500 has to log the exception, too."


def _log_of(probe: Probe, evidence: Evidence) -> list[LogLine]:
    following = [other.began for other in evidence.probes if other.began > probe.began]
    end = probe.began + probe.seconds + LOG_DELAY
    return evidence.log_between(probe.began, min([end, *(began + LOG_DELAY for began in following[:1])]))
