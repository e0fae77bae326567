"""docs/doctor.md and the findings name the same codes."""

import re
from pathlib import Path

from pywatt.orchestrator.doctor.findings import FindingCode

PAGE = Path(__file__).parents[4] / "docs" / "doctor.md"


def test_every_code_has_a_line_and_every_line_a_code() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(code.value for code in FindingCode)
