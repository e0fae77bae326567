"""What has sockets is tested on uvloop, where the orchestrator runs if it is installed, and on asyncio."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gateways import StartGateway

ON_BOTH_LOOPS = {"control", "gateway", "links", "supervision"}
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    factories: dict[str, LoopFactory] = {"asyncio": asyncio.new_event_loop}
    if item.path.parent.name in ON_BOTH_LOOPS and importlib.util.find_spec("uvloop") is not None:
        import uvloop

        factories["uvloop"] = uvloop.new_event_loop
    return factories


@pytest.fixture
async def start_gateway() -> AsyncIterator[StartGateway]:
    # Imported here: most tests of this folder need no HTTP server.
    from gateways import gateways

    async with gateways() as start:
        yield start
