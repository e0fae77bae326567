"""Two installed cores: that of another revision, and that of the working tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

MAIN = ("origin/main", "main")
KEPT = "pywatt-*.whl"


@dataclass(frozen=True)
class Side:
    """One of the two that are compared, in an environment of its own."""

    name: str
    python: Path


def git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, stdout=subprocess.PIPE, check=True).stdout


def exists(root: Path, revision: str) -> bool:
    command = ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    return subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=False).returncode == 0


def merge_base(root: Path, wanted: str | None) -> str:
    """The commit to compare with: the wanted one, or where this branch left main."""
    if wanted is not None:
        return git(root, "rev-parse", "--verify", f"{wanted}^{{commit}}").decode().strip()
    for main in MAIN:
        if exists(root, main):
            return git(root, "merge-base", "HEAD", main).decode().strip()
    raise SystemExit(f"neither {' nor '.join(MAIN)} is known here: say BASE=revision")


def base_side(root: Path, work: Path, revision: str) -> Side:
    """The core of a commit. Its wheel is kept: it never changes."""
    tag = f"{sys.implementation.cache_tag}-{revision}"
    kept = work / "wheels" / tag
    if not any(kept.glob(KEPT)):
        source = fresh(work / "base-source")
        with tarfile.open(fileobj=BytesIO(git(root, "archive", "--format=tar", revision))) as content:
            # As an argument it is newer than Python 3.11.0.
            content.extraction_filter = getattr(tarfile, "data_filter", None)
            content.extractall(source)
        build(source, kept)
    return Side("base", install(next(kept.glob(KEPT)), work / "base", None))


def head_side(root: Path, work: Path, base: Side) -> Side:
    """The core of the working tree, committed or not, with the very dependencies that the base got."""
    source = fresh(work / "head-source")
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0")
    for name in filter(None, listed):
        if (root / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, source / name)
    wheels = fresh(work / "wheels" / "head")
    build(source, wheels)
    frozen = subprocess.run(
        [base.python, "-m", "pip", "freeze", "--exclude", "pywatt"], stdout=subprocess.PIPE, check=True
    ).stdout
    constraints = work / "constraints.txt"
    constraints.write_bytes(frozen)
    return Side("head", install(next(wheels.glob(KEPT)), work / "head", constraints))


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def build(source: Path, folder: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--wheel-dir", folder, source]
    subprocess.run(command, env={**os.environ, "PYWATT_BUILD_EXT": "require"}, check=True)


def install(wheel: Path, folder: Path, constraints: Path | None) -> Path:
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    limits: list[str | Path] = ["--constraint", constraints] if constraints else []
    subprocess.run([python, "-m", "pip", "install", "--quiet", *limits, wheel], check=True)
    return python
