"""Where the logs of a configuration lie, for whoever reads them; nothing needs to run."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

from pywatt.orchestrator.command_lines import how_to_start
from pywatt.orchestrator.logs.log_directory import LOGS_IN_RUN_DIRECTORY, file_name, read_file_name
from pywatt.orchestrator.logs.stored_lines import OpenLogFile
from pywatt.orchestrator.processes.run_location import locate
from pywatt.root_error import PyWattSDKError

_MAX_CONFIGURATION: Final = 1024 * 1024


class NoLogsError(PyWattSDKError):
    """Nothing was ever logged: the configuration has never run, or its run directory has gone.

    Args:
        configuration: the file.
        directory: where logs would lie.

    Attributes:
        advice: what a person can do about it.
    """

    def __init__(self, configuration: str, directory: str) -> None:
        super().__init__(f"{configuration} has logged nothing yet: there is no {directory}")
        self.advice = how_to_start(configuration)


class StoredLogs:
    """The log files of one configuration.

    Args:
        directory: where they lie; it need not be there yet.
        modules: those that the configuration names.
    """

    def __init__(self, directory: str, modules: tuple[str, ...] = ()) -> None:
        self.directory = directory
        self.modules = modules

    def exist(self) -> bool:
        """Tell whether anything was ever logged."""
        return os.path.isdir(self.directory)

    def names(self) -> list[str]:
        """Return the logs there are, and the modules that have none yet, sorted."""
        return sorted({*self._logs(), *self.modules})

    def path(self, log: str, number: int = 0) -> str:
        """Return the path of a file.

        Args:
            log: whose.
            number: as in its name; 0 is the one that is written to.
        """
        return os.path.join(self.directory, file_name(log, number))

    def numbers(self, log: str) -> list[int]:
        """Return the numbers of a log's full files, the newest first.

        Args:
            log: whose.
        """
        return sorted(number for name, number in map(read_file_name, self._list()) if name == log and number)

    def open(self, log: str, number: int = 0) -> OpenLogFile | None:
        """Return a file opened, None when it is not there or not to be read.

        Args:
            log: whose.
            number: as in its name.
        """
        try:
            return OpenLogFile(self.path(log, number))
        except OSError:
            return None

    def identity(self, log: str, number: int = 0) -> tuple[int, int] | None:
        """Return what tells a file from all others whatever its name, None when it is not there.

        Args:
            log: whose.
            number: as in its name.
        """
        try:
            status = os.stat(self.path(log, number), follow_symlinks=False)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _logs(self) -> set[str]:
        return {name for name, _ in map(read_file_name, self._list()) if name is not None}

    def _list(self) -> list[str]:
        try:
            return os.listdir(self.directory)
        except OSError:
            return []


def find_logs(configuration: str) -> StoredLogs:
    """Return the logs of a configuration.

    Only what is needed is read of the file, and nothing is checked: logs can be read when the file is broken,
    and when it is gone.

    Args:
        configuration: the file; for `pywatt run` that of the module.
    """
    settings = _settings(configuration)
    logs, modules = settings.get("logs"), settings.get("modules")
    names = tuple(modules) if isinstance(modules, dict) else ()
    directory = logs.get("directory") if isinstance(logs, dict) else None
    if isinstance(directory, str):
        return StoredLogs(os.path.join(os.path.dirname(os.path.realpath(configuration)), directory), names)
    return StoredLogs(os.path.join(locate(configuration).directory, LOGS_IN_RUN_DIRECTORY), names)


def _settings(configuration: str) -> dict[str, Any]:
    if not configuration.endswith(".toml"):
        return {}
    import tomllib

    with contextlib.suppress(OSError, ValueError, RecursionError), open(configuration, "rb") as file:
        return tomllib.loads(file.read(_MAX_CONFIGURATION).decode())
    return {}
