"""The client asks once, keeps what it was told, and fails in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pywatt.errors import ConnectionClosed, SecretError, SecretIoError, SecretNotFound, SecretTimeout
from pywatt.observe.redaction import redact
from pywatt.security import secret_client
from pywatt.security.secret_client import SecretClient, SecretMode
from pywatt.security.secrets_mapping import Secrets


async def test_a_secret_is_asked_for_once_and_then_kept(vault: Any) -> None:
    client = vault.client()
    waiting = asyncio.create_task(client.get_secret("DB"))
    assert await vault.asked() == "DB"
    vault.answer("DB", "postgres://u:p@h/db")
    assert (await waiting).expose_secret() == "postgres://u:p@h/db"
    assert (await client.get("DB")).expose_secret() == "postgres://u:p@h/db"
    assert vault.heard.empty()
    assert redact("to postgres://u:p@h/db") == "to [REDACTED]"


async def test_those_who_ask_at_once_share_one_question(vault: Any) -> None:
    client = vault.client()
    waiting = [asyncio.create_task(client.get_secret("DB")) for _ in range(3)]
    waiting.append(asyncio.create_task(client.get_secret("DB", SecretMode.FORCE_REMOTE)))
    assert await vault.asked() == "DB"
    waiting[0].cancel()
    await asyncio.wait({waiting[0]})
    vault.answer("DB", "value")
    assert {(await task).expose_secret() for task in waiting[1:]} == {"value"}
    assert vault.heard.empty()


async def test_answers_may_come_in_any_order(vault: Any) -> None:
    client = vault.client()
    waiting = asyncio.create_task(client.get_secrets(["A", "B", "A"]))
    assert [await vault.asked(), await vault.asked()] == ["A", "B"]
    vault.answer("B", "second")
    vault.answer("A", "first")
    found = await waiting
    assert [found[name].expose_secret() for name in ("A", "B")] == ["first", "second"]


async def test_the_modes_say_where_to_look(vault: Any) -> None:
    client = vault.client()
    with pytest.raises(SecretNotFound):
        await client.get_secret("DB", SecretMode.CACHE_ONLY)
    client.insert("DB", "kept")
    assert (await client.get_secret("DB", SecretMode.CACHE_ONLY)).expose_secret() == "kept"
    waiting = asyncio.create_task(client.get_secret("DB", SecretMode.FORCE_REMOTE))
    await vault.asked()
    vault.answer("DB", "fresh")
    assert (await waiting).expose_secret() == "fresh"
    assert (await client.get_secret("DB")).expose_secret() == "fresh"


async def test_the_error_form_is_a_secret_that_does_not_exist(vault: Any) -> None:
    client = vault.client()
    waiting = asyncio.create_task(client.get_secret("DB"))
    await vault.asked()
    vault.answer("DB", error="not allowed")
    with pytest.raises(SecretNotFound, match=r"secret not found: DB \(not allowed\)"):
        await waiting


async def test_no_answer_fails_in_time_and_a_late_one_is_kept(vault: Any) -> None:
    client = vault.client(timeout=0.01)
    with pytest.raises(SecretTimeout):
        await client.get_secret("DB")
    vault.answer("DB", "late")
    assert (await client.get_secret("DB", SecretMode.CACHE_ONLY)).expose_secret() == "late"


async def test_a_kept_value_can_have_a_time_to_live(vault: Any) -> None:
    client = vault.client(time_to_live=1e-9)
    client.insert("DB", "old")
    waiting = asyncio.create_task(client.get_secret("DB"))
    await vault.asked()
    vault.answer("DB", "new")
    assert (await waiting).expose_secret() == "new"


async def test_a_lost_orchestrator_fails_all_who_wait(vault: Any) -> None:
    client = vault.client()
    waiting = asyncio.create_task(client.get_secret("DB"))
    await vault.asked()
    client.close("the module is stopping")
    for work in (waiting, client.get_secret("OTHER")):
        with pytest.raises(SecretIoError, match="the module is stopping"):
            await work
    vault.answer("DB", "much too late")


async def test_a_question_that_cannot_be_sent_fails_at_once(vault: Any) -> None:
    client = vault.client()
    vault.refusal = ConnectionClosed()
    with pytest.raises(SecretIoError):
        await client.get_secret("DB")
    with pytest.raises(SecretIoError):
        client.acknowledge_rotation("r1", "success")


@pytest.mark.parametrize("name", ["", "a" * 257, "A=B", "A\nB", "A\0B", "\x9f"])
async def test_a_name_that_cannot_be_one_is_never_sent(vault: Any, name: str) -> None:
    with pytest.raises(SecretError):
        await vault.client().get_secret(name)
    assert vault.heard.empty()


async def test_the_cache_and_the_questions_are_bounded(vault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_client, "MAX_CACHED", 3)
    monkeypatch.setattr(secret_client, "MAX_FLIGHTS", 2)
    client = vault.client()
    for number in range(5):
        client.insert(f"NAME{number}", f"value{number}")
    assert client.names() == ["NAME2", "NAME3", "NAME4"]
    asked = [asyncio.create_task(client.get_secret(name)) for name in ("A", "B")]
    await vault.asked()
    await vault.asked()
    with pytest.raises(SecretError, match="the limit is 2"):
        await client.get_secret("C")
    client.close("done")
    await asyncio.wait(asked)
    assert all(isinstance(task.exception(), SecretIoError) for task in asked)


async def test_typed_secrets_are_secrets_of_that_type(vault: Any) -> None:
    client = SecretClient.new_dummy({"PORT": "8080", "ON": "true", "RATE": "0.5", "NAME": "x1y2"})
    assert (await client.get_int("PORT")).expose_secret() == 8080
    assert (await client.get_bool("ON")).expose_secret() is True
    assert (await client.get_float("RATE")).expose_secret() == 0.5
    assert (await client.get_string("NAME")).expose_secret() == "x1y2"
    with pytest.raises(SecretError, match="invalid digit"):
        await client.get_int("NAME")
    with pytest.raises(SecretIoError):
        await client.get_secret("ABSENT")
    assert "8080" not in repr(client)


async def test_the_secrets_of_a_module_by_name(vault: Any) -> None:
    client = vault.client()
    client.insert("KEY", "first")
    declared = await client.get_secrets(["KEY"])
    fixed = Secrets(client, declared, follow_rotations=False)
    following = Secrets(client, declared, follow_rotations=True)
    client.insert("KEY", "second")
    client.insert("FETCHED", "later")
    assert fixed["KEY"].expose_secret() == "first"
    assert following["KEY"].expose_secret() == "second"
    assert fixed["FETCHED"].expose_secret() == "later"
    assert list(fixed) == ["KEY", "FETCHED"]
    assert (len(fixed), repr(fixed)) == (2, "Secrets(KEY, FETCHED)")
    assert fixed.get("ABSENT") is None
    assert "ABSENT" not in fixed
    with pytest.raises(KeyError) as caught:
        fixed["ABSENT"]
    assert "declare it with @pywatt_module(secrets=['ABSENT'])" in str(caught.value)
