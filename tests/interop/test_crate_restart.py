"""A module built with the Rust crate, which leaves at once when it is told to, is restarted under load."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from crate_modules import BUILD_TIMEOUT, CATALOG
from load import HttpLoad
from orchestrators import Orchestrator, Start

pytestmark = BUILD_TIMEOUT

RESTARTS = 5
DEADLINE = 60.0
CONFIGURATION = """
    [modules.catalog]
    run = "catalog.py"

    [modules.rust]
    command = ["{program}", "serve", "A", "B"]
    sdk = "crate"
    secrets = ["A", "B"]
"""
SECRETS = {"A": "first-value", "B": "second-value-longer"}


async def restart(orchestrator: Orchestrator, *names: str) -> None:
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pywatt", "restart", *names),
        cwd=orchestrator.folder,
        env={**os.environ, "PYWATT_RUN_DIR": str(orchestrator.folder / "run")},
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(DEADLINE):
        assert await command.wait() == 0, orchestrator.transcript()


async def test_no_request_and_no_call_of_it_is_lost(start: Start, crate_module: Path) -> None:
    orchestrator = await start(
        {"catalog.py": CATALOG}, CONFIGURATION.format(program=crate_module), environment=SECRETS
    )

    async def request(method: str, path: str, data: str | None) -> tuple[int, str]:
        # What the load takes for a GET is answered by a call to the Python module.
        call: dict[str, Any] = {"json": {"sku": "A1"}}
        options = {"data": data} if method == "POST" else call
        target = "/m/rust/echo" if method == "POST" else "/m/rust/call/catalog/price"
        status, answer, _ = await orchestrator.request("POST", target, **options)
        return status, str(answer)

    load = HttpLoad(request, "", 8)
    for _ in range(RESTARTS):
        await load.until_answered(50)
        await restart(orchestrator, "rust")
    await load.until_answered(50)
    await restart(orchestrator, "rust", "catalog")
    await load.end()
    assert load.failures == []
    told = [line for line in orchestrator.log if "rust: ready again in" in line]
    assert len(told) == RESTARTS + 1
    assert not [line for line in told if "cut" in line or "in vain" in line]
