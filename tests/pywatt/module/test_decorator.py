"""@pywatt_module: what it takes, and what it says about what it does not."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pywatt import AnnouncedEndpoint, AppConfig, ChannelPreferences, ConfigError, SecurityLevel, pywatt_module
from pywatt.module.definition import ModuleDefinition
from pywatt.module.state import AppState


def options_of(**arguments: Any) -> Any:
    @pywatt_module(**arguments)
    async def main(state: AppState) -> None: ...

    return main.options


def test_it_is_used_with_and_without_arguments() -> None:
    @pywatt_module
    def plain(state: AppState) -> str:
        """Says hello."""
        return f"hello {state}"

    @pywatt_module()
    def called(state: AppState) -> None: ...

    assert isinstance(plain, ModuleDefinition)
    assert isinstance(called, ModuleDefinition)
    assert plain(cast(AppState, "you")) == "hello you"
    assert (plain.__name__, plain.__doc__) == ("plain", "Says hello.")
    assert repr(plain).endswith("plain>")


def test_the_defaults() -> None:
    options = options_of()
    assert options.secrets == ()
    assert options.health_path == "/health"
    assert options.bind_http is None
    assert options.channels == ChannelPreferences.default()
    assert options.config == AppConfig()
    assert (options.rotate, options.metrics, options.version, options.state) == (False, False, None, None)


def test_every_argument_of_both_sdks_is_taken() -> None:
    def build(init: object, secrets: object) -> int:
        return 1

    options = options_of(
        secrets=["A", "B", "A"],
        rotate=True,
        endpoints=[AnnouncedEndpoint("/a", ["GET"]), "/b", "POST,put /c", {"path": "/d", "auth": "jwt"}],
        health="/alive",
        metrics=True,
        version="/v1/",
        state=build,
        config={"call_timeout": 5, "ipc_only": True},
        framework="FastAPI",
        bind_http=False,
        specific_port=8080,
        listen_addr="0.0.0.0",
        channels="tcp_only",
        security_level="Token",
        auth_required=False,
    )
    assert options.secrets == ("A", "B")
    assert options.endpoints == (
        AnnouncedEndpoint("/a", ["GET"]),
        AnnouncedEndpoint("/b", ["GET"]),
        AnnouncedEndpoint("/c", ["POST", "PUT"]),
        AnnouncedEndpoint("/d", ["GET"], "jwt"),
    )
    assert (options.health_path, options.version, options.framework) == ("/alive", "v1", "fastapi")
    assert options.config == AppConfig(call_timeout=5, ipc_only=True)
    assert options.state is build
    assert (options.specific_port, options.listen_addr, options.bind_http) == (8080, "0.0.0.0", False)
    assert options.channels == ChannelPreferences.tcp_only()
    assert options.security_level is SecurityLevel.TOKEN


def test_health_has_two_names_for_one_thing() -> None:
    assert options_of(health_path="/h").health_path == "/h"
    assert options_of(health="/h", health_path="/h").health_path == "/h"
    with pytest.raises(TypeError, match="health or health_path, not both"):
        options_of(health="/a", health_path="/b")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"secret": []}, TypeError, "no argument 'secret': did you mean 'secrets'?"),
        ({"wholly_unknown": 1}, TypeError, "there are secrets, rotate, endpoints"),
        ({"secrets": "KEY"}, TypeError, "a list of names, not str"),
        ({"secrets": ["A=B"]}, ValueError, "'A=B' cannot be a name"),
        ({"secrets": [1]}, ValueError, "cannot be a name"),
        ({"rotate": 1}, TypeError, "True or False"),
        ({"endpoints": "/a"}, TypeError, "a list of endpoints"),
        ({"endpoints": ["FETCH /a"]}, ValueError, "FETCH is no HTTP method"),
        ({"endpoints": ["a"]}, ValueError, "begins with '/'"),
        ({"endpoints": [{"route": "/a"}]}, TypeError, "path, methods, auth"),
        ({"health": "health"}, ValueError, "begins with '/'"),
        ({"health": None}, TypeError, "non-empty string"),
        ({"metrics": "yes"}, TypeError, "True or False"),
        ({"version": "a b"}, ValueError, "one part of a path"),
        ({"state": 3}, TypeError, "function of \\(init, secrets\\)"),
        ({"config": 3}, TypeError, "an AppConfig or a mapping"),
        ({"config": {"call_timout": 1}}, ConfigError, "did you mean 'call_timeout'?"),
        ({"config": {"call_timeout": 0}}, ConfigError, "seconds above 0"),
        ({"config": {"identify": "no"}}, ConfigError, "true or false"),
        ({"config": {"max_concurrent_requests": 0}}, ConfigError, "whole number above 0"),
        ({"framework": "django"}, ValueError, "one of fastapi, starlette"),
        ({"bind_http": "no"}, TypeError, "True or False"),
        ({"specific_port": 70000}, ValueError, "0 to 65535"),
        ({"specific_port": True}, ValueError, "0 to 65535"),
        ({"listen_addr": ""}, TypeError, "non-empty string"),
        ({"channels": "udp"}, ValueError, "one of default, tcp_only"),
        ({"channels": ["tcp"]}, ValueError, "one of default, tcp_only"),
        ({"security_level": "token"}, ValueError, "one of None, Token, Mtls"),
        ({"auth_required": True}, ConfigError, "auth_required=True\\) needs the JWT layer"),
    ],
)
def test_what_it_refuses_it_names(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pywatt_module(**arguments)


def test_it_decorates_functions_only() -> None:
    with pytest.raises(TypeError, match="decorates a function"):
        pywatt_module(cast(Any, 3))
