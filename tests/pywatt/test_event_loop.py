"""Which event loop a process runs on."""

import asyncio
import builtins
from typing import Any

import pytest

from pywatt import event_loop
from pywatt.errors import ConfigError


async def loop_module() -> str:
    return type(asyncio.get_running_loop()).__module__


@pytest.fixture
def without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "uvloop":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_uvloop_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvloop")
    for value in ("", "auto", "uvloop"):
        monkeypatch.setenv("PYWATT_EVENT_LOOP", value)
        assert event_loop.run(loop_module()).startswith("uvloop")
    monkeypatch.delenv("PYWATT_EVENT_LOOP")
    assert event_loop.run(loop_module()).startswith("uvloop")


def test_asyncio_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_EVENT_LOOP", "asyncio")

    assert event_loop.run(loop_module()).startswith("asyncio")


@pytest.mark.usefixtures("without_uvloop")
def test_asyncio_where_uvloop_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_EVENT_LOOP", "auto")
    assert event_loop.run(loop_module()).startswith("asyncio")
    monkeypatch.setenv("PYWATT_EVENT_LOOP", "uvloop")
    with pytest.raises(ConfigError, match="not installed"):
        event_loop.run(loop_module())


def test_another_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_EVENT_LOOP", "trio")
    with pytest.raises(ConfigError, match="PYWATT_EVENT_LOOP must be asyncio, uvloop or auto, not 'trio'"):
        event_loop.run(loop_module())


def test_errors_of_the_coroutine_come_through() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        event_loop.run(fail())
