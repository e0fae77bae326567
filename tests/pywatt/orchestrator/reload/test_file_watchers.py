"""Files are watched by notification or by looking; both tell the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pywatt.orchestrator.reload.file_watchers import (
    FileWatcher,
    NotifiedWatcher,
    PollingWatcher,
    file_watcher,
)
from pywatt.orchestrator.supervision.program_files import fingerprint

DEADLINE = 20.0


class Watched:
    """A watcher, and whether it has told of anything."""

    def __init__(self, kind: Callable[[Callable[[], None]], FileWatcher]) -> None:
        self.told = asyncio.Event()
        self.watcher = kind(self.told.set)

    async def until_seen(self, path: Path, before: object) -> None:
        """Wait as those do who are told: they compare each time."""
        async with asyncio.timeout(DEADLINE):
            while fingerprint(path) == before:
                await self.told.wait()
                self.told.clear()


@pytest.fixture(params=["notified", "polling"])
async def watched(request: pytest.FixtureRequest) -> AsyncIterator[Watched]:
    if request.param == "notified":
        pytest.importorskip("watchfiles")
    made = Watched(NotifiedWatcher if request.param == "notified" else PollingWatcher)
    yield made
    await made.watcher.close()


async def told(watched: Watched) -> None:
    async with asyncio.timeout(DEADLINE):
        await watched.told.wait()


async def listening(watched: Watched, *files: Path) -> None:
    """Watch, and let the beginning pass, at which either kind may tell."""
    watched.watcher.watch(files)
    await asyncio.sleep(0.6)
    watched.told.clear()


async def test_a_file_that_is_written_is_told_of(watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("old")
    await listening(watched, file)
    file.write_text("newer")
    await told(watched)


async def test_a_file_that_is_replaced_as_editors_do_is_told_of(watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("old")
    await listening(watched, file)
    (tmp_path / "module.py.new").write_text("new")
    os.replace(tmp_path / "module.py.new", file)
    await told(watched)


async def test_a_file_that_comes_to_be_and_one_that_goes_are_told_of(
    watched: Watched, tmp_path: Path
) -> None:
    file = tmp_path / "module.py"
    await listening(watched, file)
    file.write_text("new")
    await told(watched)
    watched.told.clear()
    file.unlink()
    await told(watched)


async def test_the_set_of_files_may_change(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    first, second = tmp_path / "first.py", tmp_path / "package" / "second.py"
    first.write_text("old")
    second.write_text("old")
    await listening(watched, first)
    await listening(watched, second)
    second.write_text("newer")
    await told(watched)


async def test_a_directory_that_does_not_exist_is_waited_for(watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "package" / "module.py"
    await listening(watched, file, tmp_path / "other.py")
    file.parent.mkdir()
    file.write_text("new")
    await told(watched)


@pytest.mark.parametrize("error", [OSError("no space left"), RuntimeError("Too many open files")], ids=repr)
async def test_without_notifications_the_files_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, error: Exception
) -> None:
    watchfiles = pytest.importorskip("watchfiles")

    async def refuse(*_paths: Path, **_options: object) -> AsyncIterator[None]:
        raise error
        yield

    monkeypatch.setattr(watchfiles, "awatch", refuse)
    file = tmp_path / "module.py"
    file.write_text("old")
    watched = Watched(NotifiedWatcher)
    await listening(watched, file)
    file.write_text("newer")
    await told(watched)
    await watched.watcher.close()
    assert f"files cannot be watched by notification ({error}): they are looked at" in caplog.text


async def test_the_one_to_use_is_the_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, str]] = []
    pytest.importorskip("watchfiles")
    first = file_watcher(lambda: None, lambda level, text: lines.append((level, text)))
    assert isinstance(first, NotifiedWatcher)
    assert not lines
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    second = file_watcher(lambda: None, lambda level, text: lines.append((level, text)))
    assert isinstance(second, PollingWatcher)
    assert [level for level, _ in lines] == ["INFO"]
    await second.close()
    await first.close()
