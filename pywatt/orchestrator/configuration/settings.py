"""What pywatt.toml says, typed. Every key is described in docs/configuration.md."""

import sys
from pathlib import Path
from typing import TypeVar

import attrs

from pywatt.orchestrator.configuration.reading import FILE_KEY, NOT_IN_FILE
from pywatt.orchestrator.configuration.values import (
    ApplicationPath,
    Argument,
    ByteSize,
    Count,
    Delay,
    DirectoryPath,
    Flag,
    HealthPath,
    Listen,
    LogSize,
    ModuleName,
    Network,
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
        metrics: whether whoever reaches the gateway may read /metrics.
    """

    listen: Listen = DEFAULT_LISTEN
    trusted_proxies: list[Network] = attrs.field(factory=list)
    max_body: ByteSize = 16 * 1024 * 1024
    request_timeout: Seconds = 30.0
    metrics: Flag = True


@attrs.frozen
class SecretsConfiguration:
    """The table [secrets]: where secrets come from.

    Attributes:
        sources: `env` and files; the first that has a name wins.
    """

    sources: list[SecretSource] = attrs.field(factory=lambda: ["env", ".env"], metadata={FILE_KEY: "from"})


@attrs.frozen
class LogsConfiguration:
    """The table [logs]: how much of each module's log is kept, and where.

    Attributes:
        max_size: of one file, in bytes; then the next one is begun.
        keep: how many full files of each module are kept.
        directory: where they lie; None: in the run directory.
    """

    max_size: LogSize = 10 * 1024 * 1024
    keep: Count = 5
    directory: DirectoryPath | None = None


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
class PumpConfiguration:
    """The table [modules.NAME.pump]: how often a module built with the Rust crate is given leave to send.

    Attributes:
        quick: between two heartbeats while it is busy, in seconds.
        quick_time: how long it counts as busy after it has sent something, in seconds.
        slow: between two heartbeats otherwise, in seconds.
    """

    quick: Seconds = 0.02
    quick_time: Delay = 10.0
    slow: Seconds = 0.25


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
        hold_timeout: how long a request or message may wait while it is restarted, in seconds.
        heartbeat_interval: how often it is asked whether it lives, in seconds.
        heartbeat_timeout: how long it may be silent before it is restarted, in seconds.
        restart: what happens when it ends by itself.
        pump: how often a module with sdk = "crate" is given leave to send.
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
    hold_timeout: Seconds = 30.0
    heartbeat_interval: Seconds = 5.0
    heartbeat_timeout: Seconds = 30.0
    restart: RestartConfiguration = attrs.field(factory=RestartConfiguration)
    pump: PumpConfiguration = attrs.field(factory=PumpConfiguration)


@attrs.frozen
class Configuration:
    """A whole configuration, read and checked.

    Attributes:
        path: the file it comes from, absolute; for `pywatt run` the module's own file.
        directory: what relative paths in it start from, absolute.
        gateway: how clients reach the modules.
        secrets: where secrets come from.
        logs: how much of the logs is kept, and where.
        modules: every module by name, in the order of the file.
        free_port: take any free port when the gateway's is taken.
    """

    path: Path
    directory: Path
    gateway: GatewayConfiguration = attrs.field(factory=GatewayConfiguration)
    secrets: SecretsConfiguration = attrs.field(factory=SecretsConfiguration)
    logs: LogsConfiguration = attrs.field(factory=LogsConfiguration)
    modules: dict[str, ModuleConfiguration] = attrs.field(factory=dict)
    free_port: bool = False


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
