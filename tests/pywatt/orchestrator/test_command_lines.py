"""What people are told to type about a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from pywatt.orchestrator.command_lines import for_file, how_to_start


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pywatt.toml", "pywatt logs -f"),
        ("shop/pywatt.toml", "pywatt logs -f --file shop/pywatt.toml"),
        ("my-f.toml", "pywatt logs -f --file my-f.toml"),
        ("my shop/café.toml", "pywatt logs -f --file 'my shop/café.toml'"),
    ],
)
def test_a_file_that_is_not_the_usual_one_is_named(file: str, command: str) -> None:
    assert for_file("pywatt logs -f", file) == command


def test_the_usual_file_need_not_be_named_whatever_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert for_file("pywatt ps", str(tmp_path / "pywatt.toml")) == "pywatt ps"


@pytest.mark.parametrize(
    ("file", "advice"),
    [
        ("pywatt.toml", "start it with: pywatt up -d"),
        ("two words.toml", "start it with: pywatt up -d --file 'two words.toml'"),
        ("hello.py", "start it with: pywatt run hello.py"),
        ("gone.toml", "there is no such file; name another with --file"),
        ("folder", "it is a directory; name a file in it: --file folder/pywatt.toml"),
    ],
)
def test_how_something_is_started_depends_on_what_it_is(
    file: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pywatt.toml", "two words.toml", "hello.py"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert how_to_start(file) == advice
