"""What a module is given at its start."""

from __future__ import annotations

from typing import Any

import pytest

from pywatt.errors import ProtocolError
from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.links.handover import (
    announced_address,
    first_line,
    inherited_environment,
    module_environment,
)
from pywatt.protocol.handshake import parse_init
from pywatt.protocol.listen import TcpAddress, UnixAddress


def environment(sdk: Any = "pywatt", **settings: str) -> dict[str, str]:
    return module_environment({"PATH": "/bin"}, ModuleConfiguration(name="one", sdk=sdk, env=settings), 4000)


def test_secrets_of_any_module_and_what_was_meant_for_us_are_not_inherited() -> None:
    ours = {
        "PATH": "/bin",
        "KEY": "a secret",
        "PYWATT_MODULE_ID": "outer",
        "IPC_ONLY": "true",
        "PYWATT_IPC_ONLY": "true",
        "PYWATT_LOG_LEVEL": "debug",
    }
    assert inherited_environment(ours, ["KEY"]) == {"PATH": "/bin", "PYWATT_LOG_LEVEL": "debug"}


@pytest.mark.parametrize(
    ("sdk", "added"),
    [
        ("pywatt", {"PYWATT_MODULE_ID": "one", "IPC_ONLY": "true"}),
        ("crate", {"PYWATT_MODULE_ID": "one"}),
        ("none", {"PYWATT_MODULE_ID": "one", "PORT": "4000"}),
    ],
)
def test_each_kind_of_module_is_told_what_it_needs(sdk: str, added: dict[str, str]) -> None:
    assert environment(sdk) == {"PATH": "/bin", **added}


def test_its_own_settings_win_over_what_is_inherited_but_not_over_its_name() -> None:
    assert environment(PATH="/opt", PYWATT_MODULE_ID="two", FLAVOUR="mint") == {
        "PATH": "/opt",
        "FLAVOUR": "mint",
        "PYWATT_MODULE_ID": "one",
        "IPC_ONLY": "true",
    }


def test_the_first_line_says_where_everything_is() -> None:
    blob = first_line(
        ModuleConfiguration(name="one"),
        orchestrator_api="http://127.0.0.1:9900",
        listen=UnixAddress("/run/one.http"),
        unix_path="/run/one.sock",
        tcp_address=TcpAddress("127.0.0.1", 4000),
    )
    read = parse_init(blob.to_json())
    assert (read.module_id, read.env, read.listen) == ("one", {}, UnixAddress("/run/one.http"))
    assert read.ipc_channel is not None
    assert (read.ipc_channel.socket_path, read.ipc_channel.required) == ("/run/one.sock", True)
    assert read.tcp_channel is not None
    assert (read.tcp_channel.address, read.tcp_channel.required) == (TcpAddress("127.0.0.1", 4000), True)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", None),
        ("127.0.0.1:0", None),
        ("127.0.0.1:80", TcpAddress("127.0.0.1", 80)),
        ("[::1]:80", TcpAddress("::1", 80)),
        ("localhost:80", TcpAddress("localhost", 80)),
        ("/run/one.http", UnixAddress("/run/one.http")),
    ],
)
def test_an_announced_address_is_where_plain_http_goes(text: str, address: object) -> None:
    assert announced_address(text) == address


@pytest.mark.parametrize("text", ["somewhere", "127.0.0.1", "./a.sock", "tcp://1.2.3.4:5"])
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        announced_address(text)
