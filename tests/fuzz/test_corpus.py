"""Every decoder on its stored inputs, its bombs and thousands of made ones: the variants end alike."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
TARGETS = sorted(folder.name for folder in CORPUS.iterdir())


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.parametrize("target", TARGETS)
def test_hostile_inputs_end_alike(cores: dict[str, ModuleType], target: str, tmp_path: Path) -> None:
    done = fuzz(
        "--target", target, "--executions", "1500", "--seed", "7", "--bomb-bytes", "20000", "--quiet",
        "--finds", str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_decoder_has_stored_inputs() -> None:
    assert sorted(fuzz("--list").stdout.split()) == TARGETS


def test_stored_inputs_are_small() -> None:
    assert [file for file in CORPUS.rglob("*") if file.is_file() and file.stat().st_size >= 4096] == []
