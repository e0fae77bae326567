"""Gives a module another process when one of its files was changed; the other modules stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pywatt.orchestrator.configuration.errors import ConfigurationError
from pywatt.orchestrator.reload.debouncing import Debounce
from pywatt.orchestrator.reload.file_watchers import FileWatcher, file_watcher
from pywatt.orchestrator.reload.module_files import ModuleFiles
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt.orchestrator.supervision.program_files import fingerprint

if TYPE_CHECKING:
    from pywatt.orchestrator.reload.reloaded_secrets import ReloadedSecrets
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.supervisor import Supervisor
    from pywatt.orchestrator.supervision.surroundings import Reporter

# What somebody has stopped stays so, and what waits for others has read nothing yet.
_LEFT_ALONE: Final = frozenset({ModuleState.IDLE, ModuleState.WAITING, ModuleState.STOPPED})


class Reloader:
    """Watches the files of all modules.

    Args:
        supervisor: of the modules.
        secrets: files of secrets, and who uses them.
        configuration: the file that describes the modules; None where there is none.
        report_path: where the processes of a module report what they have loaded.
        reporter: where it tells what it does.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        secrets: ReloadedSecrets,
        configuration: Path | None,
        report_path: Callable[[str], str],
        reporter: Reporter,
    ) -> None:
        self._modules: Mapping[str, ManagedModule] = supervisor.modules
        self._secrets = secrets
        self._configuration = configuration
        self._reporter = reporter
        self._files = {
            name: ModuleFiles(module.configuration, Path(report_path(name)), partial(secrets.files_of, name))
            for name, module in self._modules.items()
        }
        self._asked: set[str] = set()
        self._closed = False
        watched = secrets.files if configuration is None else secrets.files | {configuration}
        self._seen = {path: fingerprint(path) for path in watched}
        self._unusable: frozenset[Path] = frozenset()
        self._debounce = Debounce(self._examine)
        self._watcher: FileWatcher = file_watcher(self._debounce.changed, reporter.event)
        supervisor.on_change(self._state_changed)

    def failure(self, module: str) -> str | None:
        """Returns what keeps a module from starting, as well as that is known.

        Args:
            module: its name.
        """
        return self._files[module].failure or self._modules[module].last_error

    async def close(self) -> None:
        """Watches nothing any more, and leaves modules that are still running as they are."""
        self._closed = True
        self._debounce.close()
        await self._watcher.close()
        for files in self._files.values():
            files.report.unlink(missing_ok=True)

    def _state_changed(self, module: ManagedModule, _before: ModuleState) -> None:
        if self._closed:
            return
        files = self._files[module.name]
        if module.state is ModuleState.STARTING:
            self._asked.discard(module.name)
            files.begin_process()
            # Here, not when the change was seen: this process reads what was written last.
            self._secrets.declared_anew(module.name)
        else:
            files.read_report()
            if module.state is ModuleState.READY:
                files.forget_unused()
            # What was written since the process read it has not been compared yet.
            self._debounce.changed()
        self._watch()

    def _watch(self) -> None:
        self._watcher.watch(
            self._seen.keys() | {path for files in self._files.values() for path in files.paths}
        )

    def _examine(self) -> None:
        self._look_at_shared()
        learned = False
        for name, files in self._files.items():
            before = files.paths
            files.read_report()
            learned = learned or files.paths != before
            changed = [path for path in files.changed() if path not in self._unusable]
            if changed and name not in self._asked:
                self._reload(self._modules[name], changed)
        if learned:
            self._watch()

    def _reload(self, module: ManagedModule, changed: list[Path]) -> None:
        if module.state in _LEFT_ALONE:
            return
        self._asked.add(module.name)
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        self._reporter.event("INFO", f"{changed[0].name}{more} changed: restarting {module.name}")
        module.request_restart()

    def _look_at_shared(self) -> None:
        now = {path: fingerprint(path) for path in self._seen}
        changed = {path for path, found in now.items() if found != self._seen[path]}
        self._seen = now
        if self._configuration in changed:
            self._reporter.event(
                "WARN", f"{self._configuration.name} changed: it is read when pywatt dev is started again"
            )
        if changed & self._secrets.files:
            try:
                self._secrets.reload()
            except ConfigurationError as error:
                self._unusable = self._secrets.files
                self._reporter.event("ERROR", f"the secrets stay as they were: {error}")
            else:
                self._unusable = frozenset()
