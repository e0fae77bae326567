"""Work beside requests that ends with an error: what `state.run` runs, and the application's shutdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pywatt.orchestrator.console.log_entry import entry_from, read_json_line
from pywatt.orchestrator.doctor.evidence import Evidence, LogLine
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.log_tracebacks import last_traceback
from pywatt.orchestrator.doctor.quoting import described, frame_quote, own_frame, shown_place

_FAILURES: Final = ("background work failed", "the application's shutdown failed")


def check_work(evidence: Evidence) -> Iterator[Finding]:
    """Look for work that failed in the log; a module that calls others may fail for their absence.

    Args:
        evidence: what was seen.
    """
    if evidence.calls:
        return
    found: dict[tuple[str, str], Finding] = {}
    for line in evidence.log:
        finding = _finding(line, evidence)
        if finding is not None:
            found.setdefault((finding.what, finding.where), finding)
    yield from found.values()


def _finding(line: LogLine, evidence: Evidence) -> Finding | None:
    document = read_json_line(line.text)
    message = "" if document is None else entry_from(document).message
    error = last_traceback([line]) if message in _FAILURES else None
    if error is None:
        return None
    frame = own_frame(error.stack)
    return Finding(
        FindingCode.WORK_FAILED,
        Severity.WARNING,
        f"{message[0].upper()}{message[1:]}: {described(error).rstrip('.')}.",
        "Look at its log." if frame is None else f"Correct {shown_place(frame, evidence)}.",
        where="" if frame is None else shown_place(frame, evidence),
        quote=() if frame is None else frame_quote(evidence, frame),
    )
