"""The example that `make demo` shows."""

import subprocess
import sys
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / "examples" / "shop" / "tour.py"


@pytest.mark.timeout(180)
def test_the_tour_of_the_shop_succeeds() -> None:
    done = subprocess.run(
        [sys.executable, TOUR, "--once"], capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
