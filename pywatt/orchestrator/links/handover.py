"""What a module is given at its start: its environment and its first line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from pywatt.errors import ProtocolError
from pywatt.protocol.init import InitBlob, IpcChannelConfig, TcpChannelConfig
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress, parse_listen

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration

LOOPBACK: Final = "127.0.0.1"
# What an orchestrator above us may have set for ourselves: it would mislead a module of ours.
NOT_INHERITED: Final = frozenset({"PYWATT_MODULE_ID", "IPC_ONLY", "PYWATT_IPC_ONLY", "PYWATT_LOADED_FILES"})


def inherited_environment(environment: Mapping[str, str], secret_names: Iterable[str]) -> dict[str, str]:
    """Returns what every module inherits: our environment without any name that a module lists as a secret.

    Args:
        environment: ours.
        secret_names: what the modules may ask for, of all modules together.
    """
    withheld = NOT_INHERITED.union(secret_names)
    return {name: value for name, value in environment.items() if name not in withheld}


def module_environment(
    inherited: Mapping[str, str],
    configuration: ModuleConfiguration,
    port: int | None,
    loaded_files: str | None = None,
) -> dict[str, str]:
    """Returns the whole environment of one module's process.

    Args:
        inherited: as `inherited_environment` gives it.
        configuration: the module's.
        port: where a module without the protocol has to serve HTTP.
        loaded_files: where it has to report which files it has loaded; None when nobody wants to know.
    """
    environment = {**inherited, **configuration.env, "PYWATT_MODULE_ID": configuration.name}
    if configuration.sdk == "pywatt":
        environment["IPC_ONLY"] = "true"
    if configuration.sdk == "none" and port is not None:
        environment["PORT"] = str(port)
    if loaded_files is not None:
        environment["PYWATT_LOADED_FILES"] = loaded_files
    return environment


def first_line(
    configuration: ModuleConfiguration,
    *,
    orchestrator_api: str,
    listen: ListenAddress,
    unix_path: str | None,
    tcp_address: TcpAddress | None,
) -> InitBlob:
    """Returns the init blob of a module.

    Args:
        configuration: the module's.
        orchestrator_api: the gateway's URL.
        listen: where its own HTTP server has to listen if it wants one.
        unix_path: its Unix socket, if it gets one.
        tcp_address: its loopback port, if it gets one.
    """
    return InitBlob(
        orchestrator_api=orchestrator_api,
        module_id=configuration.name,
        env={},
        listen=listen,
        tcp_channel=None if tcp_address is None else TcpChannelConfig(address=tcp_address, required=True),
        ipc_channel=None if unix_path is None else IpcChannelConfig(socket_path=unix_path, required=True),
    )


def announced_address(text: str) -> ListenAddress | None:
    """Reads the `listen` of an announcement: an address to send plain HTTP to, None where nothing is bound.

    Args:
        text: as announced.

    Raises:
        ProtocolError: if it is not an address.
    """
    if not text:
        return None
    address = parse_listen(text)
    if isinstance(address, TcpAddress) and address.port == 0:
        return None
    if isinstance(address, UnixAddress) and not address.path.startswith("/"):
        raise ProtocolError(f"{text[:64]!r} is neither HOST:PORT nor an absolute path")
    return address
