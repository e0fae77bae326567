"""Lines of a log: the same however the bytes arrive, of bounded length, without secrets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.observe.chunk_redaction import ChunkRedactor
from pywatt.observe.redaction import Redactor
from pywatt.orchestrator.logs.entry_format import FULL, PARTIAL, Piece
from pywatt.orchestrator.logs.line_cutter import LineCutter

PART = 16
SECRET = "hunter2"


def cutter(max_part: int = PART) -> LineCutter:
    redactor = Redactor()
    redactor.register(SECRET)
    return LineCutter(ChunkRedactor(redactor), max_part)


def entries(pieces: list[Piece]) -> list[tuple[bytes, bytes]]:
    """Tag and content of every entry that the pieces become."""
    written = []
    for tag, content in pieces:
        lines = [content] if tag == PARTIAL else content.split(b"\n")[:-1]
        written += [(tag, line) for line in lines]
    return written


def in_chunks(text: bytes, cuts: list[int]) -> list[tuple[bytes, bytes]]:
    made = cutter()
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces: list[Piece] = []
    for begin, end in itertools.pairwise(places):
        pieces += made.feed(text[begin:end])
    return entries(pieces + made.end())


def test_many_lines_are_one_piece() -> None:
    assert cutter().feed(b"one\ntwo\nthr") == [Piece(FULL, b"one\ntwo\n")]


def test_a_line_that_has_not_ended_is_held_back() -> None:
    made = cutter()
    assert made.feed(b"begin") == []
    assert made.feed(b" end\n") == [Piece(FULL, b"begin end\n")]


def test_the_last_line_needs_no_end() -> None:
    made = cutter()
    made.feed(b"half a li")
    assert made.end() == [Piece(FULL, b"half a li\n")]
    assert made.end() == []


def test_a_carriage_return_before_the_line_feed_is_left_out() -> None:
    assert cutter().feed(b"one\r\ntwo\rthree\n") == [Piece(FULL, b"one\ntwo\rthree\n")]


@pytest.mark.parametrize("length", [PART + 1, 2 * PART, 10 * PART + 3])
def test_a_long_line_comes_in_parts_that_make_it_up(length: int) -> None:
    line = bytes(ord("a") + number % 26 for number in range(length))
    written = in_chunks(b"before\n" + line + b"\nafter\n", [])
    assert written[0] == (FULL, b"before")
    assert written[-1] == (FULL, b"after")
    *parts, last = written[1:-1]
    assert {tag for tag, _ in parts} == {PARTIAL}
    assert last[0] == FULL
    assert b"".join(content for _, content in (*parts, last)) == line
    assert max(len(content) for _, content in written) == PART


def test_a_long_line_that_never_ends_is_ended_when_its_writer_has() -> None:
    made = cutter()
    pieces = made.feed(b"x" * 1000)
    assert {tag for tag, _ in pieces} == {PARTIAL}
    *_, last = entries(pieces + made.end())
    assert last[0] == FULL


def test_what_is_held_is_bounded() -> None:
    made = cutter()
    held = 1000 * 100
    for _ in range(1000):
        held -= sum(len(content) for _, content in made.feed(b"y" * 100))
    assert held < 100


def test_a_secret_is_hidden_where_a_line_is_cut() -> None:
    for before in range(2 * PART):
        text = b"x" * before + SECRET.encode() + b"y" * 3 * PART + b"\n"
        joined = b"".join(content for _, content in in_chunks(text, []))
        assert joined == b"x" * before + b"[REDACTED]" + b"y" * 3 * PART


LINES = st.lists(
    st.one_of(
        st.binary(max_size=3 * PART),
        st.text("hunter2", max_size=4 * PART).map(str.encode),
        st.lists(st.sampled_from(["x", "hunter2", "\r", "hunt", "er2"]), max_size=12).map(
            lambda parts: "".join(parts).encode()
        ),
    ),
    max_size=8,
).map(b"\n".join)


@given(LINES, st.lists(st.integers(0, 1000), max_size=12))
def test_the_same_is_written_wherever_chunks_end(text: bytes, cuts: list[int]) -> None:
    assert in_chunks(text, cuts) == in_chunks(text, [])


@given(LINES, st.lists(st.integers(0, 1000), max_size=12))
def test_nothing_but_secrets_and_line_ends_is_changed(text: bytes, cuts: list[int]) -> None:
    joined = b""
    for tag, content in in_chunks(text, cuts):
        joined += content if tag == PARTIAL else content + b"\n"
    whole = text if not text or text.endswith(b"\n") else text + b"\n"
    expected = whole.replace(SECRET.encode(), b"[REDACTED]").replace(b"\r\n", b"\n")
    assert joined == expected
