"""Secrets while somebody works on the modules: their files change, and so does what a module declares."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from pywatt.orchestrator.secrets.declared_secrets import allowed_secrets, withheld_names

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration
    from pywatt.orchestrator.links.control_operations import SecretDesk
    from pywatt.orchestrator.secrets.secret_sources import SecretSources


class ReloadedSecrets:
    """Keeps what modules may ask for, and what they get, up to date.

    Args:
        modules: the configuration of each module.
        desks: decide what each module may be told.
        sources: where the values are.
        environment: what every module inherits; names that become secrets are taken out of it.
    """

    def __init__(
        self,
        modules: Mapping[str, ModuleConfiguration],
        desks: Mapping[str, SecretDesk],
        sources: SecretSources,
        environment: MutableMapping[str, str],
    ) -> None:
        self._modules = modules
        self._desks = desks
        self._sources = sources
        self._environment = environment
        self.files = frozenset(sources.files)

    def files_of(self, module: str) -> frozenset[Path]:
        """Return the files that may hold secrets of a module; none for one that may ask for nothing.

        Args:
            module: its name.
        """
        return frozenset() if allowed_secrets(self._modules[module]) == [] else self.files

    def declared_anew(self, module: str) -> None:
        """Take over what the newest text of a module declares.

        Args:
            module: its name.
        """
        configuration = self._modules[module]
        self._desks[module].allow(allowed_secrets(configuration))
        for name in withheld_names(configuration):
            self._environment.pop(name, None)

    def reload(self) -> None:
        """Read the files again; after an error everything is as it was.

        Raises:
            ConfigurationError: everything that is wrong with the files.
        """
        self._sources.reload()
