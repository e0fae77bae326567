"""Our orchestrator runs a module built with the published Rust crate `pywatt_sdk` 0.5.3."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from orchestrators import Start

SOURCE = Path(__file__).parent / "crate_module"
BUILD_DEADLINE = 900.0
CATALOG = """
    from pywatt import ApplicationError, pywatt_module

    @pywatt_module
    async def main(state):
        @state.on("price")
        async def price(item: dict) -> dict:
            return {"sku": item["sku"], "cents": 1250}
"""
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

    [modules.rust]
    command = ["{binary}"]
    sdk = "crate"
    secrets = ["A", "B"]
    route = "/rust"
"""


@pytest.fixture(scope="session")
def crate_module() -> Path:
    """The compiled module; Cargo keeps it between runs."""
    if shutil.which("cargo") is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to have Cargo for the interoperability tests")
        pytest.skip("needs Cargo to build a module with the Rust crate")
    target = Path(os.environ.get("CARGO_TARGET_DIR", SOURCE / "target"))
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(target)]
    subprocess.run(command, cwd=SOURCE, check=True, timeout=BUILD_DEADLINE)
    return target / "release" / "crate_module"


@pytest.mark.timeout(BUILD_DEADLINE + 120)
async def test_it_gets_its_secrets_serves_http_and_calls_python_modules(
    start: Start, crate_module: Path
) -> None:
    orchestrator = await start(
        {"catalog.py": CATALOG},
        CONFIGURATION.format(binary=crate_module),
        environment={"A": "first-value", "B": "second-value-longer"},
    )
    status, answer, _ = await orchestrator.request("GET", "/rust/secrets")
    assert (status, answer) == (200, "[11,19]")
    body = bytes(range(256)) * 100
    async with orchestrator.client.post(orchestrator.url + "/m/rust/echo", data=body) as response:
        assert await response.read() == body
    for sku in ("A1", "B2", "C3"):
        status, answer, _ = await orchestrator.request("GET", f"/rust/price/{sku}")
        assert (status, answer) == (200, f'{{"cents":1250,"sku":"{sku}"}}')
    assert await orchestrator.stop() == 0, orchestrator.transcript()
    assert "first-value" not in orchestrator.transcript()


@pytest.mark.timeout(BUILD_DEADLINE + 120)
async def test_a_call_to_it_is_refused_at_once_because_no_handler_can_exist(
    start: Start, crate_module: Path
) -> None:
    orchestrator = await start(
        {"catalog.py": CATALOG, "caller.py": CALLER},
        CONFIGURATION.format(binary=crate_module) + '\n    [modules.caller]\n    run = "caller.py"\n',
        environment={"A": "first-value", "B": "second-value-longer"},
    )
    answer = await orchestrator.get("/m/caller/")
    assert "cannot receive messages" in answer["message"]


@pytest.mark.timeout(BUILD_DEADLINE + 120)
async def test_it_is_started_again_when_it_is_killed(start: Start, crate_module: Path) -> None:
    orchestrator = await start(
        {"catalog.py": CATALOG},
        CONFIGURATION.format(binary=crate_module),
        environment={"A": "first-value", "B": "second-value-longer"},
    )
    ready = sum(line.startswith("Ready  rust") for line in orchestrator.output)
    parent = str(orchestrator.process.pid)
    subprocess.run(["pkill", "-KILL", "-P", parent, "-x", "crate_module"], check=True)
    await orchestrator.until(
        lambda: sum(line.startswith("Ready  rust") for line in orchestrator.output) > ready
    )
    status, answer, _ = await orchestrator.request("GET", "/rust/price/A1")
    assert (status, answer) == (200, '{"cents":1250,"sku":"A1"}')
