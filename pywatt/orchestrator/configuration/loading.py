"""Make a configuration: from a file, or for one module without a file."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from pywatt.orchestrator.configuration.checks import check_target
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem
from pywatt.orchestrator.configuration.settings import (
    DEFAULT_FILE,
    DEFAULT_LISTEN,
    Configuration,
    GatewayConfiguration,
    ModuleConfiguration,
    SecretsConfiguration,
    absolute_listen,
)
from pywatt.orchestrator.configuration.values import (
    RefusedValueError,
    read_application,
    read_listen,
    read_run,
    read_source,
    read_variable_name,
    read_variable_value,
)

Value = TypeVar("Value")


def load_configuration(path: str | Path = DEFAULT_FILE, *, listen: str | None = None) -> Configuration:
    """Read a configuration file.

    Args:
        path: the file.
        listen: replaces `gateway.listen`: "HOST:PORT" or "unix:PATH", relative to the current directory.

    Raises:
        ConfigurationError: everything that is wrong with it.
    """
    # Imported here: `pywatt run` needs no TOML and starts faster without its reader.
    from pywatt.orchestrator.configuration.file import read_configuration

    configuration = read_configuration(Path(path))
    if listen is None:
        return configuration
    address = _argument("--listen", listen, read_listen)
    gateway = attrs.evolve(configuration.gateway, listen=absolute_listen(address, Path.cwd()))
    return attrs.evolve(configuration, gateway=gateway)


def configuration_for_file(
    target: str,
    *,
    listen: str | None = None,
    env: Mapping[str, str] | None = None,
    secret_files: Sequence[str] = (),
) -> Configuration:
    """Return the configuration of `pywatt run`: one module, started in the current directory.

    Args:
        target: a Python file, an import path, or an application as `package.module:name`.
        listen: the gateway's address, "HOST:PORT" or "unix:PATH"; None: the default, or any free port.
        env: added to the module's environment.
        secret_files: files of secrets; they win over the environment.

    Raises:
        ConfigurationError: the file does not exist, or an argument is not valid.
    """
    directory = Path.cwd()
    address = DEFAULT_LISTEN if listen is None else _argument("--listen", listen, read_listen)
    sources = [secret_file_source(text, directory) for text in secret_files]
    variables = check_variables(env or {})
    module = ModuleConfiguration(
        name=module_name_for(target),
        **_target_attributes(target),
        env=variables,
        directory=directory,
    )
    problems = [
        ConfigurationProblem(Path(target), None, "", problem.what, problem.expected, problem.suggestion)
        for problem in check_target(module, ())
    ]
    if problems:
        raise ConfigurationError(problems)
    return Configuration(
        path=directory / target,
        directory=directory,
        gateway=GatewayConfiguration(listen=absolute_listen(address, directory)),
        secrets=SecretsConfiguration([*sources, "env", ".env"]),
        modules={module.name: module},
        free_port=listen is None,
    )


def module_name_for(target: str) -> str:
    """Return the name under which `pywatt run` serves a target: `hello` for `examples/hello.py`.

    Args:
        target: a file, an import path or an application.
    """
    stem = Path(target).stem if target.endswith(".py") else target.partition(":")[0].rpartition(".")[2]
    return re.sub(r"[^A-Za-z0-9._-]", "-", stem).lstrip(".")[:64] or "module"


def check_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `--env`.

    Args:
        env: names and values.

    Raises:
        ConfigurationError: one of them cannot be a variable.
    """
    return {
        _argument("--env", name, read_variable_name): _argument("--env", value, read_variable_value)
        for name, value in env.items()
    }


def secret_file_source(text: str, directory: Path) -> str:
    """Return the source of secrets that `--secret-file` names.

    Args:
        text: the file.
        directory: what it is relative to.

    Raises:
        ConfigurationError: it cannot be a source, or there is no such file.
    """
    source = _argument("--secret-file", text, read_source)
    if not (directory / source).exists():
        raise ConfigurationError([ConfigurationProblem(directory / source, None, "", "no such file")])
    return source


def _target_attributes(target: str) -> dict[str, Any]:
    if ":" in target and not target.endswith(".py"):
        return {"app": _argument("FILE", target, read_application)}
    return {"run": _argument("FILE", target, read_run)}


def _argument(option: str, text: str, read: Callable[[object], Value]) -> Value:
    try:
        return read(text)
    except RefusedValueError as refused:
        problem = ConfigurationProblem(
            Path(option), None, "", refused.what, refused.expected, refused.suggestion
        )
        raise ConfigurationError([problem]) from None
