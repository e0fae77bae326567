"""A command that starts another Python than the one that pywatt is installed for."""

from __future__ import annotations

import sys
from typing import Final

from pywatt.orchestrator.doctor.evidence import Evidence, Interpreter
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import log_quote

OLDEST: Final = (3, 11)


def python_mismatch(evidence: Evidence) -> Finding | None:
    """Tell whether the Python of a command is why its script, which is meant for pywatt, did not come up.

    Args:
        evidence: what was seen.
    """
    interpreter = evidence.interpreter
    if evidence.ready is not None or interpreter is None or not interpreter.version:
        return None
    if _is_too_old(interpreter):
        reason = f"pywatt needs {OLDEST[0]}.{OLDEST[1]} or newer"
    elif not interpreter.has_pywatt:
        reason = "it has no pywatt"
    else:
        return None
    return Finding(
        FindingCode.PYTHON_MISMATCH,
        Severity.ERROR,
        f"`{interpreter.command}` is Python {interpreter.version} in {interpreter.prefix}: {reason}.",
        f"Name the Python of your environment in the command, {sys.executable}, or install pywatt there.",
        where=interpreter.command,
        quote=log_quote(evidence.log, 3),
    )


def _is_too_old(interpreter: Interpreter) -> bool:
    numbers = [int(part) for part in interpreter.version.split(".")[:2] if part.isdigit()]
    return tuple(numbers) < OLDEST
