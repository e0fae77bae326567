"""Where the orchestrator finds the secrets that modules ask for."""

import os
from collections.abc import Mapping
from typing import Final

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem
from pywatt.orchestrator.configuration.settings import Configuration
from pywatt.orchestrator.configuration.values import RefusedValueError, check_secret_name
from pywatt.orchestrator.secrets.secret_file import read_secret_file

ENVIRONMENT: Final = "the environment"


class SecretSources:
    """All sources of a configuration, in its order; files are read once, here.

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

    def __init__(self, configuration: Configuration, environment: Mapping[str, str] | None = None) -> None:
        self.warnings = []
        self.places = []
        self._sources: list[tuple[str, Mapping[str, str]]] = []
        problems: list[ConfigurationProblem] = []
        for source in configuration.secrets.sources:
            if source == "env":
                self.places.append(ENVIRONMENT)
                self._sources.append((ENVIRONMENT, os.environ if environment is None else environment))
                continue
            try:
                content = read_secret_file(configuration.directory / source)
            except ConfigurationError as error:
                problems += error.problems
                continue
            self.places.append(source if content is not None else f"{source} (there is no such file)")
            if content is not None:
                self.warnings += content.warnings
                self._sources.append((source, content.values))
        if problems:
            raise ConfigurationError(problems)

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
