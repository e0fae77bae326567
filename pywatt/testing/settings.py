"""How a driver starts a module, and the first line that it writes."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from attrs import field, frozen

CarrierName = Literal["stdio", "unix", "tcp"]

HttpCarrier = Literal["stdio", "unix", "tcp", "http"]
"""What an HTTP request travels on: a carrier, or plain HTTP to the announced address."""

CARRIERS: Final[tuple[CarrierName, ...]] = ("stdio", "unix", "tcp")
ORCHESTRATOR_API: Final = "http://127.0.0.1:9900"
DEADLINE: Final = 20.0


def _carriers(names: Sequence[CarrierName]) -> tuple[CarrierName, ...]:
    unknown = [name for name in names if name not in CARRIERS]
    if unknown:
        raise ValueError(f"no such carrier: {unknown[0]!r}; there are {', '.join(CARRIERS)}")
    # Standard input and output are there in any case.
    return tuple(name for name in CARRIERS if name == "stdio" or name in names)


@frozen
class Settings:
    """What `ReferenceDriver.start` was given; its documentation tells what each is."""

    command: tuple[str, ...]
    module_id: str
    secrets: dict[str, str] = field(repr=False)
    carriers: tuple[CarrierName, ...] = field(converter=_carriers)
    listen: str
    environment: dict[str, str] = field(repr=False)
    directory: Path | None
    deadline: float
    strict: bool
    compiled: bool
    first_line: bytes | None
    tagged_init: bool

    def full_environment(self) -> Mapping[str, str]:
        """The environment of the module: ours without the secrets, its name, and what was asked for."""
        inherited = {name: value for name, value in os.environ.items() if name not in self.secrets}
        return {**inherited, "PYWATT_MODULE_ID": self.module_id, **self.environment}

    def init(self, addresses: Mapping[str, str]) -> dict[str, object]:
        """The content of the first line.

        Args:
            addresses: where the offered channels listen.
        """
        blob: dict[str, object] = {"op": "init"} if self.tagged_init else {}
        blob |= {
            "orchestrator_api": ORCHESTRATOR_API,
            "module_id": self.module_id,
            "env": {},
            "listen": self.listen,
        }
        if "tcp" in addresses:
            blob["tcp_channel"] = {"address": addresses["tcp"], "tls_enabled": False, "required": True}
        if "unix" in addresses:
            blob["ipc_channel"] = {"socket_path": addresses["unix"], "required": True}
        blob["security_level"] = "None"
        return blob


def free_port() -> int:
    """A port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
