"""What people ask of a module while it lives."""

from __future__ import annotations

import asyncio

import pytest

from pywatt.orchestrator.supervision.orders import Orders

DEADLINE = 10.0


async def test_what_comes_to_its_end_before_an_order_is_not_disturbed() -> None:
    assert not await Orders().given_during(asyncio.sleep(0))


async def test_an_order_ends_the_waiting_and_cancels_what_was_waited_for() -> None:
    orders = Orders()
    waited = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(orders.give_restart)
    async with asyncio.timeout(DEADLINE):
        assert await orders.given_during(waited)
    assert waited.cancelled()
    assert (orders.stop, orders.restart) == (False, True)


async def test_an_order_that_was_given_before_counts_at_once() -> None:
    orders = Orders()
    orders.give_stop()
    async with asyncio.timeout(DEADLINE):
        assert await orders.given_during(asyncio.Event().wait())


async def test_what_is_raised_comes_through() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await Orders().given_during(fail())


async def test_orders_that_are_carried_out_are_forgotten() -> None:
    orders = Orders()
    orders.give_stop()
    orders.give_restart()
    assert orders.given
    orders.carried_out()
    assert not orders.given
    assert not await orders.given_during(asyncio.sleep(0))
