"""Which module is examined, from what the user named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from pywatt.orchestrator.configuration.checks import check_target, find_module_file
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem, did_you_mean
from pywatt.orchestrator.configuration.loading import (
    configuration_for_file,
    load_configuration,
)
from pywatt.orchestrator.configuration.settings import (
    DEFAULT_FILE,
    Configuration,
    ModuleConfiguration,
    RestartConfiguration,
)
from pywatt.orchestrator.configuration.values import Sdk, is_import_path

STOP_TIMEOUT: Final = 6.0
"""Seconds that a stop may take at most here: nobody waits for a doctor as long as for a busy module."""


@attrs.frozen
class Subject:
    """What is examined.

    Attributes:
        target: what the user named.
        configuration: with that module alone.
        module: its table, with the deadlines of the examination.
        any_secret: whether it may ask for any secret: nothing says yet which it needs.
        start_timeout: how long it may take to become ready where it really runs, in seconds.
    """

    target: str
    configuration: Configuration
    module: ModuleConfiguration
    any_secret: bool
    start_timeout: float

    @property
    def source(self) -> Path | None:
        """The author's file that is started; None for a command that names none."""
        return source_file(self.module)


def subject_for(
    target: str,
    *,
    file: str | None = None,
    env: Mapping[str, str] | None = None,
    secret_files: Sequence[str] = (),
    patience: float | None = None,
) -> Subject:
    """Return the module that a target names.

    Args:
        target: a Python file, an import path, `package.module:name`, or a module's name in a configuration.
        file: the configuration; None: `pywatt.toml` where it is, for a target that is neither file nor path.
        env: added to the module's environment.
        secret_files: files of secrets, which win over all other sources.
        patience: how long it may take to become ready, in seconds; None: as long as where it really runs.

    Raises:
        ConfigurationError: there is no such module, or its configuration is not valid.
    """
    if file is not None or _names_a_module_of_the_default_file(target):
        configuration = load_configuration(file or DEFAULT_FILE)
        module = configuration.modules.get(target)
        if module is None:
            raise _no_such_module(target, configuration)
        extra = configuration_for_secrets(env, secret_files, configuration)
        module = attrs.evolve(module, env={**module.env, **(env or {})})
        return _subject(target, extra, module, any_secret=False, patience=patience)
    if Path(target).is_dir() and not (Path(target) / "__init__.py").is_file():
        raise _directory(target)
    configuration = configuration_for_file(target, env=env, secret_files=secret_files)
    module = next(iter(configuration.modules.values()))
    return _subject(target, configuration, module, any_secret=False, patience=patience)


def subject_for_command(
    command: Sequence[str],
    *,
    sdk: Sdk = "pywatt",
    env: Mapping[str, str] | None = None,
    secret_files: Sequence[str] = (),
    patience: float | None = None,
) -> Subject:
    """Return the module that a command starts in the current directory.

    Args:
        command: the program and its arguments.
        sdk: what the program is built with, as in a configuration.
        env, secret_files, patience: as for `subject_for`.

    Raises:
        ConfigurationError: there is no such program, or no such file of secrets.
    """
    directory = Path.cwd()
    module = ModuleConfiguration(
        name=_command_name(command), command=list(command), directory=directory, env=dict(env or {}), sdk=sdk
    )
    problems = [
        ConfigurationProblem(Path(command[0]), None, "", problem.what, problem.expected, problem.suggestion)
        for problem in check_target(module, ())
    ]
    if problems:
        raise ConfigurationError(problems)
    whole = configuration_for_secrets(None, secret_files, Configuration(directory / "command", directory))
    return _subject(" ".join(command), whole, module, any_secret=True, patience=patience)


def configuration_for_secrets(
    env: Mapping[str, str] | None, secret_files: Sequence[str], configuration: Configuration
) -> Configuration:
    """Return a configuration whose first sources of secrets are these files.

    Args:
        env: checked as `pywatt run` checks it.
        secret_files: the files, relative to the current directory.
        configuration: what is completed.

    Raises:
        ConfigurationError: there is no such file, or a variable is not valid.
    """
    from pywatt.orchestrator.configuration.loading import check_variables, secret_file_source

    check_variables(env or {})
    first = [str(Path.cwd() / secret_file_source(name, Path.cwd())) for name in secret_files]
    sources = [*first, *(source for source in configuration.secrets.sources if source not in first)]
    return attrs.evolve(configuration, secrets=attrs.evolve(configuration.secrets, sources=sources))


def source_file(module: ModuleConfiguration) -> Path | None:
    """Return the Python file that a module is started from; None when there is none to be seen.

    Args:
        module: its configuration.
    """
    if module.command is not None:
        scripts = [module.directory / argument for argument in module.command if argument.endswith(".py")]
        return next((script for script in scripts if script.is_file()), None)
    target = module.run or (module.app or "").partition(":")[0]
    if module.run is not None and not is_import_path(target):
        return module.directory / target
    found = find_module_file(target, module)
    return found if found is not None and found.suffix == ".py" else None


def _subject(
    target: str,
    configuration: Configuration,
    module: ModuleConfiguration,
    *,
    any_secret: bool,
    patience: float | None,
) -> Subject:
    examined = attrs.evolve(
        module,
        after=[],
        start_timeout=module.start_timeout if patience is None else patience,
        stop_timeout=min(module.stop_timeout, STOP_TIMEOUT),
        restart=RestartConfiguration(policy="never"),
    )
    alone = attrs.evolve(configuration, modules={module.name: examined})
    return Subject(target, alone, examined, any_secret, module.start_timeout)


def _names_a_module_of_the_default_file(target: str) -> bool:
    if target.endswith(".py") or ":" in target or not Path(DEFAULT_FILE).is_file():
        return False
    if re.fullmatch(r"[A-Za-z0-9_-]+", target) is None:
        return False
    if target in load_configuration().modules:
        return True
    # Neither a module of the file nor one to import: most likely a module's name with a mistake in it.
    anywhere = ModuleConfiguration(name=target, run=target, directory=Path.cwd())
    return not Path(target).is_dir() and find_module_file(target, anywhere) is None


def _command_name(command: Sequence[str]) -> str:
    named = next((word for word in command[1:] if word.endswith((".py", ".sh"))), command[0])
    return re.sub(r"[^A-Za-z0-9._-]", "-", Path(named).stem).lstrip(".")[:64] or "module"


def _directory(target: str) -> ConfigurationError:
    files = sorted(str(file) for file in Path(target).glob("*.py"))
    suggestion = f"such as {files[0]}" if files else None
    expected = "the Python file that is started, or its import path"
    return ConfigurationError(
        [ConfigurationProblem(Path(target), None, "", "this is a directory", expected, suggestion)]
    )


def _no_such_module(name: str, configuration: Configuration) -> ConfigurationError:
    known = list(configuration.modules)
    suggestion = did_you_mean(name, known) or f"it has {', '.join(known) or 'no modules'}"
    what = f'there is no module "{name}" in it'
    return ConfigurationError([ConfigurationProblem(configuration.path, None, "", what, None, suggestion)])
