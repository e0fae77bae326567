"""The temporary directories of examinations: each is removed, also when its examination was killed."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from pywatt.orchestrator.doctor.scratch import PREFIX, YOUNG, scratch_directory


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder: Path) -> None:
    then = time.time() - YOUNG - 1
    os.utime(folder, (then, then))


def left(base: Path) -> Path:
    """What a killed examination leaves."""
    folder = base / f"{PREFIX}left"
    (folder / "run").mkdir(parents=True)
    (folder / "run" / "records").write_text("{}")
    return folder


def test_it_is_gone_afterwards(base: Path) -> None:
    with scratch_directory() as folder:
        (folder / "records").write_text("{}")
        assert folder.parent == base
    assert list(base.iterdir()) == []


def test_one_that_was_left_is_removed(base: Path) -> None:
    age(left(base))
    with scratch_directory() as folder:
        assert list(base.iterdir()) == [folder]


def test_one_in_use_is_not(base: Path) -> None:
    with scratch_directory() as used:
        age(used)
        with scratch_directory():
            assert used.is_dir()


def test_nor_is_one_that_was_made_just_now(base: Path) -> None:
    young = left(base)
    with scratch_directory():
        assert young.is_dir()


def test_nor_is_what_a_link_leads_to(base: Path) -> None:
    target = base / "precious"
    target.mkdir()
    age(target)
    (base / f"{PREFIX}link").symlink_to(target)
    with scratch_directory():
        assert target.is_dir()
