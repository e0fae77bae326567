"""The changes of state of some modules, as items of a command that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from pywatt.orchestrator.control.commands import SendItem
from pywatt.orchestrator.events import STATE, Event, EventRing, LostEvents


class StateChanges:
    """Sends every change of state of some modules while it is open; lets its owner wait for the next.

    Args:
        events: where changes are told.
        names: the modules whose changes are sent.
        send_item: sends one.
    """

    def __init__(self, events: EventRing, names: Iterable[str], send_item: SendItem) -> None:
        self._names = frozenset(names)
        self._send_item = send_item
        self._subscription = events.subscribe()
        self._happened = asyncio.Event()

    def __enter__(self) -> StateChanges:
        self._task = asyncio.create_task(self._forward(), name="changes of state")
        return self

    def __exit__(self, *_: object) -> None:
        self._subscription.close()
        self._task.cancel()
        self._send(self._subscription.take())

    async def next(self) -> None:
        """Wait until something has happened since the last call, to any module: they wait for each other."""
        await self._happened.wait()
        self._happened.clear()

    async def _forward(self) -> None:
        while (events := await self._subscription.news()) is not None:
            self._send(events)

    def _send(self, events: Iterable[Event | LostEvents]) -> None:
        for event in events:
            self._happened.set()
            if isinstance(event, LostEvents):
                self._send_item({"lost": event.count})
            elif event.kind == STATE and event.module in self._names:
                self._send_item({"event": event.to_json()})
