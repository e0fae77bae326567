"""The example that `make demo` shows."""

import subprocess
import sys
from pathlib import Path

import pytest

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.mark.timeout(180)
def test_the_tour_of_the_shop_succeeds() -> None:
    done = subprocess.run(
        [sys.executable, SHOP / "tour.py", "--once"], capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout


@pytest.mark.timeout(300)
def test_every_command_of_the_recorded_session_leaves_as_the_page_says() -> None:
    done = subprocess.run(
        [sys.executable, SHOP / "session.py"], capture_output=True, text=True, timeout=290, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
