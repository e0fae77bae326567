"""How the TCP channel is secured; what the security level asks for and cannot be met fails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from pywatt.channels.tls import TlsConfig
from pywatt.errors import InvalidConfig
from pywatt.module.environment import is_true
from pywatt.protocol.init import InitBlob, SecurityLevel, TcpChannelConfig

PLAINTEXT_TOKEN: Final = "PYWATT_ALLOW_PLAINTEXT_TOKEN"  # noqa: S105  the name of a variable
PLAINTEXT_TLS: Final = "PYWATT_TLS_COMPAT_PLAINTEXT"


def tls_for(init: InitBlob, channel: TcpChannelConfig) -> TlsConfig | None:
    """How the TCP channel is to be secured; None is plain TCP.

    Raises:
        InvalidConfig: the security level cannot be met.
    """
    level = init.security_level
    variables = _TlsVariables({**os.environ, **init.env})
    if level is SecurityLevel.MTLS:
        if not channel.tls_enabled:
            raise InvalidConfig("security_level is Mtls, but the TCP channel has TLS switched off")
        if not variables.certificate or not variables.verify:
            raise InvalidConfig(
                "security_level Mtls needs PYWATT_TLS_CLIENT_CERT and PYWATT_TLS_CLIENT_KEY, and verification"
            )
    if channel.tls_enabled and not (level is SecurityLevel.NONE and variables.flag(PLAINTEXT_TLS)):
        if level is not SecurityLevel.NONE and not variables.verify:
            raise InvalidConfig(f"PYWATT_TLS_VERIFY=false is not possible at security_level {level.value}")
        return variables.configuration()
    is_exposed = level is SecurityLevel.TOKEN and not _is_loopback(channel.address.host)
    if is_exposed and not variables.flag(PLAINTEXT_TOKEN):
        raise InvalidConfig(
            f"the token would travel in plain text to {channel.address}: "
            f"enable TLS, or set {PLAINTEXT_TOKEN}=1"
        )
    return None


class _TlsVariables:
    """What the environment says about TLS; the init line's own values come first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.certificate = values.get("PYWATT_TLS_CLIENT_CERT")
        self.key = values.get("PYWATT_TLS_CLIENT_KEY")
        self.verify = is_true(values.get("PYWATT_TLS_VERIFY", "true"))
        if bool(self.certificate) is not bool(self.key):
            raise InvalidConfig("PYWATT_TLS_CLIENT_CERT and PYWATT_TLS_CLIENT_KEY belong together")

    def flag(self, name: str) -> bool:
        return is_true(self._values.get(name, ""))

    def configuration(self) -> TlsConfig:
        return TlsConfig(
            ca_cert_path=self._values.get("PYWATT_TLS_CA_CERT"),
            client_cert_path=self.certificate,
            client_key_path=self.key,
            server_name=self._values.get("PYWATT_TLS_SERVER_NAME"),
            verify_server=self.verify,
        )


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
