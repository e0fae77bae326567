"""Every module of ours, driven as the crate's types allow: examples, README, each kind of application."""

from __future__ import annotations

import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
from applications import APPLICATIONS
from attrs import Factory, frozen
from pages import README, ROOT, blocks, python_files

from pywatt import ApplicationError
from pywatt.testing import ConformanceReport, ReferenceDriver, check_conformance, conformance_cases

SHOP = ROOT / "examples" / "shop"
DEADLINE = 20.0
WORKER = """
from pywatt import pywatt_module

@pywatt_module
async def main(state):
    @state.on("price")
    async def price(item: dict) -> dict:
        return item
"""


@frozen
class Subject:
    """A module and what it needs.

    Args:
        source: its file, or its text.
        secrets: what it asks for.
        bare: whether it speaks the protocol itself, on standard input and output only.
    """

    source: Path | str
    secrets: dict[str, str] = Factory(dict)
    bare: bool = False

    def command(self, folder: Path) -> list[str]:
        if isinstance(self.source, str):
            path = folder / "subject.py"
            path.write_text(textwrap.dedent(self.source))
        else:
            path = self.source
        return [sys.executable, str(path)] if self.bare else [sys.executable, "-m", "pywatt", str(path)]


SUBJECTS = {
    "catalog": Subject(SHOP / "catalog.py", {"SUPPLIER_KEY": "of-the-supplier"}),
    "orders": Subject(SHOP / "orders.py"),
    "storefront": Subject(SHOP / "storefront.py"),
    "ledger": Subject(SHOP / "ledger.py", {"LEDGER_KEY": "of-the-ledger"}, bare=True),
    "hello": Subject(python_files()["hello.py"], {"API_KEY": "of-no-worth"}),
    "till": Subject(python_files()["till.py"]),
    "worker": Subject(WORKER),
    **{kind: Subject(source) for kind, source in APPLICATIONS.items()},
}
CHANNELS: dict[str, tuple[Any, ...]] = {"stdio": (), "unix": ("unix",), "tcp": ("tcp",)}
ANSWERS = {("hello", "price"): lambda item: {"item": item["sku"], "cents": 1250}}
RUNS = [
    pytest.param(name, channels, id=f"{name}-{kind}")
    for name, subject in SUBJECTS.items()
    for kind, channels in CHANNELS.items()
    if not (subject.bare and channels)
]


async def check(
    name: str, folder: Path, channels: tuple[Any, ...], only: list[str] | None = None
) -> ConformanceReport:
    subject = SUBJECTS[name]
    return await check_conformance(
        subject.command(folder),
        module_id=name,
        secrets=subject.secrets,
        carriers=channels,
        answers=ANSWERS,
        deadline=DEADLINE,
        only=only,
    )


@pytest.mark.parametrize(("name", "channels"), RUNS)
async def test_a_module_keeps_to_the_protocol(tmp_path: Path, name: str, channels: tuple[Any, ...]) -> None:
    cases = conformance_cases(channels)
    chosen = [case.name for case in cases if not case.alone or case.name.startswith(("shutdown", "stdin"))]
    report = await check(name, tmp_path, channels, chosen)
    assert report.passed, report.text()


@pytest.mark.parametrize("name", ["hello", "ledger"])
async def test_a_module_passes_every_case_there_is(tmp_path: Path, name: str) -> None:
    channels = CHANNELS["stdio"] if SUBJECTS[name].bare else ("unix", "tcp")
    report = await check(name, tmp_path, channels)
    assert report.passed, report.text()


async def test_the_catalog_names_prices_and_explains_what_it_does_not_know() -> None:
    subject = SUBJECTS["catalog"]
    async with ReferenceDriver.start(
        subject.command(SHOP), module_id="catalog", secrets=subject.secrets
    ) as catalog:
        assert await catalog.call("price", {"sku": "A1"}) == {"sku": "A1", "cents": 3450}
        with pytest.raises(ApplicationError, match="unknown_product"):
            await catalog.call("price", {"sku": "Z9"})
        await catalog.notify("sold", {"sku": "A1"})
        assert (await catalog.http("GET", "/products/A1")).json()["name"] == "Teapot"
        assert "of-the-supplier" not in catalog.transcript.text()


async def test_an_order_is_priced_booked_and_told(tmp_path: Path) -> None:
    async with ReferenceDriver.start(SUBJECTS["orders"].command(tmp_path), module_id="orders") as orders:
        orders.answer("catalog", "price", lambda item: {"sku": item["sku"], "cents": 100})
        orders.answer("ledger", "record", lambda placed: {"entry": 7})
        placed = await orders.call("place", {"sku": "B2", "quantity": 3})
        assert placed == {"order": 1, "sku": "B2", "total_cents": 300, "ledger_entry": 7}
        told = await orders.called("catalog", "sold")
        assert (told.notify, told.payload) == (True, {"sku": "B2"})
        await orders.logged("packing 3 x B2")


async def test_the_storefront_passes_an_order_on_and_shows_a_refusal(tmp_path: Path) -> None:
    def place(order: dict[str, Any]) -> dict[str, Any]:
        if order["sku"] != "A1":
            raise ApplicationError("unknown_product", "no such thing")
        return {"order": 1, **order}

    command = SUBJECTS["storefront"].command(tmp_path)
    async with ReferenceDriver.start(command, module_id="storefront") as storefront:
        storefront.answer("orders", "place", place)
        headers = {"content-type": "application/json"}
        done = await storefront.http("POST", "/orders", headers=headers, body=b'{"sku":"A1"}')
        assert (done.status, done.json()) == (201, {"order": 1, "sku": "A1"})
        refused = await storefront.http("POST", "/orders", headers=headers, body=b'{"sku":"Z9"}')
        assert (refused.status, refused.json()["error"]) == (422, "unknown_product")


async def test_the_ledger_seals_what_it_records(tmp_path: Path) -> None:
    subject = SUBJECTS["ledger"]
    async with ReferenceDriver.start(
        subject.command(tmp_path), module_id="ledger", secrets=subject.secrets, carriers=()
    ) as ledger:
        recorded = await ledger.call("record", {"order": 1})
        assert (recorded["entry"], recorded["item"]) == (1, {"order": 1})
        assert (await ledger.http("GET", "/entries")).json() == [recorded]


def test_every_module_of_the_examples_and_the_readme_is_among_them() -> None:
    shop = tomllib.loads((SHOP / "pywatt.toml").read_text())
    assert set(shop["modules"]) <= set(SUBJECTS)
    assert len(blocks(README, "python")) == 2
