"""A whole orchestrator, started as a user starts it, runs a module built with the Rust crate 0.5.3."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from crate_modules import BUILD_TIMEOUT, CATALOG
from orchestrators import Orchestrator, Start

pytestmark = BUILD_TIMEOUT

CALLER = """
    from fastapi import FastAPI
    from pywatt import CallError, pywatt_module

    @pywatt_module
    async def main(state):
        app = FastAPI()

        @app.get("/")
        async def index():
            try:
                return await state.call("rust", "anything", {}, timeout=20)
            except CallError as error:
                return {"code": error.code, "message": error.message}

        return app
"""
CONFIGURATION = """
    [modules.catalog]
    run = "catalog.py"

    [modules.caller]
    run = "caller.py"

    [modules.rust]
    command = ["{program}", "serve", "A", "B"]
    sdk = "crate"
    secrets = ["A", "B"]
    route = "/rust"
"""
SECRETS = {"A": "first-value", "B": "second-value-longer"}


@pytest.fixture
async def orchestrator(start: Start, crate_module: Path) -> Orchestrator:
    return await start(
        {"catalog.py": CATALOG, "caller.py": CALLER},
        CONFIGURATION.format(program=crate_module),
        environment=SECRETS,
    )


async def call(orchestrator: Orchestrator, sku: str) -> Any:
    path = "/rust/call/catalog/price"
    status, answer, _ = await orchestrator.request("POST", path, json={"sku": sku})
    assert status == 200, answer
    return answer


async def test_it_is_told_its_secrets_and_the_log_is_not(orchestrator: Orchestrator) -> None:
    assert await orchestrator.get("/rust/secrets") == [11, 19]
    assert await orchestrator.stop() == 0, orchestrator.transcript()
    assert "first-value" not in orchestrator.transcript()


async def test_it_calls_a_python_module(orchestrator: Orchestrator) -> None:
    for sku in ("A1", "B2", "C3"):
        assert await call(orchestrator, sku) == {"sku": sku, "cents": 1250}


async def test_a_call_to_it_ends_at_once_because_no_handler_can_exist(orchestrator: Orchestrator) -> None:
    answer = await orchestrator.get("/m/caller/")
    assert answer == {"code": "unavailable", "message": "module rust cannot receive messages"}


class TestHttp:
    async def test_a_body_of_any_size_arrives_and_comes_back(self, orchestrator: Orchestrator) -> None:
        body = bytes(range(256)) * 4 * 1024 * 20
        url = orchestrator.url + "/m/rust/echo"
        async with orchestrator.client.post(url, data=io.BytesIO(body)) as response:
            assert await response.read() == body

    async def test_a_large_answer_arrives_whole(self, orchestrator: Orchestrator) -> None:
        async with orchestrator.client.get(orchestrator.url + "/rust/bytes/20000000") as response:
            assert response.headers["content-length"] == "20000000"
            body = await response.read()
        assert len(body) == 20_000_000
        assert body[:251] == bytes(range(251))

    async def test_a_body_without_a_length_is_passed_on_piece_by_piece(
        self, orchestrator: Orchestrator
    ) -> None:
        async with orchestrator.client.get(orchestrator.url + "/rust/pieces/5") as response:
            assert response.headers["transfer-encoding"] == "chunked"
            first = await response.content.readany()
            assert first.startswith(b"piece 0")
            rest = await response.read()
        assert (first + rest).decode().split("\n") == [*(f"piece {number}" for number in range(5)), ""]

    async def test_a_slow_answer_is_waited_for(self, orchestrator: Orchestrator) -> None:
        status, answer, _ = await orchestrator.request("GET", "/rust/after/300")
        assert (status, answer) == (200, "late")

    async def test_its_status_and_the_forwarded_headers(self, orchestrator: Orchestrator) -> None:
        status, _, _ = await orchestrator.request("GET", "/rust/status/418")
        assert status == 418
        told = await orchestrator.get("/rust/headers", headers={"x-request-id": "mine"})
        assert told == {"x-request-id": "mine", "x-forwarded-prefix": "/rust"}

    async def test_a_handler_that_panics_is_a_502_and_the_module_lives(
        self, orchestrator: Orchestrator
    ) -> None:
        pid = await orchestrator.get("/rust/pid")
        status, answer, _ = await orchestrator.request("GET", "/rust/panic")
        assert (status, answer["module"]) == (502, "rust")
        assert await orchestrator.get("/rust/pid") == pid
