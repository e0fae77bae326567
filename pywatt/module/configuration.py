"""AppConfig: what a module's author may set beside the decorator's own arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pywatt.errors import ConfigError
from pywatt.module.suggestions import suggest


class AppConfig:
    """Settings of a module process.

    Args:
        ipc_only: serve HTTP over the carriers only; None reads the environment variable IPC_ONLY.
        call_timeout: how long `state.call` waits when it is given no timeout, in seconds.
        secret_timeout: how long a secret may take, in seconds.
        secret_time_to_live: how long a fetched secret is served from the cache, in seconds; None is for ever.
        connect_timeout: how long all channels together may take to come up, in seconds.
        identify: say who we are on each new channel.
        seed_from_init_env: put the values of the init line's `env` into the secret cache.
        max_concurrent_requests: requests that an application handles at once over the carriers.
        max_concurrent_messages: message handlers that run at once; further messages are refused.
        max_response_body: the largest response body over a carrier, in bytes.

    Raises:
        ConfigError: a value is not of its kind.
    """

    def __init__(
        self,
        *,
        ipc_only: bool | None = None,
        call_timeout: float = 30.0,
        secret_timeout: float = 5.0,
        secret_time_to_live: float | None = None,
        connect_timeout: float = 30.0,
        identify: bool = True,
        seed_from_init_env: bool = False,
        max_concurrent_requests: int = 100,
        max_concurrent_messages: int = 1000,
        max_response_body: int = 16 * 1024 * 1024,
    ) -> None:
        self.ipc_only = None if ipc_only is None else _flag("ipc_only", ipc_only)
        self.call_timeout = _seconds("call_timeout", call_timeout)
        self.secret_timeout = _seconds("secret_timeout", secret_timeout)
        self.secret_time_to_live = (
            None if secret_time_to_live is None else _seconds("secret_time_to_live", secret_time_to_live)
        )
        self.connect_timeout = _seconds("connect_timeout", connect_timeout)
        self.identify = _flag("identify", identify)
        self.seed_from_init_env = _flag("seed_from_init_env", seed_from_init_env)
        self.max_concurrent_requests = _count("max_concurrent_requests", max_concurrent_requests)
        self.max_concurrent_messages = _count("max_concurrent_messages", max_concurrent_messages)
        self.max_response_body = _count("max_response_body", max_response_body)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> AppConfig:
        """A configuration from names and values.

        Raises:
            ConfigError: a name is unknown, or a value is not of its kind.
        """
        known = list(inspect.signature(cls).parameters)
        for name in values:
            if name not in known:
                raise ConfigError.invalid(f"AppConfig has no option {name!r}: {suggest(name, known)}")
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, AppConfig) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"AppConfig({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ConfigError.invalid(f"{name} is a number of seconds above 0, not {value!r}")
    return value


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError.invalid(f"{name} is a whole number above 0, not {value!r}")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError.invalid(f"{name} is true or false, not {value!r}")
    return value
