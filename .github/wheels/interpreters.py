"""Finds the interpreters that wheels are built for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
PROBE = (
    "import sys, venv, ensurepip; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], "
    "hasattr(sys, '_is_gil_enabled') and not sys._is_gil_enabled())"
)


@dataclass(frozen=True)
class Interpreter:
    """A CPython that can make virtual environments.

    Attributes:
        version: major and minor, as "3.12".
        path: the executable.
    """

    version: str
    path: Path


def find_interpreters(wanted: list[str] | None, say: Callable[[str], None]) -> list[Interpreter]:
    """The first working CPython of each wanted version, and a line about each that is there or is not."""
    found = []
    for version in wanted or VERSIONS:
        path = next((path for path in candidates(version) if works(path, version)), None)
        say(f"Python {version}: {path or 'not found, so no wheel for it'}")
        if path is not None:
            found.append(Interpreter(version, path))
    return found


def candidates(version: str) -> Iterator[Path]:
    """pyenv's versions first, as its shims on PATH run only what is switched on; then PATH."""
    pyenv = shutil.which("pyenv")
    if pyenv is not None:
        listed = run([pyenv, "versions", "--bare"]).split()
        for name in sorted(listed, reverse=True):
            if name.startswith(f"{version}."):
                yield Path(run([pyenv, "prefix", name]).strip(), "bin", f"python{version}")
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)


def works(path: Path, version: str) -> bool:
    return run([path, "-c", PROBE]).split() == ["cpython", version, "False"]


def run(command: list[str | Path]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
