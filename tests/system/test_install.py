"""Installing the project as a user does: in a fresh environment, on a machine that may have no compiler."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from orchestrators import Orchestrator

ROOT = Path(__file__).parents[2]
IN_CHECKOUT = (ROOT / ".git").exists()
NO_COMPILER = {"CC": "/nonexistent", "CXX": "/nonexistent"}
# What pip says where it reaches no package index.
UNREACHABLE = (
    "No matching distribution found",
    "Could not find a version",
    "NewConnectionError",
    "timed out",
)
HELLO = """
from pywatt import pywatt_module

@pywatt_module
async def main(state):
    async def application(scope, receive, send):
        if scope["type"] != "http":
            return
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})

    return application
"""
CORE = """
import importlib.metadata, importlib.util, sys, pywatt_fast
print(pywatt_fast.COMPILED, pywatt_fast.__file__.startswith(sys.prefix))
requirements = importlib.metadata.requires("pywatt")
print(importlib.util.find_spec("librt"), [one for one in requirements if "librt" in one])
"""

pytestmark = pytest.mark.timeout(300)


def environment(**settings: str) -> dict[str, str]:
    """Ours without what would lead to the checkout, or choose a core."""
    foreign = ("PYTHONPATH", "PYWATT_", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | settings


def python(venv: Path) -> Path:
    return venv / "bin" / "python"


def run(command: list[str | Path], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(**settings),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
    )  # fmt: skip


def run_well(command: list[str | Path], folder: Path, **settings: str) -> str:
    """What a command prints that has to succeed; without a package index the test cannot run."""
    done = run(command, folder, **settings)
    if done.returncode != 0 and any(text in done.stdout for text in UNREACHABLE) and not os.environ.get("CI"):
        pytest.skip("needs a package index")
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project as it stands, with nothing that was built in it."""
    copy = tmp_path_factory.mktemp("source") / "pywatt"
    if IN_CHECKOUT:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
    else:
        built = shutil.ignore_patterns("*.so", "__pycache__", "*.egg-info", "build", "dist", ".*")
        shutil.copytree(ROOT, copy, ignore=built)
    yield copy
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """An environment in which somebody without a compiler has said `pip install`."""
    venv = tmp_path_factory.mktemp("user") / "venv"
    run_well([sys.executable, "-m", "venv", venv], venv.parent)
    run_well([python(venv), "-m", "pip", "install", source], venv.parent, **NO_COMPILER)
    return venv


@pytest.fixture(scope="module")
def packager(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that can build projects, offline: setuptools is there and mypy is not."""
    venv = tmp_path_factory.mktemp("packager") / "venv"
    run_well([sys.executable, "-m", "venv", venv], venv.parent)
    run_well([python(venv), "-m", "pip", "install", "setuptools>=77", "wheel"], venv.parent)
    assert run([python(venv), "-c", "import mypy"], venv.parent).returncode != 0
    return venv


@pytest.fixture(scope="module")
def archive(packager: Path, source: Path) -> Path:
    run_well([python(packager), "setup.py", "--quiet", "sdist"], source)
    (found,) = (source / "dist").glob("pywatt-*.tar.gz")
    return found


# --- without a compiler


def test_the_interpreted_core_is_installed_and_librt_is_not(user: Path) -> None:
    assert run_well([python(user), "-c", CORE], user.parent).splitlines() == ["False True", "None []"]


def test_the_version_says_which_core_it_is(user: Path) -> None:
    lines = run_well([user / "bin" / "pywatt", "version"], user.parent).splitlines()
    assert ["core", "interpreted"] in [line.split() for line in lines]


async def test_a_module_answers(user: Path, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "run").mkdir(mode=0o700)
    process = await asyncio.create_subprocess_exec(
        user / "bin" / "pywatt", "run", "hello.py", "--listen", "127.0.0.1:0",
        cwd=tmp_path, env=environment(PYWATT_RUN_DIR=str(tmp_path / "run")),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    orchestrator = Orchestrator(process, tmp_path)
    try:
        await orchestrator.until_ready(name="")
        assert await orchestrator.get("/") == "hello"
        assert await orchestrator.stop() == 0
    finally:
        await orchestrator.close()


def test_a_compiled_core_that_is_required_is_refused_in_plain_words(packager: Path, source: Path) -> None:
    command = [python(packager), "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", source]
    done = run(command, packager.parent, PYWATT_BUILD_EXT="require", **NO_COMPILER)
    assert done.returncode != 0
    assert "PYWATT_BUILD_EXT=require, but no working C compiler" in done.stdout


# --- from the source archive


def test_the_source_archive_builds_a_wheel_for_any_python_without_mypy(
    packager: Path, archive: Path, tmp_path: Path
) -> None:
    with tarfile.open(archive) as content:
        # As an argument it is newer than Python 3.11.0.
        content.extraction_filter = getattr(tarfile, "data_filter", None)
        content.extractall(tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    command = [python(packager), "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", unpacked]
    run_well(command, tmp_path, PYWATT_BUILD_EXT="forbid")
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"pywatt", "pywatt_fast"}
    assert {Path(name).suffix for name in names if ".dist-info/" not in name} == {".py", ".typed"}


def test_the_source_archive_holds_the_tests_and_nothing_that_was_built(archive: Path) -> None:
    with tarfile.open(archive) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    assert names >= {
        "setup.py", "pyproject.toml", "LICENSE-MIT", "LICENSE-APACHE", "pywatt_fast/py.typed",
        "tests/conftest.py", "tests/wire/vectors/ops.json", "docs/environment.md", "examples/shop/tour.py",
    }  # fmt: skip
    assert [name for name in names if name.endswith((".so", ".c", ".pyc"))] == []
    assert [name for name in names if name.startswith(("benches", ".github", "tests/source"))] == []
