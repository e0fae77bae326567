"""One offered channel, kept connected for as long as the module lives."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.channels.connection import Connection
from pywatt.channels.limits import MAX_UNIX_FRAME
from pywatt.channels.unix import listen_unix, open_unix
from pywatt.errors import InvalidConfig
from pywatt.module.channel_link import ChannelLink, OfferedChannel
from pywatt.protocol.codec import Direction

DEADLINE = 15.0


class Dialler:
    """Makes connections to a socket; some attempts find the address impossible."""

    def __init__(self, path: str, impossible: set[int]) -> None:
        self._path = path
        self._impossible = impossible
        self.attempts = 0

    async def open(self) -> Connection:
        self.attempts += 1
        if self.attempts in self._impossible:
            raise InvalidConfig("the name does not exist")
        return await open_unix(self._path)


def link_over(dialler: Dialler, identified: asyncio.Queue[Carrier]) -> ChannelLink:
    def make(connection: Connection, on_lost: Any) -> Carrier:
        return Carrier(
            connection,
            CarrierKind.UNIX,
            direction=Direction.TO_MODULE,
            wrapped=True,
            source="",
            max_frame=MAX_UNIX_FRAME,
            on_operation=lambda operation, carrier: None,
            on_lost=on_lost,
        )

    offer = OfferedChannel(
        kind=CarrierKind.UNIX, name="IPC", required=True, max_frame=MAX_UNIX_FRAME, open=dialler.open
    )
    return ChannelLink(offer, make, identified.put_nowait)


async def test_an_address_that_worked_before_may_be_impossible_for_a_moment(tmp_path: Path) -> None:
    accepted = asyncio.Queue[Connection]()
    listener = await listen_unix(
        str(tmp_path / "s"), lambda connection, sock: accepted.put_nowait(connection)
    )
    dialler, identified = Dialler(str(tmp_path / "s"), {2, 3}), asyncio.Queue[Carrier]()
    link = link_over(dialler, identified)
    try:
        async with asyncio.timeout(DEADLINE):
            await link.connect()
            first = await identified.get()
            ended = await accepted.get()
            ended.abort()
            second = await identified.get()
            again = await accepted.get()
        assert dialler.attempts == 4
        assert link.carrier is second is not first
        assert second.alive
    finally:
        await link.close()
        await listener.close()
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(ended.closed, again.closed, first.connection.closed)


async def test_an_address_that_never_worked_is_not_tried_again(tmp_path: Path) -> None:
    dialler = Dialler(str(tmp_path / "s"), {1})
    link = link_over(dialler, asyncio.Queue())
    with pytest.raises(InvalidConfig):
        await link.connect()
    assert dialler.attempts == 1
