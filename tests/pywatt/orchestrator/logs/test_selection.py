"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pywatt.orchestrator.logs.selection import read_since, stamp_of, time_of

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("500ms", timedelta(milliseconds=500)),
        ("1w", timedelta(days=7)),
    ],
)
def test_a_duration_is_counted_back_from_now(text: str, before: timedelta) -> None:
    assert read_since(text, NOW) == NOW - before


def test_a_date_and_time_may_name_its_offset() -> None:
    assert read_since("2026-11-26T03:00:00Z", NOW) == datetime(2026, 11, 26, 3, tzinfo=UTC)
    assert read_since("2026-11-26T03:00+01:00", NOW) == datetime(2026, 11, 26, 2, tzinfo=UTC)


def test_without_an_offset_it_is_local() -> None:
    assert read_since("2026-11-26T03:00", NOW) == datetime(2026, 11, 26, 3).astimezone()
    assert read_since("2026-11-26", NOW) == datetime(2026, 11, 26).astimezone()


def test_a_time_alone_is_the_last_one_of_the_day() -> None:
    now = datetime(2026, 11, 26, 12, 0).astimezone()
    assert read_since("03:45", now) == datetime(2026, 11, 26, 3, 45).astimezone()
    assert read_since("22:30:05", now) == datetime(2026, 11, 25, 22, 30, 5).astimezone()


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "10", "10 m", "m", "25:00", "2026-13-01", "-5m", "10x"),
        *("200000w", "9" * 400 + "d", "0001-01-01T00:00+01:00"),
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    assert read_since(text, NOW) is None


def test_stamps_and_times_are_the_same() -> None:
    stamp = stamp_of(datetime(2026, 11, 26, 4, 45, 6, 123456, tzinfo=UTC))
    assert stamp == b"2026-11-26T04:45:06.123456000Z"
    assert time_of(stamp) == datetime(2026, 11, 26, 4, 45, 6, 123456, tzinfo=UTC)
    assert time_of(b"") is None


def test_stamps_sort_as_they_follow_in_time() -> None:
    assert (
        stamp_of(datetime(300, 1, 1, tzinfo=UTC)) < stamp_of(NOW) < stamp_of(datetime(9000, 1, 1, tzinfo=UTC))
    )
