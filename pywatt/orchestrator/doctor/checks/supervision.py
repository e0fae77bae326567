"""What the supervision warned of while it did its work, and no other check explains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pywatt.orchestrator.doctor.evidence import Evidence
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity

MAX_WARNINGS: Final = 10
_TOLD_ELSEWHERE: Final = re.compile(
    r"gets no secret|skipped a payload|did not end .* after SIGTERM|not ready|before it announced itself"
    r"|exited with code|was ended by|notification from|answer from|heartbeat|cannot (start|be started)"
    r"|too short or too common"
)


def check_supervision(evidence: Evidence) -> Iterator[Finding]:
    """Pass on what the supervision warned of.

    Args:
        evidence: what was seen.
    """
    others = [text for text in evidence.warnings if _TOLD_ELSEWHERE.search(text) is None]
    for text in others[:MAX_WARNINGS]:
        yield Finding(
            FindingCode.ORCHESTRATOR_WARNING,
            Severity.NOTE,
            f"The orchestrator warns: {text.rstrip('.')}.",
            "Under `pywatt up` the same line stands in the log.",
        )
