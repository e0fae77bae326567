"""The commands about the orchestrator itself: its events, and its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from pywatt.orchestrator.control.commands import (
    COUNT,
    FLAG,
    NAMES,
    Arguments,
    Command,
    CommandTable,
    SendItem,
    check_names,
)
from pywatt.orchestrator.control.state_changes import StateChanges
from pywatt.orchestrator.events import Event, EventRing, LostEvents

if TYPE_CHECKING:
    from collections.abc import Collection


class OrchestratorCommands:
    """Answers the commands about the orchestrator.

    Args:
        events: what happened.
        modules: the names that events may be asked for.
        stop: begins to stop everything, at once if its argument says so; returns when all modules have ended.
    """

    def __init__(
        self, events: EventRing, modules: Collection[str], stop: Callable[[bool], Awaitable[None]]
    ) -> None:
        self._events = events
        self._modules = modules
        self._stop = stop

    def table(self) -> CommandTable:
        """Return the commands by name."""
        return {
            "events": Command(
                self._send_events, {"names": NAMES, "follow": FLAG, "after": COUNT, "last": COUNT}
            ),
            "down": Command(self._down, {"now": FLAG}),
        }

    async def _send_events(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        names = frozenset(arguments["names"])
        check_names(self._modules, names)

        def send(events: Iterable[Event | LostEvents]) -> None:
            for event in events:
                if isinstance(event, LostEvents):
                    send_item({"lost": event.count})
                elif not names or event.module in names:
                    send_item({"event": event.to_json()})

        subscription = self._events.subscribe()
        try:
            send(self._kept(arguments["after"], arguments["last"], names))
            while arguments["follow"] and (news := await subscription.news()) is not None:
                send(news)
        finally:
            subscription.close()
        return {}

    def _kept(self, after: int | None, last: int | None, names: frozenset[str]) -> list[Event | LostEvents]:
        """The events of the past that are asked for, and how many of them are not kept any more."""
        events = [event for event in self._events.recent(after or 0) if not names or event.module in names]
        if last is not None:
            events = events[len(events) - last :] if last < len(events) else events
        missed = 0 if after is None else self._events.missed(after)
        return [LostEvents(missed), *events] if missed else [*events]

    async def _down(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        with StateChanges(self._events, self._modules, send_item):
            await self._stop(arguments["now"])
        return {}
