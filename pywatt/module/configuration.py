"""AppConfig: what a module's author may set beside the decorator's own arguments."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pywatt.errors import ConfigError


def _seconds(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ConfigError.invalid(f"{attribute.name} is a number of seconds above 0, not {value!r}")


def _count(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError.invalid(f"{attribute.name} is a whole number above 0, not {value!r}")


def _flag(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigError.invalid(f"{attribute.name} is true or false, not {value!r}")


def _optional(validator: Callable[..., None]) -> Callable[..., None]:
    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is not None:
            validator(instance, attribute, value)

    return check


@attrs.frozen(kw_only=True)
class AppConfig:
    """Settings of a module process.

    Attributes:
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
    """

    ipc_only: bool | None = attrs.field(default=None, validator=_optional(_flag))
    call_timeout: float = attrs.field(default=30.0, validator=_seconds)
    secret_timeout: float = attrs.field(default=5.0, validator=_seconds)
    secret_time_to_live: float | None = attrs.field(default=None, validator=_optional(_seconds))
    connect_timeout: float = attrs.field(default=30.0, validator=_seconds)
    identify: bool = attrs.field(default=True, validator=_flag)
    seed_from_init_env: bool = attrs.field(default=False, validator=_flag)
    max_concurrent_requests: int = attrs.field(default=100, validator=_count)
    max_concurrent_messages: int = attrs.field(default=1000, validator=_count)
    max_response_body: int = attrs.field(default=16 * 1024 * 1024, validator=_count)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> AppConfig:
        """A configuration from names and values.

        Raises:
            ConfigError: a name is unknown, or a value is not of its kind.
        """
        known = [field.name for field in attrs.fields(cls)]
        for name in values:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
                raise ConfigError.invalid(f"AppConfig has no option {name!r}: {hint}")
        return cls(**dict(values))  # type: ignore[arg-type]
