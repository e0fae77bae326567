"""The names that `import pywatt.testing` offers: pinned, and loaded only when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pywatt.testing

PUBLIC = {
    "check_conformance",
    "conformance_cases",
    "ConformanceCase",
    "Status",
    "CaseResult",
    "ConformanceReport",
    "AnnouncedEndpoint",
    "Announcement",
    "ConformanceError",
    "Exit",
    "HttpAnswer",
    "Identification",
    "ModuleEndedError",
    "NotSeenError",
    "ReferenceDriver",
    "RotationAnswer",
    "RoutedCall",
    "Transcript",
    "TranscriptEntry",
    "Violation",
}


def test_the_public_names_are_these() -> None:
    assert set(pywatt.testing.__all__) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pywatt.testing, name) is not None
    assert name in dir(pywatt.testing)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        pywatt.testing.Nonsense


def test_the_driver_loads_no_test_framework_and_no_client() -> None:
    code = "import sys\nfrom pywatt.testing import ReferenceDriver\nprint('\\n'.join(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    for heavy in ("pytest", "aiohttp", "click", "rich", "pywatt.module", "pywatt.orchestrator"):
        assert heavy not in ended.stdout.split()
