"""How a module built with the Rust crate 0.5.3 comes up under our supervision, observation by observation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from crate_modules import BUILD_TIMEOUT, CrateWorkshop, soon
from supervised import until

from pywatt.channels.carrier import CarrierKind
from pywatt.orchestrator.links.crate_peer import UNSERIALISABLE_IDENTIFY
from pywatt.protocol.listen import TcpAddress

pytestmark = BUILD_TIMEOUT

VALUES = {"A": "first", "B": "second value", "C": "the third of the values"}


async def test_it_is_given_a_tcp_channel_of_its_own_without_asking_for_one(crate: CrateWorkshop) -> None:
    module = await crate.start()
    assert isinstance(module.link.sockets.tcp_address, TcpAddress)
    assert module.link.sockets.unix_path is None
    await until(lambda: module.link.best is not None, "its channel")
    assert module.link.best is not None
    assert module.link.best.kind is CarrierKind.TCP


async def test_one_that_refuses_the_channel_fails_and_the_crates_own_words_are_told(
    crate: CrateWorkshop,
) -> None:
    assert UNSERIALISABLE_IDENTIFY.decode() in await crate.failure(mode="no-tcp")


async def test_after_its_second_dial_one_connection_remains_and_is_the_channel(
    crate: CrateWorkshop, caplog: pytest.LogCaptureFixture
) -> None:
    module = await crate.start(crate.catalog())
    answer = await crate.call("catalog", "price", {"sku": "A1"})
    assert answer == {"sku": "A1", "cents": 1250}
    tcp = [carrier for carrier in module.link.carriers if carrier.kind is CarrierKind.TCP]
    assert tcp == [module.link.best]
    assert not caplog.records  # a connection that is dropped at once is nobody's business


async def test_a_stranger_on_its_port_is_refused_though_nothing_names_the_module(
    crate: CrateWorkshop, caplog: pytest.LogCaptureFixture
) -> None:
    module = await crate.start(crate.catalog())
    address = module.link.sockets.tcp_address
    assert address is not None
    reader, writer = await asyncio.open_connection(address.host, address.port)
    with contextlib.suppress(ConnectionResetError):
        assert await soon(reader.read()) == b""
    writer.close()
    assert "a connection to the socket of module rust was refused" in caplog.text
    assert await crate.call("catalog", "price", {"sku": "A1"}) == {"sku": "A1", "cents": 1250}


@pytest.mark.parametrize("names", [[], ["A"], ["A", "B"], ["A", "B", "C"]], ids=["none", "1", "2", "3"])
async def test_it_gets_its_secrets_though_it_swallows_answers(crate: CrateWorkshop, names: list[str]) -> None:
    crate.workshop.secrets.update(VALUES)
    await crate.start(secrets=names)
    assert await crate.get("/secrets") == [len(VALUES[name]) for name in names]


async def test_nothing_comes_on_its_standard_input_but_secrets_and_the_shutdown(
    crate: CrateWorkshop, tmp_path: Path
) -> None:
    crate.workshop.secrets.update(VALUES)
    heard = tmp_path / "heard"
    module = await crate.start(
        crate.catalog(),
        command=["sh", "-c", f"tee {heard} | exec {crate.program} serve A B"],
        secrets=["A", "B"],
        heartbeat_interval=0.05,
    )
    await crate.call("catalog", "price", {"sku": "A1"})
    await module.stop()
    first, *others = [json.loads(line) for line in heard.read_text().splitlines()]
    assert first["module_id"] == "rust"
    assert "extensions" not in first
    assert [line["op"] for line in others if line["op"] != "secret"] == ["shutdown"]
    names = [line["name"] for line in others if line["op"] == "secret"]
    assert names == sorted(names)  # an answer may be repeated, never after the next question


async def test_a_secret_that_does_not_exist_is_answered_by_silence_and_the_log_says_which(
    crate: CrateWorkshop, caplog: pytest.LogCaptureFixture
) -> None:
    failure = await crate.failure(secrets=["A"], start_timeout=1.0)
    assert "module rust gets no secret 'A': no source has it" in caplog.text
    assert failure == "was not ready within 1 s: it has not announced itself"


async def test_it_is_told_a_real_port_and_is_ready_when_that_answers(crate: CrateWorkshop) -> None:
    module = await crate.start()
    assert isinstance(module.http_address, TcpAddress)
    assert module.http_address.port != 0
    assert isinstance(await crate.get("/pid"), int)


async def test_an_announced_port_that_never_answers_is_a_failed_start_with_the_reason(
    crate: CrateWorkshop,
) -> None:
    assert "refuses connections" in await crate.failure(mode="elsewhere", start_timeout=1.0)


async def test_one_that_announces_no_endpoint_need_not_serve_http(crate: CrateWorkshop) -> None:
    module = await crate.start(crate.catalog(), mode="worker", after=["catalog"])
    assert module.announcement is not None
    assert module.announcement.endpoints == []
    await crate.workshop.recorder.until_logged('worker was told {"cents":1250,"sku":"from-worker"}')


async def test_one_that_ends_before_its_announcement_is_told_with_its_code(crate: CrateWorkshop) -> None:
    assert "code 3 before it announced itself" in await crate.failure(mode="early-exit")


def test_garbage_instead_of_the_first_line_ends_it(crate_module: Path) -> None:
    run: Any = subprocess.run(
        [crate_module, "serve"], input=b"garbage\n", capture_output=True, timeout=30, check=False
    )
    assert run.returncode == 1
    assert b"handshake failed: failed to parse Init JSON: expected value at line 1 column 1" in run.stderr
