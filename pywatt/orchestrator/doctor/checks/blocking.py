"""Calls that keep the event loop from turning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pywatt.observe.diagnostic_records import SHORTEST_BLOCK
from pywatt.orchestrator.doctor.evidence import Block, Evidence
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import own_frame, shown_place, stack_quote

LONG: Final = 0.5
"""Seconds from which a block is told that happens before anything is served, or in code of others alone."""

HEARTBEAT: Final = 5.0
"""Seconds after which a heartbeat is missed."""

_CURES: Final = {
    "sleep": "await asyncio.sleep(...)",
    "urlopen": "an asynchronous client such as httpx.AsyncClient, or await asyncio.to_thread(...)",
    "request": "an asynchronous client such as httpx.AsyncClient, or await asyncio.to_thread(...)",
    "run": "await asyncio.create_subprocess_exec(...), or await asyncio.to_thread(...)",
}


def check_blocking(evidence: Evidence) -> Iterator[Finding]:
    """Tell each place that blocked once, with its longest time.

    Args:
        evidence: what was seen.
    """
    diagnostics = evidence.diagnostics
    worst: dict[str, Block] = {}
    for block in () if diagnostics is None else diagnostics.blocks:
        if block.seconds is None and evidence.ran_out_of_time:
            continue  # it is why the module never announced itself, and is told as that
        # Short ones count where the author's own code causes them and others wait.
        counts = _serving(block, evidence) and own_frame(block.stack) is not None
        if _length(block, evidence) >= (SHORTEST_BLOCK if counts else LONG):
            place = _place(block)
            if place not in worst or _length(block, evidence) > _length(worst[place], evidence):
                worst[place] = block
    for block in worst.values():
        yield _finding(block, evidence)


def _finding(block: Block, evidence: Evidence) -> Finding:
    frame = own_frame(block.stack) or block.stack[-1]
    seconds = _length(block, evidence)
    lasted = f"stands still for {seconds:.1f} s" if block.seconds is not None else "stood still to the end"
    grave = seconds >= HEARTBEAT or block.seconds is None
    serving = _serving(block, evidence)
    cure = f"Use {_cure(frame.text)}"
    return Finding(
        FindingCode.BLOCKING_CALL,
        Severity.ERROR if grave else Severity.WARNING,
        f"The event loop {lasted}, {_when(block, evidence)}: {_effect(grave, serving)}.",
        f"{cure}, or a plain `def` handler, which runs in a thread." if serving else f"{cure}.",
        where=shown_place(frame, evidence),
        quote=stack_quote(evidence, block.stack),
    )


def _effect(grave: bool, serving: bool) -> str:
    if not serving:
        return "nothing is answered meanwhile"
    if grave:
        return "heartbeats are missed, and the module is restarted"
    return "all other requests and calls wait"


def _cure(text: str) -> str:
    if text.startswith(("import ", "from ")):
        return "an import at the top of the file, which happens before there is an event loop"
    for name, cure in _CURES.items():
        if f".{name}(" in text or text.startswith(f"{name}("):
            return cure
    return "await asyncio.to_thread(...)"


def _when(block: Block, evidence: Evidence) -> str:
    if not _serving(block, evidence):
        return "while the module starts"
    for probe in evidence.probes:
        if probe.began <= block.began <= probe.began + probe.seconds:
            return f"under GET {probe.path}"
    return "while nothing was asked of it"


def _serving(block: Block, evidence: Evidence) -> bool:
    phases = {} if evidence.diagnostics is None else evidence.diagnostics.phases
    announced = phases.get("announcement")
    return announced is not None and block.began >= announced


def _length(block: Block, evidence: Evidence) -> float:
    return block.seconds if block.seconds is not None else max(0.0, evidence.seconds)


def _place(block: Block) -> str:
    return (own_frame(block.stack) or block.stack[-1]).place
