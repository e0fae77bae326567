"""Builds the source archive and, from it, wheels."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
from collections.abc import Callable
from pathlib import Path

from interpreters import Interpreter

WISHES = {"compiled": "require", "interpreted": "forbid"}


class Tools:
    """The builder and the repairer, in an environment of their own: pyproject.toml names them as a group."""

    def __init__(self, root: Path, folder: Path) -> None:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if sys.platform == "win32" else "bin")
        run_quietly([self.bin / "python", "-m", "pip", "install", *project["dependency-groups"]["wheels"]])

    def run(self, arguments: list[str | Path]) -> None:
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        run_quietly([self.bin / "python", "-m", *arguments], {"PATH": path})


def run_quietly(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Runs a command, and shows what it printed only when it fails."""
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        print(done.stdout)
        raise SystemExit(f"failed: {' '.join(map(str, command))}")


def build_archive(tools: Tools, root: Path, folder: Path) -> Path:
    tools.run(["build", "--sdist", "--outdir", folder, root])
    (archive,) = folder.glob("pywatt-*.tar.gz")
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    """The one folder that a source archive holds."""
    with tarfile.open(archive) as content:
        # As an argument it is newer than Python 3.11.0.
        content.extraction_filter = getattr(tarfile, "data_filter", None)
        content.extractall(folder)  # noqa: S202
    (source,) = folder.iterdir()
    return source


def build_wheel(interpreter: Interpreter, archive: Path, core: str, work: Path) -> Path:
    """Builds from a fresh copy of the source: of an archive, pip may have the other core's wheel cached."""
    folder = work / f"{core}-{interpreter.version}"
    source = unpack(archive, folder / "source")
    builder = folder / "builder"
    run_quietly([interpreter.path, "-m", "venv", builder])
    run_quietly(
        [
            builder / "bin" / "python",
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--wheel-dir",
            folder / "built",
            source,
        ],
        {"PYWATT_BUILD_EXT": WISHES[core]},
    )
    (wheel,) = (folder / "built").glob("*.whl")
    return wheel


def repair(tools: Tools, wheel: Path, folder: Path, say: Callable[[str], None]) -> Path:
    """Checks what the wheel asks of the system, and gives it the manylinux tag that says so."""
    if sys.platform != "linux":
        say(f"{wheel.name}: not repaired, auditwheel is for Linux; cibuildwheel does it on {sys.platform}")
        return wheel.rename(folder / wheel.name)
    before = set(folder.glob("*.whl"))
    tools.run(["auditwheel", "repair", "--wheel-dir", folder, wheel])
    (repaired,) = set(folder.glob("*.whl")) - before
    return repaired
