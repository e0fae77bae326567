"""A rotation forgets, fetches, tells subscribers, and is acknowledged once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pywatt.protocol.operations import RotationAck
from pywatt.security import rotation
from pywatt.security.secret import Secret


async def test_a_rotation_fetches_the_names_we_know_and_acknowledges_once(vault: Any) -> None:
    client = vault.client()
    client.insert("KNOWN", "old")
    told: list[tuple[str, str]] = []
    client.subscribe_to_rotations(lambda name, secret: told.append((name, secret.expose_secret())))
    vault.rotate("r1", "KNOWN", "NEVER_HEARD_OF")
    assert await vault.asked() == "KNOWN"
    vault.answer("KNOWN", "new", rotation_id="r1")
    assert await vault.acknowledged() == RotationAck("r1", "success")
    assert told == [("KNOWN", "new")]
    assert (await client.get_secret("KNOWN")).expose_secret() == "new"
    assert vault.heard.empty()


async def test_a_repeated_rotation_is_acknowledged_again_and_fetched_no_more(vault: Any) -> None:
    vault.client()
    for _ in range(3):
        vault.rotate("r1")
        assert await vault.acknowledged() == RotationAck("r1", "success")


async def test_a_name_is_fetched_because_somebody_subscribed_to_it(vault: Any) -> None:
    client = vault.client()
    told: list[str] = []
    end = client.subscribe_to_rotations(lambda name, secret: told.append(name), keys=["WANTED"])
    vault.rotate("r1", "WANTED")
    assert await vault.asked() == "WANTED"
    vault.answer("WANTED", "value")
    assert (await vault.acknowledged()).status == "success"
    end()
    end()
    vault.rotate("r2", "WANTED")
    assert await vault.asked() == "WANTED"
    vault.answer("WANTED", "other")
    assert (await vault.acknowledged()).status == "success"
    assert told == ["WANTED"]


async def test_a_value_asked_for_during_a_rotation_is_the_new_one(vault: Any) -> None:
    client = vault.client()
    client.insert("KEY", "old")
    vault.rotate("r1", "KEY")
    waiting = asyncio.create_task(client.get_secret("KEY"))
    assert await vault.asked() == "KEY"
    assert client.latest("KEY") == Secret("old")
    vault.answer("KEY", "new")
    assert (await waiting).expose_secret() == "new"
    await vault.acknowledged()


async def test_names_that_cannot_be_fetched_make_an_error_that_names_them(vault: Any) -> None:
    client = vault.client()
    client.insert("GOOD", "1111")
    client.insert("BAD", "2222")
    vault.rotate("r1", "GOOD", "BAD")
    assert {await vault.asked(), await vault.asked()} == {"GOOD", "BAD"}
    vault.answer("BAD", error="gone")
    vault.answer("GOOD", "3333")
    assert await vault.acknowledged() == RotationAck("r1", "error", "failed: BAD")


async def test_the_text_of_an_error_is_bounded(vault: Any) -> None:
    client = vault.client()
    names = [f"NAME_{number:03}" for number in range(60)]
    for name in names:
        client.insert(name, "value")
    vault.rotate("r1", *names)
    for _ in names:
        vault.answer(await vault.asked(), error="gone")
    message = (await vault.acknowledged()).message
    assert message is not None
    assert len(message) == 256
    assert message.startswith("failed: NAME_000, NAME_001")


async def test_no_more_than_sixteen_names_are_fetched_at_once(vault: Any) -> None:
    client = vault.client()
    names = [f"NAME{number}" for number in range(20)]
    for name in names:
        client.insert(name, "value")
    vault.rotate("r1", *names)
    first = [await vault.asked() for _ in range(16)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert vault.heard.empty()
    for name in first:
        vault.answer(name, "next")
    for _ in range(4):
        vault.answer(await vault.asked(), "next")
    assert (await vault.acknowledged()).status == "success"


async def test_a_subscriber_that_fails_is_logged_and_stops_nothing(
    vault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = vault.client()
    client.insert("KEY", "old-value")
    told: list[str] = []

    def broken(name: str, secret: Secret[str]) -> None:
        raise RuntimeError("no")

    async def slow(name: str, secret: Secret[str]) -> None:
        await asyncio.sleep(0)
        told.append(name)

    client.subscribe_to_rotations(broken)
    client.subscribe_to_rotations(slow)
    vault.rotate("r1", "KEY")
    vault.answer(await vault.asked(), "new-value")
    assert (await vault.acknowledged()).status == "success"
    assert told == ["KEY"]
    assert "a subscriber to rotations of secret KEY failed" in caplog.text
    assert "new-value" not in caplog.text


async def test_a_rotation_that_takes_too_long_is_an_error(
    vault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ROTATION_DEADLINE", 0.01)
    client = vault.client()
    client.insert("KEY", "old")
    vault.rotate("r1", "KEY")
    await vault.asked()
    assert await vault.acknowledged() == RotationAck("r1", "error", "timeout")


async def test_a_pushed_value_is_kept_and_told_when_it_changed(vault: Any) -> None:
    client = vault.client()
    client.insert("KEY", "old")
    told: asyncio.Queue[str] = asyncio.Queue()
    client.subscribe_to_rotations(lambda name, secret: told.put_nowait(secret.expose_secret()))
    vault.answer("KEY", "old", rotation_id="r1")
    vault.answer("KEY", "new", rotation_id="r1")
    async with asyncio.timeout(5):
        assert await told.get() == "new"
    assert vault.heard.empty()


async def test_values_that_wait_for_a_busy_subscriber_are_coalesced(vault: Any) -> None:
    client = vault.client()
    gate = asyncio.Event()
    told: list[str] = []
    done = asyncio.Event()

    async def slow(name: str, secret: Secret[str]) -> None:
        await gate.wait()
        told.append(secret.expose_secret())
        if secret.expose_secret() == "value4":
            done.set()

    client.subscribe_to_rotations(slow)
    for number in range(5):
        vault.answer("KEY", f"value{number}", rotation_id="r1")
        await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(5):
        await done.wait()
    assert told == ["value0", "value4"]


async def test_rotations_at_once_are_bounded(vault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "RUNNING_ROTATIONS", 1)
    client = vault.client()
    client.insert("KEY", "old")
    vault.rotate("r1", "KEY")
    await vault.asked()
    vault.rotate("r1", "KEY")
    vault.rotate("r2", "KEY")
    refused = await vault.acknowledged()
    assert (refused.rotation_id, refused.status) == ("r2", "error")
    vault.answer("KEY", "new")
    assert (await vault.acknowledged()).rotation_id == "r1"
    assert vault.heard.empty()
