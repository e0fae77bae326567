"""What pywatt.toml says, typed. Every key is described in docs/configuration.md."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from pywatt.orchestrator.configuration.errors import (
    ConfigurationError,
    ConfigurationProblem,
)
from pywatt.orchestrator.configuration.reading import FILE_KEY, NOT_IN_FILE
from pywatt.orchestrator.configuration.values import (
    ApplicationPath,
    Argument,
    ByteSize,
    Count,
    Delay,
    DirectoryPath,
    HealthPath,
    Listen,
    ModuleName,
    Network,
    RefusedValueError,
    Replicas,
    RestartPolicy,
    Route,
    RunTarget,
    Sdk,
    Seconds,
    SecretName,
    SecretSource,
    VariableName,
    VariableValue,
    read_application,
    read_listen,
    read_run,
    read_source,
    read_variable_name,
    read_variable_value,
)
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress

DEFAULT_FILE = "pywatt.toml"
DEFAULT_LISTEN = TcpAddress("127.0.0.1", 9900)

Value = TypeVar("Value")


@attrs.frozen
class GatewayConfiguration:
    """The table [gateway]: how clients reach the modules.

    Attributes:
        listen: where the gateway listens; TCP port 0 picks a free one, a Unix path is absolute.
        trusted_proxies: clients whose x-forwarded headers are believed.
        max_body: the largest request or response body carried as an operation, in bytes.
        request_timeout: how long a module may take to answer, in seconds.
    """

    listen: Listen = DEFAULT_LISTEN
    trusted_proxies: list[Network] = attrs.field(factory=list)
    max_body: ByteSize = 16 * 1024 * 1024
    request_timeout: Seconds = 30.0


@attrs.frozen
class SecretsConfiguration:
    """The table [secrets]: where secrets come from.

    Attributes:
        sources: `env` and files; the first that has a name wins.
    """

    sources: list[SecretSource] = attrs.field(factory=lambda: ["env", ".env"], metadata={FILE_KEY: "from"})


@attrs.frozen
class RestartConfiguration:
    """The table [modules.NAME.restart]: what happens when a module ends by itself.

    Attributes:
        policy: restart after a failure, after every exit, or never.
        initial_delay: the wait before the first restart, in seconds; doubles each time.
        max_delay: the longest wait, in seconds.
        exit_limit: this many exits within `exit_window` end the restarts.
        exit_window: in seconds.
    """

    policy: RestartPolicy = "on-failure"
    initial_delay: Delay = 0.5
    max_delay: Delay = 30.0
    exit_limit: Count = 5
    exit_window: Seconds = 60.0


@attrs.frozen
class ModuleConfiguration:
    """A table [modules.NAME]: one module. Exactly one of `run`, `app` and `command` is set.

    Attributes:
        name: its name, the key of the table.
        run: a Python file or import path that uses @pywatt_module; a file is relative to `directory`.
        app: a web application, as `package.module:name`.
        command: a program and its arguments, relative to `directory`.
        after: modules that must be ready before this one starts.
        secrets: the names it may ask for; None when not given.
        env: added to its environment.
        route: a path of the gateway besides /m/NAME.
        sdk: "pywatt": it speaks the wire protocol; "crate": it is built with the Rust crate; "none": it only
            serves HTTP on $PORT.
        replicas: how many copies run; only 1 exists.
        directory: its working directory, absolute.
        health: the path that answers 200 when it is ready; None: what it announces.
        start_timeout: how long it may take to become ready, in seconds.
        stop_timeout: how long it may take to stop before it is killed, in seconds.
        heartbeat_interval: how often it is asked whether it lives, in seconds.
        heartbeat_timeout: how long it may be silent before it is restarted, in seconds.
        restart: what happens when it ends by itself.
    """

    name: ModuleName = attrs.field(default="", metadata={NOT_IN_FILE: True})
    run: RunTarget | None = None
    app: ApplicationPath | None = None
    command: list[Argument] | None = None
    after: list[Argument] = attrs.field(factory=list)
    secrets: list[SecretName] | None = None
    env: dict[VariableName, VariableValue] = attrs.field(factory=dict, repr=False)
    route: Route | None = None
    sdk: Sdk = "pywatt"
    replicas: Replicas = 1
    directory: DirectoryPath = Path()
    health: HealthPath | None = None
    start_timeout: Seconds = 30.0
    stop_timeout: Seconds = 15.0
    heartbeat_interval: Seconds = 5.0
    heartbeat_timeout: Seconds = 30.0
    restart: RestartConfiguration = attrs.field(factory=RestartConfiguration)


@attrs.frozen
class Configuration:
    """A whole configuration, read and checked.

    Attributes:
        path: the file it comes from, absolute; for `pywatt run` the module's own file.
        directory: what relative paths in it start from, absolute.
        gateway: how clients reach the modules.
        secrets: where secrets come from.
        modules: every module by name, in the order of the file.
        free_port: take any free port when the gateway's is taken.
    """

    path: Path
    directory: Path
    gateway: GatewayConfiguration = attrs.field(factory=GatewayConfiguration)
    secrets: SecretsConfiguration = attrs.field(factory=SecretsConfiguration)
    modules: dict[str, ModuleConfiguration] = attrs.field(factory=dict)
    free_port: bool = False


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
    from pywatt.orchestrator.configuration.checks import check_target

    directory = Path.cwd()
    address = DEFAULT_LISTEN if listen is None else _argument("--listen", listen, read_listen)
    sources = [_secret_file(text, directory) for text in secret_files]
    variables = {
        _argument("--env", name, read_variable_name): _argument("--env", value, read_variable_value)
        for name, value in (env or {}).items()
    }
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


def command_for(module: ModuleConfiguration) -> list[str]:
    """Return the program and arguments that start a module; they run in `module.directory`.

    Args:
        module: a checked module.
    """
    if module.command is not None:
        return list(module.command)
    if module.app is not None:
        return [sys.executable, "-m", "pywatt", "--app", module.app]
    assert module.run is not None
    return [sys.executable, "-m", "pywatt", module.run]


def absolute_listen(address: ListenAddress, directory: Path) -> ListenAddress:
    """Return the address with a Unix path made absolute.

    Args:
        address: as written.
        directory: what a relative path starts from.
    """
    return UnixAddress(str(directory / address.path)) if isinstance(address, UnixAddress) else address


def module_name_for(target: str) -> str:
    """Return the name under which `pywatt run` serves a target: `hello` for `examples/hello.py`.

    Args:
        target: a file, an import path or an application.
    """
    stem = Path(target).stem if target.endswith(".py") else target.partition(":")[0].rpartition(".")[2]
    return re.sub(r"[^A-Za-z0-9._-]", "-", stem).lstrip(".")[:64] or "module"


def _secret_file(text: str, directory: Path) -> str:
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
