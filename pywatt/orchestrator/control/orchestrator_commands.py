"""The commands about the orchestrator itself: its events, and its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
            "events": Command(self._send_events, {"names": NAMES, "follow": FLAG, "after": COUNT}),
            "down": Command(self._down, {"now": FLAG}),
        }

    async def _send_events(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        names = frozenset(arguments["names"])
        check_names(self._modules, names)
        after = arguments["after"] or 0

        def send(event: Event | LostEvents) -> None:
            if isinstance(event, LostEvents):
                send_item({"lost": event.count})
            elif not names or event.module in names:
                send_item({"event": event.to_json()})

        subscription = self._events.subscribe()
        try:
            if arguments["after"] is not None and self._events.missed(after):
                send(LostEvents(self._events.missed(after)))
            for past in self._events.recent(after):
                send(past)
            if arguments["follow"]:
                while (events := await subscription.news()) is not None:
                    for event in events:
                        send(event)
        finally:
            subscription.close()
        return {}

    async def _down(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        with StateChanges(self._events, self._modules, send_item):
            await self._stop(arguments["now"])
        return {}
