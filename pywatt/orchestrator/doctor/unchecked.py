"""What an examination could not check, and why: it never guesses in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from pywatt.orchestrator.doctor.checks.endpoints import calls_during
from pywatt.orchestrator.doctor.checks.secrets import mentioned
from pywatt.orchestrator.doctor.evidence import Diagnostics, Evidence, Probe
from pywatt.orchestrator.doctor.findings import Unchecked

MAX_NAMES: Final = 8
_REFUSALS: Final = {
    401: "it wants a login",
    403: "it is forbidden",
    400: "it wants more than a path",
    422: "it wants parameters",
}
_REDIRECTS: Final = range(300, 400)


def list_unchecked(evidence: Evidence) -> Iterator[Unchecked]:
    """List what was not checked.

    Args:
        evidence: what was seen.
    """
    if evidence.ready is None:
        yield Unchecked(
            "its endpoints, handlers, heartbeats and stop", "it was never ready: mend what keeps it first"
        )
    yield from _own_account(evidence)
    yield from _endpoints(evidence)
    yield from _handlers(evidence)
    yield from _calls(evidence)
    yield from _secrets(evidence)
    if any("orchestrator_api" in text for text in evidence.source_texts.values()):
        yield Unchecked(
            "what it asks of orchestrator_api", "no gateway runs here, and the requests are refused"
        )
    if evidence.stop is not None and evidence.stop.children is None:
        yield Unchecked("whether it leaves processes behind", "this system does not tell when a process ends")


def _own_account(evidence: Evidence) -> Iterator[Unchecked]:
    diagnostics = evidence.diagnostics
    if diagnostics is None:
        yield Unchecked(
            "imports, blocking calls, prints, duplicate handlers, unused secrets",
            "the process does not run pywatt's SDK, or did not get that far, and tells nothing about itself",
        )
        return
    if "import of the module" in diagnostics.phases and not evidence.is_python:
        yield Unchecked(
            "how long its imports take", "its command had loaded the file before pywatt was there"
        )
    if not diagnostics.complete:
        yield Unchecked(
            "all that it did after a while", "it did so much that the recording reached its bound"
        )
    if evidence.ready is not None:
        yield Unchecked(
            "what C code and child processes write to standard output", "only Python's own writes are seen"
        )


def _endpoints(evidence: Evidence) -> Iterator[Unchecked]:
    by_reason: dict[str, list[str]] = {}
    for endpoint, reason in evidence.skipped:
        by_reason.setdefault(reason, []).append(endpoint)
    for probe in evidence.probes:
        reason = _not_seen(probe, evidence)
        if reason:
            by_reason.setdefault(reason, []).append(f"GET {probe.path}")
    for reason, endpoints in by_reason.items():
        yield Unchecked(_names(endpoints), reason)


def _not_seen(probe: Probe, evidence: Evidence) -> str:
    called = Counter(call.module for call in calls_during(probe, evidence))
    if called:
        return f"it calls {', '.join(called)}, which does not run here"
    if probe.status is None:
        return ""
    if probe.status in _REDIRECTS:
        return f"it answered {probe.status}, and where it leads was not followed"
    if probe.status in _REFUSALS:
        return f"it answered {probe.status}: {_REFUSALS[probe.status]}"
    return ""


def _handlers(evidence: Evidence) -> Iterator[Unchecked]:
    diagnostics = evidence.diagnostics
    if evidence.ready is not None and diagnostics is not None and diagnostics.endpoints:
        yield Unchecked(
            f"message handlers {_names(list(diagnostics.endpoints))}",
            "nobody calls them here: pywatt call does",
        )


def _calls(evidence: Evidence) -> Iterator[Unchecked]:
    names = list(dict.fromkeys(f"{call.module}.{call.endpoint}" for call in evidence.calls))
    if names:
        yield Unchecked(
            f"calls to {_names(names)}", "the module is examined alone: they were answered `module_not_found`"
        )


def _secrets(evidence: Evidence) -> Iterator[Unchecked]:
    diagnostics: Diagnostics | None = evidence.diagnostics
    if diagnostics is None or evidence.announcement is None:
        return
    unread = [
        name
        for name in diagnostics.declared_secrets
        if name not in diagnostics.read_secrets and mentioned(name, evidence)
    ]
    if unread:
        yield Unchecked(f"the use of {_names(unread)}", "it is read only in code that did not run here")


def _names(names: list[str]) -> str:
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
