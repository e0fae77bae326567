"""The arguments of @pywatt_module: checked where they are written, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict

from pywatt.channels.preferences import ChannelPreferences
from pywatt.errors import ConfigError, SecretError
from pywatt.module.configuration import AppConfig
from pywatt.module.suggestions import suggest
from pywatt.protocol.init import InitBlob, SecurityLevel
from pywatt.protocol.operations import EndpointAnnounce
from pywatt.security.secret import Secret
from pywatt.security.secret_client import check_secret_name

StateBuilder = Callable[[InitBlob, Mapping[str, Secret[str]]], Any]

FRAMEWORKS: Final = ("fastapi", "starlette", "flask", "aiohttp", "asgi", "wsgi")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")


class ModuleArguments(TypedDict, total=False):
    """What @pywatt_module takes; every argument may be left out.

    Attributes:
        secrets: names that must be there before the module starts; `state.secrets` holds them.
        rotate: let `state.secrets` follow rotations instead of keeping the values of the start.
        endpoints: announced besides those found in the application; an AnnouncedEndpoint, "GET /path",
            "/path" or a mapping with path, methods and auth.
        health, health_path: the path of the health check, "/health" when neither is given.
        metrics: serve GET /metrics in the text form of Prometheus.
        version: serve and announce the endpoints below "/VERSION" as well.
        state: called with the init blob and the secrets; what it returns (or awaits) is `state.user_state`.
        config: an AppConfig, or a mapping of its options.
        framework: fail the start unless the application is of this kind.
        bind_http: True serves HTTP on a port or socket of our own, False never does; unset, it does unless
            the orchestrator set IPC_ONLY.
        specific_port: the port to bind, instead of the one the orchestrator gives.
        listen_addr: the host to bind, instead of the one the orchestrator gives.
        channels: which of the offered channels are used; ChannelPreferences or the name of a preset.
        security_level: the least that the orchestrator must ask for; the start fails below it.
        auth_required: not available yet; True is refused.
    """

    secrets: Sequence[str]
    rotate: bool
    endpoints: Iterable[EndpointAnnounce | str | Mapping[str, Any]]
    health: str
    health_path: str
    metrics: bool
    version: str | None
    state: StateBuilder | None
    config: AppConfig | Mapping[str, object] | None
    framework: str | None
    bind_http: bool | None
    specific_port: int | None
    listen_addr: str | None
    channels: ChannelPreferences | str | None
    security_level: SecurityLevel | str | None
    auth_required: bool


class ModuleOptions:
    """The arguments of @pywatt_module, checked and completed."""

    secrets: tuple[str, ...] = ()
    rotate: bool = False
    endpoints: tuple[EndpointAnnounce, ...] = ()
    health_path: str = "/health"
    metrics: bool = False
    version: str | None = None
    state: StateBuilder | None = None
    config: AppConfig
    framework: str | None = None
    bind_http: bool | None = None
    specific_port: int | None = None
    listen_addr: str | None = None
    channels: ChannelPreferences
    security_level: SecurityLevel | None = None

    def __init__(self, **values: Any) -> None:
        self.config = AppConfig()
        self.channels = ChannelPreferences.default()
        # On the instance, or a `state` function would become a method.
        vars(self).update(values)


def check_arguments(arguments: Mapping[str, Any]) -> ModuleOptions:
    """The options that the arguments stand for.

    Raises:
        TypeError: an argument is unknown (the message suggests one) or of the wrong type.
        ValueError: an argument cannot have this value.
        ConfigError: an argument asks for what this version does not have.
        ConfigError: an option of `config` is unknown or wrong.
    """
    known = ModuleArguments.__annotations__
    for name in arguments:
        if name not in known:
            raise TypeError(f"pywatt_module() has no argument {name!r}: {suggest(name, known)}")
    checked: dict[str, Any] = {}
    for name, value in arguments.items():
        target, check = _CHECKS[name]
        result = check(name, value)
        if target is None or (value is None and name in _NONE_IS_UNSET):
            continue
        if checked.get(target, result) != result:
            raise TypeError("pywatt_module() takes health or health_path, not both")
        checked[target] = result
    return ModuleOptions(**checked)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"pywatt_module({name}=...) is True or False, not {value!r}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"pywatt_module({name}=...) is a non-empty string, not {value!r}")
    return value


def _optional(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else check(name, value)


def _secrets(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"pywatt_module(secrets=...) is a list of names, not {type(value).__name__}")
    for secret in value:
        try:
            check_secret_name(secret)
        except SecretError as error:
            raise ValueError(
                f"pywatt_module(secrets=...): {secret!r} cannot be a name: {error.message}"
            ) from None
    return tuple(dict.fromkeys(value))


def _path(name: str, value: Any) -> str:
    path = _text(name, value)
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(f"pywatt_module({name}=...) is a path that begins with '/', not {value!r}")
    return path


def _version(name: str, value: Any) -> str:
    version = _text(name, value).strip("/")
    if not version or any(character in version for character in "?# {}<>:*"):
        raise ValueError(f"pywatt_module(version=...) is one part of a path such as 'v1', not {value!r}")
    return version


def _endpoints(name: str, value: Any) -> tuple[EndpointAnnounce, ...]:
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"pywatt_module(endpoints=...) is a list of endpoints, not {type(value).__name__}")
    return tuple(_endpoint(item) for item in value)


def _endpoint(item: Any) -> EndpointAnnounce:
    if isinstance(item, EndpointAnnounce):
        return item
    if isinstance(item, str):
        verbs, _, path = item.rpartition(" ")
        item = {"path": path, "methods": verbs.replace(",", " ").split() or ["GET"]}
    if not isinstance(item, Mapping) or not set(item) <= {"path", "methods", "auth"} or "path" not in item:
        raise TypeError(
            f"an endpoint is an AnnouncedEndpoint, 'GET /path' or path, methods, auth: not {item!r}"
        )
    methods = [str(method).upper() for method in item.get("methods", ["GET"])]
    wrong = [method for method in methods if method not in _METHODS]
    if wrong or not methods:
        raise ValueError(f"endpoint {item['path']}: {', '.join(wrong) or 'no method'} is no HTTP method")
    return EndpointAnnounce(_path("endpoints", item["path"]), methods, item.get("auth"))


def _callable(name: str, value: Any) -> Any:
    if not callable(value):
        raise TypeError(f"pywatt_module({name}=...) is a function of (init, secrets), not {value!r}")
    return value


def _config(name: str, value: Any) -> AppConfig:
    if isinstance(value, AppConfig):
        return value
    if isinstance(value, Mapping):
        return AppConfig.from_mapping(value)
    raise TypeError(f"pywatt_module(config=...) is an AppConfig or a mapping, not {value!r}")


def _framework(name: str, value: Any) -> str:
    framework = _text(name, value).lower()
    if framework not in FRAMEWORKS:
        raise ValueError(f"pywatt_module(framework=...) is one of {', '.join(FRAMEWORKS)}, not {value!r}")
    return framework


def _port(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise ValueError(f"pywatt_module({name}=...) is a port from 0 to 65535, not {value!r}")
    return value


def _channels(name: str, value: Any) -> ChannelPreferences:
    if isinstance(value, ChannelPreferences):
        return value
    presets = {
        "default": ChannelPreferences.default,
        "tcp_only": ChannelPreferences.tcp_only,
        "ipc_only": ChannelPreferences.ipc_only,
        "prefer_ipc": ChannelPreferences.prefer_ipc,
        "prefer_tcp": ChannelPreferences.prefer_tcp,
    }
    if not isinstance(value, str) or value not in presets:
        raise ValueError(
            f"pywatt_module(channels=...) is ChannelPreferences or one of {', '.join(presets)}, not {value!r}"
        )
    return presets[value]()


def _security_level(name: str, value: Any) -> SecurityLevel:
    try:
        return value if isinstance(value, SecurityLevel) else SecurityLevel(value)
    except ValueError:
        levels = ", ".join(level.value for level in SecurityLevel)
        raise ValueError(f"pywatt_module(security_level=...) is one of {levels}, not {value!r}") from None


def _auth_required(name: str, value: Any) -> None:
    if _flag(name, value):
        raise ConfigError(
            "pywatt_module(auth_required=True) needs the JWT layer, which this version of pywatt lacks: "
            "check the Authorization header in the application instead"
        )


_CHECKS: Final[dict[str, tuple[str | None, Callable[[str, Any], Any]]]] = {
    "secrets": ("secrets", _secrets),
    "rotate": ("rotate", _flag),
    "endpoints": ("endpoints", _endpoints),
    "health": ("health_path", _path),
    "health_path": ("health_path", _path),
    "metrics": ("metrics", _flag),
    "version": ("version", _optional(_version)),
    "state": ("state", _optional(_callable)),
    "config": ("config", _optional(_config)),
    "framework": ("framework", _optional(_framework)),
    "bind_http": ("bind_http", _optional(_flag)),
    "specific_port": ("specific_port", _optional(_port)),
    "listen_addr": ("listen_addr", _optional(_text)),
    "channels": ("channels", _optional(_channels)),
    "security_level": ("security_level", _optional(_security_level)),
    "auth_required": (None, _auth_required),
}

_NONE_IS_UNSET: Final = frozenset({"config", "channels"})
