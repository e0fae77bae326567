"""What docs/testing.md promises, typed in as it prints it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, blocks, python_files

from pywatt.testing import sections

PAGE = ROOT / "docs" / "testing.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in python_files().items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_its_tests_pass(folder: Path) -> None:
    (test,) = blocks(PAGE, "python")
    (folder / "test_hello.py").write_text(test)
    done = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hello.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_its_command_prints_what_it_shows(folder: Path) -> None:
    (console,) = blocks(PAGE, "console")
    command, *shown = console.splitlines()
    words = shlex.split(command.removeprefix("$ "))
    assert words[0] == "python"
    done = run(folder, *(sys.executable if word == "python" else word for word in words[1:]))
    assert done.returncode == 0, done.stdout + done.stderr
    for line in shown:
        assert line == "..." or line in done.stdout.splitlines(), line


def test_it_lists_every_section_that_a_violation_can_name() -> None:
    listed = set()
    for document, numbers in re.findall(r"^\| ([a-z ]+) ([0-9][^|]*) \|", PAGE.read_text(), re.MULTILINE):
        listed |= {f"{document} {number}" for number in re.findall(r"(?<![D.])\d+(?:\.\d+)?", numbers)}
    named = {
        text.partition(":")[0].partition(",")[0] for name, text in vars(sections).items() if name.isupper()
    }
    assert named <= listed
