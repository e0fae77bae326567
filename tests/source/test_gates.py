"""What stands between a change and a release: the gate on speed, and the list of a release's artefacts."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
TIME_FACTOR = 1.15
INSTRUCTION_FACTOR = 1.05


def load(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of a folder whose files import each other by their bare names."""
    monkeypatch.syspath_prepend(str(folder))
    return importlib.import_module(name)


@pytest.fixture
def verdict(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load("verdict", ROOT / "benches" / "regression", monkeypatch)


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load("complete", ROOT / ".github" / "wheels", monkeypatch)


# --- speed


@pytest.mark.parametrize(
    ("times", "instructions", "words", "failed"),
    [
        ((1e-6, 1.0), (1000, 1000), "", False),
        ((1e-6, 1.15), (1000, 1050), "", False),
        ((1e-6, 1.16), (1000, 1000), "SLOWER", True),
        ((1e-6, 0.5), (1000, 1051), "MORE INSTRUCTIONS", True),
        ((1e-6, 2.0), (1000, 2000), "SLOWER, MORE INSTRUCTIONS", True),
        ((1e-6, 1.0), None, "", False),
        ((None, 0.0), (None, 1000), "new", False),
        (None, None, "GONE", True),
    ],
)
def test_a_subject_fails_when_it_became_slower_or_is_gone_and_not_when_it_is_new(
    verdict: ModuleType, times: object, instructions: object, words: str, failed: bool
) -> None:
    found = verdict.judge("subject", times, instructions, TIME_FACTOR, INSTRUCTION_FACTOR)
    assert (found.words, found.failed) == (words, failed)


def test_every_subject_runs_on_the_core_of_today(monkeypatch: pytest.MonkeyPatch, core: ModuleType) -> None:
    subjects = load("subjects", ROOT / "benches" / "regression", monkeypatch)
    assert list(subjects.prepare(core)) == list(subjects.SUBJECTS)


# --- releases

PLATFORMS = [
    "manylinux2014_x86_64.manylinux_2_17_x86_64",
    "manylinux_2_27_aarch64.manylinux_2_28_aarch64",
    "musllinux_1_2_x86_64",
    "musllinux_1_2_aarch64",
    "macosx_11_0_arm64",
    "macosx_10_13_x86_64",
    "win_amd64",
]
RELEASE = [
    "pywatt-0.1.0.tar.gz",
    "pywatt-0.1.0-py3-none-any.whl",
    *(
        f"pywatt-0.1.0-{python}-{python}-{platform}.whl"
        for python in ("cp311", "cp312", "cp313")
        for platform in PLATFORMS
    ),
]


def test_a_whole_release_is_accepted(complete: ModuleType) -> None:
    assert complete.problems_of_names(RELEASE) == []


@pytest.mark.parametrize("missing", RELEASE)
def test_whatever_is_missing_is_named(complete: ModuleType, missing: str) -> None:
    (problem,) = complete.problems_of_names([name for name in RELEASE if name != missing])
    assert "missing" in problem or "0 source archives" in problem


@pytest.mark.parametrize(
    "name",
    [
        "pywatt-0.1.0-cp311-cp311-linux_x86_64.whl",
        "pywatt-0.1.0-cp314-cp314-win_amd64.whl",
        "pywatt-0.1.1-py3-none-any.whl",
        "wheels.json",
    ],
)
def test_whatever_does_not_belong_to_it_is_named(complete: ModuleType, name: str) -> None:
    assert complete.problems_of_names([*RELEASE, name]) == [f"{name}: not an artefact of a release"]


def test_two_wheels_for_one_place_are_named(complete: ModuleType) -> None:
    second = "pywatt-0.1.0-cp311-cp311-musllinux_1_1_x86_64.whl"
    (problem,) = complete.problems_of_names([*RELEASE, second])
    assert second in problem
