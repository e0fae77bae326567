"""The ring of events: bounded, numbered, and never waited for."""

from __future__ import annotations

import asyncio

import pytest
from supervised import News, Recorder, Workshop, workshop

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.events import (
    LONGEST_TEXT,
    REPORT,
    RING,
    STATE,
    SUBSCRIBER_QUEUE,
    Event,
    EventRing,
    LostEvents,
    RecordedReports,
    record_change,
)
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["workshop"]


def numbers(events: list[Event | LostEvents] | None) -> list[int]:
    return [event.number for event in events or [] if isinstance(event, Event)]


def test_events_are_numbered_and_dated() -> None:
    ring = EventRing(clock=lambda: 12.5)
    ring.record("INFO", "noise", "first")
    ring.record("WARN", "noise", "second", "catalog", loud=True)
    assert [event.to_json() for event in ring.recent(after=1)] == [
        {
            "number": 2,
            "time": 12.5,
            "level": "WARN",
            "module": "catalog",
            "kind": "noise",
            "message": "second",
            "fields": {"loud": True},
        }
    ]


def test_only_the_last_are_kept_and_the_rest_can_be_told() -> None:
    ring = EventRing()
    for _ in range(RING + 5):
        ring.record("INFO", "noise", "")
    assert len(ring.recent()) == RING
    assert ring.missed(after=0) == 5
    assert ring.missed(after=5) == 0


def test_every_text_has_a_bound() -> None:
    ring = EventRing()
    text = "x" * (LONGEST_TEXT + 1)
    ring.record("INFO", "noise", text, reason=text)
    (event,) = ring.recent()
    assert event.message == event.fields["reason"] == "x" * LONGEST_TEXT


async def test_a_subscriber_gets_what_happens_from_then_on() -> None:
    ring = EventRing()
    ring.record("INFO", "noise", "before")
    subscription = ring.subscribe()
    ring.record("INFO", "noise", "after")
    assert numbers(await subscription.news()) == [2]


async def test_a_subscriber_that_is_too_slow_is_told_how_much_it_lost() -> None:
    ring = EventRing()
    subscription = ring.subscribe()
    for _ in range(SUBSCRIBER_QUEUE + 3):
        ring.record("INFO", "noise", "")
    news = await subscription.news()
    assert news is not None
    assert news[0] == LostEvents(3)
    assert numbers(news) == list(range(4, SUBSCRIBER_QUEUE + 4))


async def test_a_wait_that_is_given_up_loses_nothing() -> None:
    ring = EventRing()
    subscription = ring.subscribe()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(subscription.news(), 0.01)
    ring.record("INFO", "noise", "")
    assert numbers(await subscription.news()) == [1]


async def test_a_subscription_ends_when_the_ring_is_closed() -> None:
    ring = EventRing()
    subscription = ring.subscribe()
    ring.record("INFO", "noise", "")
    ring.close()
    assert numbers(await subscription.news()) == [1]
    assert await subscription.news() is None
    assert await ring.subscribe().news() is None


async def test_a_closed_subscription_costs_nothing() -> None:
    ring = EventRing()
    subscription = ring.subscribe()
    subscription.close()
    ring.record("INFO", "noise", "")
    assert subscription.take() == []


async def test_what_is_reported_about_a_module_is_kept_unless_it_is_a_detail() -> None:
    ring, recorder = EventRing(), Recorder(News())
    reports = RecordedReports(recorder, ring)
    reports.event("DEBUG", "a detail", "catalog")
    reports.event("WARN", "a warning", "catalog", exits=3)
    assert [(event.kind, event.message, event.fields) for event in ring.recent()] == [
        (REPORT, "a warning", {"exits": 3})
    ]
    assert recorder.events == [("DEBUG", "a detail", "catalog"), ("WARN", "a warning", "catalog")]


async def test_a_change_of_state_says_why(workshop: Workshop) -> None:
    ring = EventRing()
    supervisor = workshop.supervise(
        workshop.configuration("one", "log('no luck')\nsys.exit(3)", restart={"policy": "never"})
    )
    supervisor.on_change(lambda module, before: record_change(ring, module, before))
    module = supervisor.modules["one"]
    supervisor.start_all()
    await workshop.until_state(module, ModuleState.EXITED)
    event = ring.recent()[-1]
    assert (event.kind, event.level, event.module) == (STATE, "WARN", "one")
    assert event.message == "is exited: exited with code 3 before it announced itself: no luck"
    assert (event.fields["before"], event.fields["after"]) == ("starting", "exited")


def test_secrets_are_removed() -> None:
    register_secret("hunter2-hunter2")
    ring = EventRing()
    ring.record("INFO", "noise", "it is hunter2-hunter2", detail="hunter2-hunter2")
    (event,) = ring.recent()
    assert "hunter2" not in str(event.to_json())
