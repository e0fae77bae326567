"""Where a module serves HTTP: the address it is given, chooses, or asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from pywatt.errors import ConnectionClosed
from pywatt.module.ports import FALLBACK_PORTS, PortNegotiation, candidate_addresses
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress
from pywatt.protocol.operations import PortRequest, PortResponse


def negotiation_that(
    answers: Callable[[PortRequest], PortResponse | None],
) -> tuple[PortNegotiation, list[PortRequest]]:
    """A negotiation whose orchestrator answers at once, or never."""
    asked: list[PortRequest] = []

    def send(request: PortRequest) -> None:
        asked.append(request)
        answer = answers(request)
        if answer is not None:
            asyncio.get_running_loop().call_soon(negotiation.receive, answer)

    negotiation = PortNegotiation(send, first_timeout=0.01)
    return negotiation, asked


def granted(port: int) -> Callable[[PortRequest], PortResponse]:
    return lambda request: PortResponse(request.request_id, port > 0, port)


@pytest.mark.parametrize(
    ("listen", "host", "port", "expected"),
    [
        (TcpAddress("127.0.0.1", 4102), None, None, TcpAddress("127.0.0.1", 4102)),
        (TcpAddress("127.0.0.1", 0), None, None, TcpAddress("127.0.0.1", 0)),
        (TcpAddress("127.0.0.1", 4102), "0.0.0.0", None, TcpAddress("0.0.0.0", 4102)),
        (TcpAddress("::1", 4102), None, 8080, TcpAddress("::1", 8080)),
        (UnixAddress("/run/m.sock"), None, None, UnixAddress("/run/m.sock")),
        (UnixAddress("/run/m.sock"), None, 8080, TcpAddress("127.0.0.1", 8080)),
        (UnixAddress("/run/m.sock"), "0.0.0.0", 8080, TcpAddress("0.0.0.0", 8080)),
    ],
)
async def test_an_address_that_is_given_is_not_asked_for(
    listen: ListenAddress, host: str | None, port: int | None, expected: ListenAddress
) -> None:
    negotiation, asked = negotiation_that(lambda request: None)
    assert await candidate_addresses(listen, host, port, negotiation) == [expected]
    assert asked == []


@pytest.mark.parametrize(
    ("listen", "host"), [(UnixAddress(""), None), (UnixAddress("/run/m.sock"), "127.0.0.1")]
)
async def test_a_port_that_nobody_gave_is_asked_for(listen: ListenAddress, host: str | None) -> None:
    negotiation, asked = negotiation_that(granted(8123))
    assert await candidate_addresses(listen, host, None, negotiation) == [TcpAddress("127.0.0.1", 8123)]
    (request,) = asked
    assert request.specific_port is None


async def test_a_refusal_ends_in_random_ports() -> None:
    negotiation, asked = negotiation_that(granted(0))
    candidates = await candidate_addresses(UnixAddress(""), None, None, negotiation)
    assert len(asked) == 1
    assert len(set(candidates)) == len(candidates) == 20
    assert all(isinstance(address, TcpAddress) and address.port in FALLBACK_PORTS for address in candidates)


async def test_silence_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pywatt.module.ports.LONGEST_TIMEOUT", 0.01)
    negotiation, asked = negotiation_that(lambda request: None)
    assert await negotiation.request_port(4102) is None
    assert [request.specific_port for request in asked] == [4102] * 3
    assert len({request.request_id for request in asked}) == 3


async def test_an_orchestrator_that_cannot_be_reached_is_not_waited_for() -> None:
    def refuse(request: PortRequest) -> None:
        raise ConnectionClosed

    assert await PortNegotiation(refuse).request_port() is None


async def test_a_port_given_of_its_own_accord_is_taken_and_one_too_many_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    negotiation, _ = negotiation_that(lambda request: PortResponse("auto-assigned", True, 8123))
    assert await negotiation.request_port() == 8123
    negotiation.receive(PortResponse("late", True, 8124))
    assert "nobody asked for" in caplog.text


async def test_an_answer_to_somebody_else_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pywatt.module.ports.LONGEST_TIMEOUT", 0.01)
    negotiation, asked = negotiation_that(lambda request: PortResponse("another", True, 8123))
    assert await negotiation.request_port() is None
    assert len(asked) == 3
    assert "a request id that nobody used" in caplog.text
