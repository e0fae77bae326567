"""What the orchestrator's security level asks of a module; what cannot be met fails."""

from __future__ import annotations

from typing import Final

from pywatt.errors import ConfigError
from pywatt.protocol.init import InitBlob, SecurityLevel

_RANKS: Final = {SecurityLevel.NONE: 0, SecurityLevel.TOKEN: 1, SecurityLevel.MTLS: 2}


def check_level(init: InitBlob, least: SecurityLevel | None) -> None:
    """Refuse an orchestrator that asks for less than the module does.

    Raises:
        ConfigError: its level is below `least`, or it asks for a token and gives none.
    """
    if least is not None and _RANKS[init.security_level] < _RANKS[least]:
        raise ConfigError.invalid(
            f"the module asks for security_level {least.value}, "
            f"the orchestrator offers {init.security_level.value}"
        )
    if init.security_level is SecurityLevel.TOKEN and not init.auth_token:
        raise ConfigError.invalid("security_level is Token, but the orchestrator gave no auth_token")


def identify_metadata(init: InitBlob) -> dict[str, object]:
    """The metadata around an identify on a channel; holds the token when the level is Token."""
    metadata: dict[str, object] = {"source": init.module_id}
    if init.security_level is SecurityLevel.TOKEN:
        metadata["properties"] = {"auth_token": init.auth_token}
    return metadata
