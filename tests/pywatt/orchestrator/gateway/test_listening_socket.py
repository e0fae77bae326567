"""The gateway's address: bound before anything else, freed afterwards."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import aiohttp
import pytest
from gateways import StandInModule

from pywatt.errors import ConfigError
from pywatt.orchestrator.configuration.settings import GatewayConfiguration
from pywatt.orchestrator.gateway.gateway import Gateway
from pywatt.orchestrator.gateway.listening_socket import address_is_taken, bind_gateway, gateway_url
from pywatt.protocol.listen import TcpAddress, UnixAddress


def test_port_zero_picks_a_port_that_is_known_at_once() -> None:
    with bind_gateway(TcpAddress("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        assert gateway_url(bound) == f"http://127.0.0.1:{port}"
        # Clients that come before the gateway answers wait instead of being refused.
        socket.create_connection(("127.0.0.1", port), 5).close()


def test_addresses_for_everybody_are_reached_through_this_machine() -> None:
    with bind_gateway(TcpAddress("0.0.0.0", 0)) as bound:
        assert gateway_url(bound).startswith("http://127.0.0.1:")


def test_ipv6() -> None:
    try:
        bound = bind_gateway(TcpAddress("::1", 0))
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    with bound:
        assert gateway_url(bound) == f"http://[::1]:{bound.getsockname()[1]}"


def test_an_address_that_is_taken_is_named() -> None:
    with bind_gateway(TcpAddress("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}") as raised:
            bind_gateway(TcpAddress("127.0.0.1", port))
        assert address_is_taken(raised.value)


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(ConfigError, match=r"203\.0\.113\.7:80") as raised:
        bind_gateway(TcpAddress("203.0.113.7", 80))
    assert not address_is_taken(raised.value)


def test_a_unix_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "gateway"
    with bind_gateway(UnixAddress(str(path))) as bound:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert gateway_url(bound) == f"unix:{path}"


def test_a_left_over_unix_socket_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    address = UnixAddress(str(tmp_path / "gateway"))
    bind_gateway(address).close()
    with bind_gateway(address):
        with pytest.raises(ConfigError) as raised:
            bind_gateway(address)
        assert address_is_taken(raised.value)


def test_a_file_in_the_place_of_a_unix_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "gateway"
    path.write_text("precious")
    with pytest.raises(ConfigError):
        bind_gateway(UnixAddress(str(path)))
    assert path.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="107"):
        bind_gateway(UnixAddress(str(tmp_path / ("a" * 120))))


async def test_a_gateway_answers_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "gateway"
    configuration = GatewayConfiguration(listen=UnixAddress(str(path)))
    shop = StandInModule("shop")
    gateway = Gateway(configuration, {"shop": shop})
    await gateway.start(bind_gateway(configuration.listen))
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as client,
        client.get("http://localhost/m/shop/a") as response,
    ):
        assert response.status == 200
    assert "x-forwarded-for" not in shop.link.requests[0].headers
    await gateway.close()
