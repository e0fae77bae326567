"""The steps of a start: how long each took, and in which one a start stands."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from pywatt.observe.diagnostic_records import StartPhase
from pywatt.orchestrator.doctor.evidence import Evidence

BEFORE: Final = "interpreter and pywatt"
LAST: Final = "first health check or heartbeat"
_DOING: Final[dict[str, str]] = {
    StartPhase.INTRODUCED: "waiting for its first line",
    StartPhase.LOADED: "importing the module",
    StartPhase.CONNECTED: "connecting the channels",
    StartPhase.SECRETS: "waiting for secrets",
    StartPhase.STATE: "running the `state` function",
    StartPhase.FUNCTION: "running the module's function",
    StartPhase.STARTUP: "starting the application (lifespan)",
    StartPhase.BOUND: "binding an address",
    StartPhase.ANNOUNCED: "collecting the endpoints",
}


def start_steps(evidence: Evidence) -> list[tuple[str, float]]:
    """Return the steps of a start and how long each took in seconds, in their order.

    Seconds in which the machine ran others do not count: a busy one makes no module slow.

    Args:
        evidence: what was seen of a module that became ready.
    """
    diagnostics = evidence.diagnostics
    points = [("", evidence.spawned, 0.0)]
    if diagnostics is not None and diagnostics.phases:
        starved = diagnostics.starved
        points.append((BEFORE, diagnostics.began, diagnostics.began_starved))
        points += [(name, at, starved.get(name, 0.0)) for name, at in diagnostics.phases.items()]
    assert evidence.ready is not None
    points.append((LAST, evidence.ready, evidence.starved))
    return [
        (name, max(0.0, later - earlier - max(0.0, after - before)))
        for (_, earlier, before), (name, later, after) in pairwise(points)
    ]


def step_name(step: str) -> str:
    """Return what is done in a step, in words that follow "while" or "goes into".

    Args:
        step: as in `start_steps`.
    """
    return _DOING.get(step, step)


def running_step(evidence: Evidence) -> str:
    """Return what a start that did not come to its end was doing; empty when that is not known.

    Args:
        evidence: what was seen.
    """
    phases = {} if evidence.diagnostics is None else evidence.diagnostics.phases
    following = (
        later for earlier, later in pairwise(StartPhase) if earlier in phases and later not in phases
    )
    return next((step_name(step) for step in following), "")
