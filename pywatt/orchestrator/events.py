"""What happened, in order: a bounded ring of typed events, and subscriptions to it.

The story of every module (changes of state, restarts, crash loops, what is reported about it) and of the
orchestrator itself. It is for people and programs that look; nothing in the orchestrator waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from pywatt.observe.logging import parse_level
from pywatt.observe.redaction import redact
from pywatt.orchestrator.console.log_entry import map_leaves
from pywatt.orchestrator.supervision.module_state import ModuleState

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.surroundings import Reporter

RING: Final = 1024
SUBSCRIBER_QUEUE: Final = 256
LONGEST_TEXT: Final = 1000  # characters

STATE: Final = "state"
"""The kind of a change of state; its fields are `before` and `after`."""
REPORT: Final = "report"
"""The kind of what was reported about a module, or about the orchestrator."""
ORCHESTRATOR: Final = "orchestrator"
"""The kind of what the orchestrator itself does: it starts, it stops."""

# States that need somebody's attention, with the level of the change into them.
_TROUBLE: Final = {
    ModuleState.UNREADY: "WARN",
    ModuleState.BACKING_OFF: "WARN",
    ModuleState.EXITED: "WARN",
    ModuleState.CRASH_LOOPING: "ERROR",
    ModuleState.FAILED: "ERROR",
}


@frozen
class Event:
    """Something that happened.

    Attributes:
        number: counts all events of this orchestrator, from 1.
        time: when, in seconds since the epoch.
        level: "ERROR", "WARN", "INFO", "DEBUG" or "TRACE".
        module: the module it is about; None: the orchestrator.
        kind: what it is, for programs.
        message: what it is, for people.
        fields: what belongs to it, as JSON.
    """

    number: int
    time: float
    level: str
    module: str | None
    kind: str
    message: str
    fields: Mapping[str, Any] = field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the form that travels."""
        return {
            "number": self.number,
            "time": self.time,
            "level": self.level,
            "module": self.module,
            "kind": self.kind,
            "message": self.message,
            "fields": dict(self.fields),
        }


@frozen
class LostEvents:
    """Events that a subscriber was too slow for, or that had left the ring before it came.

    Attributes:
        count: how many.
    """

    count: int


class Subscription:
    """Events from a moment on, until they are taken. Made by `EventRing.subscribe`."""

    def __init__(self, close: Callable[[Subscription], None]) -> None:
        self._close = close
        self._queue: deque[Event] = deque()
        self._lost = 0
        self._ended = False
        self._news = asyncio.Event()

    def put(self, event: Event) -> None:
        """Keep an event until it is taken; the oldest gives way when too many wait."""
        if len(self._queue) >= SUBSCRIBER_QUEUE:
            self._queue.popleft()
            self._lost += 1
        self._queue.append(event)
        self._news.set()

    def lose(self, count: int) -> None:
        """Tell the subscriber that there were events which it will not see."""
        self._lost += count
        self._news.set()

    def close(self) -> None:
        """Take no more events."""
        self._close(self)

    def take(self) -> list[Event | LostEvents]:
        """Return all that wait, without waiting for more."""
        lost, self._lost = self._lost, 0
        taken: list[Event | LostEvents] = [LostEvents(lost)] if lost else []
        taken.extend(self._queue)
        self._queue.clear()
        return taken

    def end(self) -> None:
        """There will be no more events."""
        self._ended = True
        self._news.set()

    async def news(self) -> list[Event | LostEvents] | None:
        """Wait until there is something, and return all of it; None when there will be no more.

        A cancelled wait loses nothing.
        """
        await self._news.wait()
        taken = self.take()
        if self._ended:
            return taken or None
        self._news.clear()
        return taken


class EventRing:
    """The last events, and those who want to know of every new one.

    Args:
        clock: tells the time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._events: deque[Event] = deque(maxlen=RING)
        self._number = 0
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def record(
        self, level: str, kind: str, message: str, module: str | None = None, **fields: object
    ) -> None:
        """Keep an event and tell all subscribers.

        Args:
            level: "ERROR", "WARN", "INFO", "DEBUG" or "TRACE".
            kind: what it is, for programs: a word of the standard terms, like "state".
            message: what it is, for people.
            module: the module it is about; None: the orchestrator.
            fields: what belongs to it; values of JSON.

        Every text is cut to `LONGEST_TEXT` characters.
        """
        self._number += 1
        details = map_leaves(fields, _recorded)
        event = Event(self._number, self._clock(), level, module, kind, _recorded(message), details)
        self._events.append(event)
        for subscription in self._subscriptions:
            subscription.put(event)

    def recent(self, after: int = 0) -> list[Event]:
        """Return the events that are still kept, oldest first.

        Args:
            after: only those with a higher number.
        """
        return [event for event in self._events if event.number > after]

    def missed(self, after: int) -> int:
        """Return how many events with a higher number have left the ring.

        Args:
            after: the last number that is known.
        """
        oldest = self._events[0].number if self._events else self._number + 1
        return max(0, oldest - after - 1)

    def subscribe(self) -> Subscription:
        """Return a subscription to all events from now on; close it in the end."""
        subscription = Subscription(self._subscriptions.discard)
        if self._closed:
            subscription.end()
        else:
            self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """Let all subscriptions come to their end: nothing will happen any more."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()


def _recorded(text: str) -> str:
    # Cut afterwards: half of a secret would not be recognised.
    return redact(text)[:LONGEST_TEXT]


def record_change(events: EventRing, module: ManagedModule, before: ModuleState) -> None:
    """Keep a change of state as an event.

    Args:
        events: where it is kept.
        module: in its new state.
        before: the state it was in.
    """
    state = module.state
    why = module.last_error if state in _TROUBLE else None
    message = f"is {state.value}" + (f": {why}" if why else "")
    details = {"before": before.value, "after": state.value, "restarts": module.restarts, "pid": module.pid}
    events.record(_TROUBLE.get(state, "INFO"), STATE, message, module.name, **details)


class RecordedReports:
    """A reporter that also keeps what it is told.

    Args:
        reporter: the one that shows it.
        events: keeps what happened.
    """

    def __init__(self, reporter: Reporter, events: EventRing) -> None:
        self._reporter = reporter
        self._events = events

    def event(self, level: str, message: str, module: str | None = None, **fields: object) -> None:
        """Show what happened, and keep it if it is not a detail."""
        self._reporter.event(level, message, module, **fields)
        if (parse_level(level) or logging.INFO) >= logging.INFO:
            texts = {name: value for name, value in fields.items() if isinstance(value, str | int | float)}
            self._events.record(level, REPORT, message, module, **texts)
