"""Log files have the format of the Container Runtime Interface."""

from __future__ import annotations

import re
import time

import pytest

from pywatt.orchestrator.logs.entry_format import FULL, PARTIAL, Entry, Piece, Stamps, entries_of, read_entry

STAMP = b"2026-11-26T03:45:06.123456789Z"


def test_a_stamp_is_a_time_in_utc_with_nanoseconds() -> None:
    stamps = Stamps()
    assert stamps.at(1_795_664_706_000_000_007) == b"2026-11-26T03:45:06.000000007Z"
    assert stamps.at(1_795_664_706_123_456_789) == STAMP
    assert stamps.at(1_795_664_707_000_000_000) == b"2026-11-26T03:45:07.000000000Z"
    assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", stamps.at(time.time_ns()))


def test_every_line_of_a_piece_gets_the_stamp() -> None:
    written = entries_of([Piece(FULL, b"one\n\ntwo\n")], STAMP)
    assert written == b"%b stderr F one\n%b stderr F \n%b stderr F two\n" % (STAMP, STAMP, STAMP)


def test_parts_and_lines_follow_each_other() -> None:
    written = entries_of([Piece(FULL, b"a\n"), Piece(PARTIAL, b"b"), Piece(FULL, b"c\nd\n")], STAMP)
    assert [read_entry(line) for line in written.split(b"\n")[:-1]] == [
        Entry(STAMP, FULL, b"a"),
        Entry(STAMP, PARTIAL, b"b"),
        Entry(STAMP, FULL, b"c"),
        Entry(STAMP, FULL, b"d"),
    ]


def test_what_looks_like_an_entry_is_content() -> None:
    inner = STAMP + b" stderr F inner"
    (line, _) = entries_of([Piece(FULL, inner + b"\n")], STAMP).split(b"\n")
    assert read_entry(line) == Entry(STAMP, FULL, inner)


@pytest.mark.parametrize(
    "line",
    [b"", b"text", STAMP, STAMP[:20], STAMP + b" stderr X a", STAMP + b" stderr", b"x" * 100, b" " * 60],
)
def test_what_is_no_entry_is_none(line: bytes) -> None:
    assert read_entry(line) is None
