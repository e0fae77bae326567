"""Handlers of messages and of requests that stand in each other's way."""

from __future__ import annotations

from collections.abc import Iterator

from pywatt.orchestrator.console.log_entry import entry_from, read_json_line
from pywatt.orchestrator.doctor.evidence import Evidence
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import frame_quote, own_frame, shown_path


def check_handlers(evidence: Evidence) -> Iterator[Finding]:
    """Look for handlers that were registered twice.

    Args:
        evidence: what was seen.
    """
    diagnostics = evidence.diagnostics
    for error in () if diagnostics is None else diagnostics.failure:
        if "DuplicateHandler" not in error.bases:
            continue
        first, second = (_place(error.details.get(name), evidence) for name in ("first", "second"))
        frame = own_frame(error.stack)
        yield Finding(
            FindingCode.DUPLICATE_HANDLER,
            Severity.ERROR,
            f"The message endpoint {error.details.get('endpoint')!r} has two handlers: {first} and {second}.",
            "Remove one of them, or give it another name.",
            where=second,
            quote=() if frame is None else frame_quote(evidence, frame),
        )
    for route in () if diagnostics is None else diagnostics.duplicate_routes:
        first, second = _place(route.first, evidence), _place(route.second, evidence)
        yield Finding(
            FindingCode.DUPLICATE_HANDLER,
            Severity.WARNING,
            f"{route.method} {route.path} has two handlers: {first} and {second}; only the first is called.",
            "Remove one of them, or give it another path.",
            where=second,
        )
    yield from _replaced(evidence)


def _replaced(evidence: Evidence) -> Iterator[Finding]:
    """Handlers of all that one module sends: the second takes the place of the first, and the log says so."""
    for line in evidence.log:
        document = read_json_line(line.text)
        entry = None if document is None else entry_from(document)
        if entry is None or not entry.message.endswith("get another handler"):
            continue
        first, second = (_place(entry.fields.get(name), evidence) for name in ("first", "second"))
        yield Finding(
            FindingCode.DUPLICATE_HANDLER,
            Severity.WARNING,
            f"{entry.message.capitalize()}: {second} takes the place of {first}.",
            "Register one handler for a module, or remove the first with remove_module_message_handler.",
            where=second,
        )


def _place(value: object, evidence: Evidence) -> str:
    """`price (/home/me/shop.py:12)` with a path that is short."""
    text = value if isinstance(value, str) else "a handler"
    name, bracket, place = text.partition(" (")
    return f"{name} ({shown_path(place, evidence)}" if bracket else text
