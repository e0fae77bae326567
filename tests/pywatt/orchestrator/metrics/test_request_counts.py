"""What the gateway counts: real requests to stand-ins behind a real gateway."""

from __future__ import annotations

import asyncio

from gateways import StandInModule, StartGateway

from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.metrics.request_counts import RequestSeries
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt_fast import HttpRequest, HttpResponse


def answered(series: RequestSeries) -> dict[str, int]:
    return dict(series.by_class())


async def test_requests_are_counted_by_module_and_class_of_status(start_gateway: StartGateway) -> None:
    shop, bank = StandInModule("shop"), StandInModule("bank", state=ModuleState.STARTING)
    gateway = await start_gateway(shop, bank)
    for path in ("/m/shop/a", "/m/shop/b?x=1", "/m/bank/"):
        await gateway.ask(path)
    counts = gateway.gateway.counts
    assert answered(counts.of("shop")) == {"2xx": 2}
    assert answered(counts.of("bank")) == {"5xx": 1}
    assert counts.of("shop").durations.count == 2


async def test_unknown_paths_and_names_make_no_series(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"))
    for path in ("/m/nobody/", "/m/somebody/", "/elsewhere", "/m/shop/%2e%2e/x"):
        await gateway.ask(path)
    counts = gateway.gateway.counts
    assert [name for name, _ in counts.series()] == ["shop", ""]
    assert answered(counts.of(None)) == {"4xx": 3}
    assert answered(counts.of("shop")) == {"4xx": 1}


async def test_the_gateways_own_pages_are_not_counted(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"), metrics=lambda: b"")
    for path in ("/livez", "/readyz", "/healthz", "/metrics"):
        await gateway.ask(path)
    assert not any(answered(series) for _, series in gateway.gateway.counts.series())


async def test_a_request_is_in_flight_until_it_is_answered(start_gateway: StartGateway) -> None:
    asked, gate = asyncio.Event(), asyncio.Event()

    async def wait(request: HttpRequest) -> HttpResponse:
        asked.set()
        await gate.wait()
        return HttpResponse(request.request_id, 204, {}, None)

    shop = StandInModule("shop")
    shop.link.handler = wait
    gateway = await start_gateway(shop)
    series = gateway.gateway.counts.of("shop")
    request = asyncio.create_task(gateway.ask("/m/shop/"))
    await asked.wait()
    assert (series.in_flight, answered(series)) == (1, {})
    gate.set()
    await request
    assert (series.in_flight, answered(series)) == (0, {"2xx": 1})


async def test_a_client_that_leaves_is_counted_as_abandoned(start_gateway: StartGateway) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: HttpRequest) -> HttpResponse:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise ModuleUnavailable("never")

    shop = StandInModule("shop")
    shop.link.handler = wait
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
    await asked.wait()
    await client.leave()
    await ended.wait()
    series = gateway.gateway.counts.of("shop")
    async with asyncio.timeout(10):
        while series.in_flight:
            await asyncio.sleep(0)
    assert answered(series) == {"abandoned": 1}
    assert series.durations.count == 0
