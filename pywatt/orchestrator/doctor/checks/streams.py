"""Standard output and input, which carry the protocol: who else writes or reads there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pywatt.orchestrator.doctor.checks.start_failures import start_failure
from pywatt.orchestrator.doctor.evidence import Evidence, Output
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import frame_quote, shown_place

MAX_PLACES: Final = 5
MAX_SHOWN: Final = 80
_USE_LOGGING: Final = "Use logging: it has levels and times. logging.getLogger(__name__).info(...)"


def check_streams(evidence: Evidence) -> Iterator[Finding]:
    """Look at what was written to standard output and read from standard input.

    Args:
        evidence: what was seen.
    """
    diagnostics = evidence.diagnostics
    guarded = evidence.module.env.get("PYWATT_STDIO_GUARD", "").lower() not in ("0", "false")
    if diagnostics is not None:
        # A handler of logs that writes there has pywatt's own lines to write, too.
        outputs = [one for one in diagnostics.outputs if one.place.own or "/logging/" not in one.place.file]
        for output in outputs[:MAX_PLACES]:
            yield _print(output, evidence, guarded=guarded)
        others = outputs[MAX_PLACES:]
        if others:
            yield _print_elsewhere(others, evidence)
        ended = any("EOFError" in error.bases for error in start_failure(evidence))
        for place in diagnostics.inputs:
            yield Finding(
                FindingCode.READS_STDIN,
                Severity.ERROR if ended else Severity.WARNING,
                "It reads standard input, which is the orchestrator's: there is nothing to read"
                + (", and its start ends with that." if ended else "."),
                "Take what you need from the environment, from secrets, or from messages.",
                where=shown_place(place, evidence),
                quote=frame_quote(evidence, place),
            )
    if evidence.noise_count and not (diagnostics is not None and diagnostics.outputs):
        yield _noise(evidence)


def _print(output: Output, evidence: Evidence, *, guarded: bool) -> Finding:
    times = "1 line" if output.count == 1 else f"{output.count} lines"
    where = shown_place(output.place, evidence)
    text = output.text if len(output.text) <= MAX_SHOWN else f"{output.text[:MAX_SHOWN]}..."
    what = f"It prints to standard output, {times}: {text!r}. "
    if guarded:
        what += (
            "That goes to its log; without the guard (PYWATT_STDIO_GUARD=false) it would break the protocol."
        )
    else:
        what += "The guard is off, so it goes into the protocol, which skips it and may lose a line with it."
    return Finding(
        FindingCode.PRINT_ON_STDOUT,
        Severity.NOTE if guarded else Severity.ERROR,
        what,
        _USE_LOGGING,
        where=where,
        quote=frame_quote(evidence, output.place),
    )


def _print_elsewhere(outputs: Sequence[Output], evidence: Evidence) -> Finding:
    places = "1 more place" if len(outputs) == 1 else f"{len(outputs)} more places"
    return Finding(
        FindingCode.PRINT_ON_STDOUT,
        Severity.NOTE,
        f"It prints to standard output in {places}.",
        _USE_LOGGING,
        where=shown_place(outputs[0].place, evidence),
        quote=tuple(shown_place(output.place, evidence) for output in outputs[:10]),
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
