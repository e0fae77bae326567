"""How a machine watches over a real orchestrator: probes and metrics."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from orchestrators import Orchestrator, Start
from prometheus_client.parser import text_string_to_metric_families

SHOP = """
    import asyncio
    from fastapi import FastAPI
    from pywatt import ApplicationError, pywatt_module

    def wait_for_the_gate():
        with open("gate", "rb", buffering=0) as gate:
            gate.read(1)

    @pywatt_module
    async def main(state):
        app = FastAPI()

        @state.on("price")
        async def price(item: dict):
            if not item:
                raise ApplicationError("sold_out", "there is none left")
            return 1250

        @app.get("/price/{sku}")
        async def ask(sku: str):
            return await state.call("shop", "price", {"sku": sku})

        @app.get("/none")
        async def none():
            try:
                return await state.call("shop", "price", {})
            except ApplicationError as error:
                return error.code

        @app.get("/slow")
        async def slow():
            print("slow request began")
            await asyncio.to_thread(wait_for_the_gate)
            return "finished"

        return app
"""
TABLE = '[modules.shop]\nrun = "shop.py"\n'


async def samples(orchestrator: Orchestrator) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(await orchestrator.get("/metrics"))
        for sample in family.samples
    }


async def test_requests_and_calls_are_counted(start: Start) -> None:
    orchestrator = await start({"shop.py": SHOP}, TABLE)
    for path in ("/m/shop/price/A1", "/m/shop/price/A2", "/m/shop/none"):
        await orchestrator.get(path)
    await orchestrator.request("GET", "/m/shop/nothing")
    await orchestrator.request("GET", "/m/nobody/")
    found = await samples(orchestrator)
    assert found["pywatt_gateway_requests_total", "shop", "2xx"] == 3
    assert found["pywatt_gateway_requests_total", "shop", "4xx"] == 1
    assert found["pywatt_gateway_requests_total", "4xx"] == 1
    assert found["pywatt_gateway_request_duration_seconds_count", "shop"] == 4
    assert found["pywatt_calls_total", "shop", "ok"] == 2
    assert found["pywatt_calls_total", "shop", "application"] == 1
    assert found["pywatt_module_ready", "shop"] == 1


async def test_metrics_can_be_turned_off(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pywatt.toml").write_text('[gateway]\nlisten = "127.0.0.1:0"\nmetrics = false\n' + TABLE)
    orchestrator = await start({"shop.py": SHOP})
    status, _, _ = await orchestrator.request("GET", "/metrics")
    assert status == 404


async def test_nothing_is_ready_from_the_first_moment_of_a_stop(start: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    orchestrator = await start({"shop.py": SHOP}, TABLE)
    slow = asyncio.create_task(orchestrator.request("GET", "/m/shop/slow"))
    await orchestrator.until_logged("slow request began")
    assert (await orchestrator.request("GET", "/readyz"))[0] == 200
    orchestrator.process.send_signal(signal.SIGTERM)
    await orchestrator.until_logged("stopping 1 module")
    status, text, headers = await orchestrator.request("GET", "/readyz?verbose&exclude=shop")
    assert (status, headers["connection"]) == (503, "close")
    assert "[-]shutdown failed" in text
    assert (await orchestrator.request("GET", "/livez"))[0] == 200
    with (tmp_path / "gate").open("wb") as gate:
        gate.write(b"x")
    assert (await slow)[:2] == (200, "finished")
    assert await orchestrator.wait() == 0
