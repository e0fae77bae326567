"""A module that was given up as crash-looping is started again when somebody has worked on its file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from supervised import BARE, READY, Workshop, workshop

from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.supervision import program_files as watching
from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt.orchestrator.supervision.program_files import program_files

__all__ = ["workshop"]


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_INTERVAL", 0.01)


async def given_up(workshop: Workshop) -> ManagedModule:
    module = workshop.start(workshop.configuration("one", "sys.exit(3)\n")).modules["one"]
    await workshop.until_state(module, ModuleState.CRASH_LOOPING)
    return module


async def test_a_changed_file_starts_it_again(workshop: Workshop) -> None:
    module = await given_up(workshop)
    assert workshop.recorder.said("is not started again before", "one")
    workshop.script("one", READY)
    await workshop.until_state(module, ModuleState.READY)
    assert workshop.recorder.said("one.py was changed", "one")
    assert module.last_error is None


async def test_a_change_that_mends_nothing_ends_as_before(workshop: Workshop) -> None:
    module = await given_up(workshop)
    workshop.script("one", "sys.exit(4)\n")
    await workshop.until(lambda: workshop.states("one").count(ModuleState.CRASH_LOOPING) == 2)
    assert "code 4" in str(module.last_error)


async def test_a_file_that_is_written_anew_by_renaming_counts(workshop: Workshop) -> None:
    module = await given_up(workshop)
    (workshop.folder / "new").write_text(BARE + READY)
    (workshop.folder / "new").rename(workshop.folder / "one.py")
    await workshop.until_state(module, ModuleState.READY)


async def test_a_start_by_hand_and_a_stop_end_the_watch(workshop: Workshop) -> None:
    module = await given_up(workshop)
    module.start()
    await workshop.until(lambda: workshop.states("one").count(ModuleState.CRASH_LOOPING) == 2)
    await module.stop()
    workshop.script("one", READY)
    module.start()
    await workshop.until_state(module, ModuleState.READY)
    assert not workshop.recorder.said("was changed", "one")


def test_the_files_are_those_that_the_configuration_names(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text("")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "web.py").write_text("")

    def files(**program: object) -> list[Path]:
        return program_files(ModuleConfiguration(name="one", directory=tmp_path, **program))  # type: ignore[arg-type]

    assert files(run="web.py") == [tmp_path / "web.py"]
    assert files(run="shop.web") == [tmp_path / "shop" / "web.py"]
    assert files(app="shop.web:app") == [tmp_path / "shop" / "web.py"]
    assert files(command=[sys.executable, "web.py", "--fast"]) == [tmp_path / "web.py"]
    assert files(command=["./web.py", "--fast"]) == [tmp_path / "web.py"]
    assert files(command=[sys.executable, "-c", "pass"]) == [Path(sys.executable)]
    assert files(command=["surely-not-here"]) == []
