"""A module built with the published crate, case by case: what it does, and what is known that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from crate_modules import BUILD_TIMEOUT

from pywatt.testing import (
    ConformanceReport,
    ReferenceDriver,
    Status,
    check_conformance,
    conformance_cases,
)
from pywatt.testing.conformance.compiled_module import BY_CHANCE, KNOWN_DEVIATIONS
from pywatt.testing.settings import free_port

SECRETS = {"A": "first-value", "B": "second-value-longer"}
JSON = {"content-type": "application/json"}
DEADLINE = 15.0
NAMES = [case.name for case in conformance_cases(compiled=True)]

pytestmark = BUILD_TIMEOUT
reports: dict[Path, ConformanceReport] = {}


@pytest.fixture
async def report(crate_module: Path) -> ConformanceReport:
    """All cases, run once."""
    if crate_module not in reports:
        command = [str(crate_module), "serve", *SECRETS]
        reports[crate_module] = await check_conformance(
            command, module_id="rust", secrets=SECRETS, deadline=DEADLINE, compiled=True
        )
    return reports[crate_module]


@pytest.mark.parametrize("name", NAMES)
def test_it_does_what_is_known_of_it(report: ConformanceReport, name: str) -> None:
    status = report.status_of(name)
    if name in BY_CHANCE:
        assert status in (Status.PASSED, Status.DEVIATES), report.text()
    else:
        expected = Status.DEVIATES if name in KNOWN_DEVIATIONS else Status.PASSED
        assert status is expected, report.text()


async def test_it_calls_a_module_that_the_driver_stands_for(crate_module: Path) -> None:
    async with ReferenceDriver.start(
        [str(crate_module), "serve"],
        module_id="rust",
        carriers=["tcp"],
        listen=f"127.0.0.1:{free_port()}",
        compiled=True,
    ) as rust:
        rust.answer("catalog", "price", lambda item: {"sku": item["sku"], "cents": 1250})
        await rust.announced()
        async with rust.pump("tcp"):
            answer = await rust.http(
                "POST", "/call/catalog/price", headers=JSON, body=b'{"sku":"A1"}', carrier="http"
            )
        assert answer.status == 200
        assert "1250" in answer.text
        (call,) = rust.calls
        assert (call.target, call.endpoint, call.payload) == ("catalog", "price", {"sku": "A1"})


async def test_without_a_tcp_channel_it_ends_and_says_why(crate_module: Path) -> None:
    async with ReferenceDriver.start(
        [str(crate_module), "serve"],
        module_id="rust",
        carriers=(),
        listen=f"127.0.0.1:{free_port()}",
        compiled=True,
    ) as rust:
        assert (await rust.exited()).code == 1
        await rust.logged("Failed to serialize Identify message")
