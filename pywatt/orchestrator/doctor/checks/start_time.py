"""A start that takes long: which imports, and what else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pywatt.observe.diagnostic_records import StartPhase
from pywatt.orchestrator.doctor.checks.start_steps import BEFORE, start_steps, step_name
from pywatt.orchestrator.doctor.evidence import Evidence, ImportTime
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import shown_place

SLOW: Final = 1.0
"""Seconds to readiness from which a start is slow."""

MAX_IMPORTS: Final = 6
WORTH_TELLING: Final = 0.05


def check_start_time(evidence: Evidence) -> Iterator[Finding]:
    """Tell where the time went when a start is slow.

    Args:
        evidence: what was seen.
    """
    if evidence.ready is None:
        return
    steps = start_steps(evidence)
    seconds = sum(time for _, time in steps)
    # What every module needs before its own code runs is not its doing; a command may be its own launcher.
    common = sum(time for name, time in steps if name == BEFORE) if evidence.is_python else 0.0
    if seconds - common < SLOW:
        return
    name, longest = max(steps, key=lambda step: step[1])
    deadline = evidence.module.start_timeout
    half = seconds > deadline / 2
    told = f" Most of it, {longest:.1f} s, goes into {step_name(name)}." if len(steps) > 1 else ""
    yield Finding(
        FindingCode.SLOW_START,
        Severity.ERROR if half else Severity.WARNING,
        f"It takes {seconds:.1f} s to become ready, of the {deadline:g} s that it may take.{told}",
        _cure(name),
        where=_where(name, evidence),
        quote=(*_quoted_steps(steps), *_quoted_imports(evidence)) if len(steps) > 1 else (),
    )


def costly_imports(imports: Sequence[ImportTime]) -> list[ImportTime]:
    """Return the imports that cost most and that the author can do something about.

    An import counts as a whole where a line of the author's code asked for it, and not again for what that
    imports in turn.

    Args:
        imports: all that were measured.
    """
    asked_for = [one for one in imports if one.place.own] or imports
    outer = [one for one in asked_for if one.importer is None or _is_first(one, imports)]
    return sorted(outer, key=lambda one: one.whole_seconds, reverse=True)[:MAX_IMPORTS]


def _is_first(one: ImportTime, imports: Sequence[ImportTime]) -> bool:
    """Whether no package stands between it and the line that asked for it."""
    importer = next((other for other in imports if other.name == one.importer), None)
    return importer is None or importer.place.place != one.place.place


def _quoted_steps(steps: Sequence[tuple[str, float]]) -> Iterator[str]:
    for name, seconds in steps:
        if seconds >= WORTH_TELLING:
            yield f"{seconds:6.2f} s  {step_name(name)}"


def _quoted_imports(evidence: Evidence) -> Iterator[str]:
    if evidence.diagnostics is None:
        return
    imports = evidence.diagnostics.imports
    for one in costly_imports(imports):
        if one.whole_seconds < WORTH_TELLING:
            continue
        yield f"{one.whole_seconds:6.2f} s    import {one.name}, by {shown_place(one.place, evidence)}"
        inner = [other for other in imports if other.place.place == one.place.place and other is not one]
        for other in sorted(inner, key=lambda each: each.own_seconds, reverse=True)[:2]:
            if other.own_seconds >= WORTH_TELLING:
                yield f"{other.own_seconds:6.2f} s      in {other.name}, by {other.importer}"


def _cure(step: str) -> str:
    if step == StartPhase.LOADED:
        return "Import what is slow inside the function that needs it, or not at all."
    if step in (StartPhase.STATE, StartPhase.FUNCTION, StartPhase.STARTUP):
        return "Do slow work after the start: state.run(...) runs it beside the module."
    return "Raise start_timeout in pywatt.toml if it has to take this long."


def _where(step: str, evidence: Evidence) -> str:
    if step != StartPhase.LOADED or evidence.diagnostics is None:
        return ""
    costly = costly_imports(evidence.diagnostics.imports)
    return shown_place(costly[0].place, evidence) if costly else ""
