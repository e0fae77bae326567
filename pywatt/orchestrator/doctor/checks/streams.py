"""Standard output and input, which carry the protocol: who else writes or reads there."""

from __future__ import annotations

from collections.abc import Iterator

from pywatt.orchestrator.doctor.evidence import Evidence, Output
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import frame_quote, shown_place


def check_streams(evidence: Evidence) -> Iterator[Finding]:
    """Look at what was written to standard output and read from standard input.

    Args:
        evidence: what was seen.
    """
    diagnostics = evidence.diagnostics
    guarded = evidence.module.env.get("PYWATT_STDIO_GUARD", "").lower() not in ("0", "false")
    if diagnostics is not None:
        for output in diagnostics.outputs:
            yield _print(output, evidence, guarded=guarded)
        for place in diagnostics.inputs:
            yield Finding(
                FindingCode.READS_STDIN,
                Severity.WARNING,
                "It reads standard input, which is the orchestrator's: there is nothing to read.",
                "Take what you need from the environment, from secrets, or from messages.",
                where=shown_place(place, evidence),
                quote=frame_quote(evidence, place),
            )
    if evidence.noise_count and not (diagnostics is not None and diagnostics.outputs):
        yield _noise(evidence)


def _print(output: Output, evidence: Evidence, *, guarded: bool) -> Finding:
    times = "once" if output.count == 1 else f"{output.count} times"
    where = shown_place(output.place, evidence)
    what = f"It prints to standard output, {times}: {output.text.splitlines()[0]!r}. "
    if guarded:
        what += "It goes to the module's log; without the guard (PYWATT_STDIO_GUARD=false) it would break the protocol."
    else:
        what += "The guard is off, so it goes into the protocol, which skips it and may lose a line with it."
    return Finding(
        FindingCode.PRINT_ON_STDOUT,
        Severity.NOTE if guarded else Severity.ERROR,
        what,
        "Use logging, which has levels, times and no secrets: logging.getLogger(__name__).info(...).",
        where=where,
        quote=frame_quote(evidence, output.place),
    )


def _noise(evidence: Evidence) -> Finding:
    count = evidence.noise_count
    lines = "1 line" if count == 1 else f"{count} lines"
    return Finding(
        FindingCode.NOISE_ON_STDOUT,
        Severity.WARNING,
        f"It writes {lines} to standard output that are not the protocol; they are skipped, and lost.",
        "Standard output carries one JSON document a line and nothing else: write logs to standard error.",
        where="standard output",
        quote=evidence.noise[:5],
    )
