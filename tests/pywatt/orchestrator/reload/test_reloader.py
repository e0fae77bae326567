"""What a saved file does to modules; all of them are real processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from supervised import READY, Workshop, workshop

from pywatt.orchestrator.configuration.settings import Configuration, ModuleConfiguration
from pywatt.orchestrator.links.control_operations import SecretDesk
from pywatt.orchestrator.reload.debouncing import SETTLE_TIME
from pywatt.orchestrator.reload.reloaded_secrets import ReloadedSecrets
from pywatt.orchestrator.reload.reloader import Reloader
from pywatt.orchestrator.secrets.secret_sources import SecretSources
from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["workshop"]


class Work:
    """Modules on which somebody works."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.reloader: Reloader
        self.modules: Mapping[str, ManagedModule] = {}
        (workshop.folder / "pywatt.toml").touch()
        (workshop.folder / ".env").write_text("NAME=value\n")
        (workshop.folder / ".env").chmod(0o600)

    def configuration(self, name: str, text: str = READY, **settings: Any) -> ModuleConfiguration:
        return self.workshop.configuration(name, text, **settings)

    async def begin(self, *configurations: ModuleConfiguration) -> None:
        folder = self.workshop.folder
        by_name = {configuration.name: configuration for configuration in configurations}
        sources = SecretSources(Configuration(folder / "pywatt.toml", folder, modules=by_name), {})
        desks = {name: SecretDesk(name, [], sources) for name in by_name}
        supervisor = self.workshop.supervise(*configurations, desks=desks, reloading=True)
        self.reloader = Reloader(
            supervisor,
            ReloadedSecrets(by_name, desks, sources, {}),
            folder / "pywatt.toml",
            self.workshop.record.loaded_files_path,
            self.workshop.recorder,
        )
        self.modules = supervisor.modules
        supervisor.start_all()

    async def until(self, name: str, state: ModuleState) -> None:
        await self.workshop.until_state(self.modules[name], state)

    async def until_restarted(self, name: str, times: int = 1) -> None:
        module = self.modules[name]
        await self.workshop.until(
            lambda: module.restarts == times and module.is_ready, f"restart {times} of {name}"
        )


@pytest.fixture
async def work(workshop: Workshop) -> AsyncIterator[Work]:
    made = Work(workshop)
    yield made
    await made.reloader.close()


async def test_the_script_that_a_command_names_restarts_its_module_alone(work: Work) -> None:
    await work.begin(work.configuration("one"), work.configuration("two"))
    await work.until("one", ModuleState.READY)
    await work.until("two", ModuleState.READY)
    work.workshop.script("one", "# changed\n" + READY)
    await work.until_restarted("one")
    assert work.workshop.recorder.said("one.py changed: restarting one")
    assert work.modules["two"].restarts == 0


async def test_a_module_that_does_not_start_waits_for_the_next_save(work: Work) -> None:
    await work.begin(work.configuration("one", 'raise SystemExit("no coffee today")\n'))
    await work.until("one", ModuleState.FAILED)
    assert "no coffee today" in (work.reloader.failure("one") or "")
    work.workshop.script("one", READY)
    await work.until("one", ModuleState.READY)
    assert ModuleState.BACKING_OFF not in work.workshop.states("one")


async def test_a_module_that_somebody_stopped_stays_stopped(work: Work) -> None:
    await work.begin(work.configuration("one"), work.configuration("two"))
    await work.until("one", ModuleState.READY)
    await work.until("two", ModuleState.READY)
    await work.modules["one"].stop()
    work.workshop.script("one", "# changed\n" + READY)
    work.workshop.script("two", "# changed\n" + READY)
    await work.until_restarted("two")
    assert work.modules["one"].state is ModuleState.STOPPED


async def test_a_changed_configuration_is_told_and_not_read(work: Work) -> None:
    await work.begin(work.configuration("one"))
    await work.until("one", ModuleState.READY)
    (work.workshop.folder / "pywatt.toml").write_text("# changed\n")
    await work.workshop.recorder.until_said(
        "pywatt.toml changed: it is read when pywatt dev is started again"
    )
    assert work.modules["one"].restarts == 0


async def test_changed_secrets_restart_those_who_may_ask_for_any(work: Work) -> None:
    await work.begin(work.configuration("one", secrets=["NAME"]), work.configuration("two"))
    await work.until("one", ModuleState.READY)
    await work.until("two", ModuleState.READY)
    (work.workshop.folder / ".env").write_text("NAME=other-value\n")
    await work.until_restarted("one")
    assert work.modules["two"].restarts == 0


async def test_a_secret_that_is_declared_while_the_module_waits_for_others_is_given(work: Work) -> None:
    text = "from pywatt import pywatt_module\n\n@pywatt_module\nasync def main(state): pass\n"
    second = work.workshop.folder / "second.py"
    second.write_text(text)
    await work.begin(
        work.configuration("first", "sys.exit(1)\n"),
        ModuleConfiguration(name="second", run="second.py", directory=work.workshop.folder, after=["first"]),
    )
    await work.until("first", ModuleState.FAILED)
    second.write_text(text.replace("@pywatt_module", '@pywatt_module(secrets=["NAME"])'))
    work.workshop.script("first", READY)
    await work.until("second", ModuleState.READY)


async def test_secrets_that_cannot_be_read_change_nothing_until_they_can(work: Work) -> None:
    await work.begin(work.configuration("one", secrets=["NAME"]))
    await work.until("one", ModuleState.READY)
    (work.workshop.folder / ".env").write_text("no setting\n")
    await work.workshop.recorder.until_said("the secrets stay as they were: ")
    assert work.modules["one"].restarts == 0
    (work.workshop.folder / ".env").write_text("NAME=a-third-value\n")
    await work.until_restarted("one")


async def test_changes_during_a_restart_end_with_the_last_text(work: Work) -> None:
    await work.begin(work.configuration("one"))
    await work.until("one", ModuleState.READY)
    for number in range(20):
        work.workshop.script("one", f"log('text {number}')\n" + READY)
        await asyncio.sleep(0.05)
    await work.workshop.recorder.until_logged("text 19")
    await work.until("one", ModuleState.READY)
    assert work.workshop.recorder.logged("text ")[-1] == "text 19"


async def test_nothing_is_restarted_once_all_are_being_stopped(work: Work) -> None:
    await work.begin(work.configuration("one"), work.configuration("two"))
    await work.until("one", ModuleState.READY)
    await work.until("two", ModuleState.READY)
    await work.reloader.close()
    work.workshop.script("two", "# changed\n" + READY)
    await work.modules["one"].stop()
    await asyncio.sleep(3 * SETTLE_TIME)
    assert work.modules["two"].state is ModuleState.READY
    assert not work.workshop.recorder.said("changed: restarting")
