"""Where the orchestrator finds the secrets that modules ask for."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem
from pywatt.orchestrator.configuration.settings import Configuration
from pywatt.orchestrator.configuration.values import RefusedValueError, check_secret_name
from pywatt.orchestrator.secrets.secret_file import read_secret_file

ENVIRONMENT: Final = "the environment"


class SecretSources:
    """All sources of a configuration, in its order; files are read here and by `reload`.

    Args:
        configuration: names the sources; files are relative to its directory.
        environment: what the source `env` means; None: the environment of this process.

    Attributes:
        warnings: what a careful person would change about the files, without any value.
        places: every source by name, in their order, those that are not there included.

    Raises:
        ConfigurationError: everything that is wrong with the files.
    """

    warnings: list[str]
    places: list[str]
    _sources: list[tuple[str, Mapping[str, str]]]

    def __init__(self, configuration: Configuration, environment: Mapping[str, str] | None = None) -> None:
        self._configuration = configuration
        self._environment = os.environ if environment is None else environment
        self.reload()

    @property
    def files(self) -> list[Path]:
        """The files among the sources, absolute; one that is optional may not exist."""
        sources = self._configuration.secrets.sources
        return [self._configuration.directory / source for source in sources if source != "env"]

    def reload(self) -> None:
        """Read all files again; after an error everything is as it was.

        Raises:
            ConfigurationError: everything that is wrong with the files.
        """
        warnings: list[str] = []
        places: list[str] = []
        sources: list[tuple[str, Mapping[str, str]]] = []
        problems: list[ConfigurationProblem] = []
        for source in self._configuration.secrets.sources:
            if source == "env":
                places.append(ENVIRONMENT)
                sources.append((ENVIRONMENT, self._environment))
                continue
            try:
                content = read_secret_file(self._configuration.directory / source)
            except ConfigurationError as error:
                problems += error.problems
                continue
            places.append(source if content is not None else f"{source} (there is no such file)")
            if content is not None:
                warnings += content.warnings
                sources.append((source, content.values))
        if problems:
            raise ConfigurationError(problems)
        self.warnings, self.places, self._sources = warnings, places, sources

    def get(self, name: str) -> str | None:
        """Return a secret, or None when no source has it.

        From here on its value is removed from everything that this process logs.

        Args:
            name: 1 to 256 characters; a name that no secret can have is not found.
        """
        found = self.find(name)
        return None if found is None else found[0]

    def find(self, name: str) -> tuple[str, str] | None:
        """Return a secret and the source that has it, or None when no source has it.

        Args:
            name: as for `get`.
        """
        try:
            check_secret_name(name)
        except RefusedValueError:
            return None
        for place, values in self._sources:
            value = values.get(name)
            if value is not None:
                register_secret(value)
                return value, place
        return None

    def __repr__(self) -> str:
        return f"SecretSources({len(self._sources)} sources)"
