"""Credit: never more than a window, and never a wait without end."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

CHUNK = 10
WINDOW = 40


def test_sending_takes_from_the_window_and_credit_fills_it_again(core: ModuleType) -> None:
    credit = core.SendCredit(WINDOW, CHUNK)
    credit.take(30)
    assert credit.available == 10
    credit.give(20)
    assert credit.available == 30


def test_nobody_sends_more_than_there_is_credit_for(core: ModuleType) -> None:
    credit = core.SendCredit(WINDOW, CHUNK, 3)
    credit.take(35)
    with pytest.raises(core.CreditExceeded, match=r"^stream 3: 6 bytes exceed the credit of 5 bytes$"):
        credit.take(6)
    assert credit.available == 5


def test_credit_cannot_be_given_twice(core: ModuleType) -> None:
    credit = core.SendCredit(WINDOW, CHUNK, 0)
    credit.take(10)
    credit.give(10)
    with pytest.raises(core.RepeatedCredit, match=r"^connection: 10 bytes are given back where 0 bytes"):
        credit.give(10)


@pytest.mark.parametrize("available", [0, 1, 5])
def test_a_window_does_not_grow_beyond_what_can_be_announced(core: ModuleType, available: int) -> None:
    credit = core.SendCredit(core.MAX_WINDOW, CHUNK)
    credit.take(core.MAX_WINDOW - available)
    credit.give(core.MAX_WINDOW - available)
    with pytest.raises(core.WindowOverflow):
        credit.give(1)


@pytest.mark.parametrize("kind", ["SendCredit", "ReceiveCredit"])
def test_a_window_holds_two_chunks(core: ModuleType, kind: str) -> None:
    make = getattr(core, kind)
    make(2 * CHUNK, CHUNK)
    with pytest.raises(core.WindowTooSmall, match="19 bytes is smaller than two chunks of 10") as caught:
        make(2 * CHUNK - 1, CHUNK)
    assert caught.value.limit == 2 * CHUNK
    with pytest.raises(core.WindowOverflow):
        make(core.MAX_WINDOW + 1, CHUNK)
    with pytest.raises(core.FlowControlError):
        make(WINDOW, 0)


def test_credit_is_returned_at_half_a_window(core: ModuleType) -> None:
    credit = core.ReceiveCredit(WINDOW, CHUNK)
    credit.receive(30)
    assert credit.consume(19) == 0
    assert credit.consume(1) == 20
    assert credit.consume(10) == 0


def test_credit_is_returned_when_less_than_a_chunk_is_left(core: ModuleType) -> None:
    credit = core.ReceiveCredit(WINDOW, CHUNK)
    credit.receive(31)
    assert credit.consume(1) == 1
    assert credit.remaining == 10
    assert credit.consume(1) == 0


def test_a_peer_cannot_send_more_than_its_credit(core: ModuleType) -> None:
    credit = core.ReceiveCredit(WINDOW, CHUNK, 7)
    credit.receive(WINDOW)
    with pytest.raises(core.CreditExceeded, match=r"^stream 7: 1 bytes exceed the credit of 0 bytes"):
        credit.receive(1)


def test_bytes_cannot_be_consumed_twice(core: ModuleType) -> None:
    credit = core.ReceiveCredit(WINDOW, CHUNK)
    credit.receive(5)
    credit.consume(5)
    with pytest.raises(core.RepeatedCredit):
        credit.consume(1)


# The refusal binds, and so do its words.
BAD_AMOUNTS = [-1, -(2**63) - 1, -(2**80), 2**62 + 1, 2**63, 2**80, None, "5", 5.0, b"", [1]]


@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=repr)
@pytest.mark.parametrize("method", ["take", "give", "receive", "consume"])
def test_bad_amounts_are_refused_in_the_same_words(
    cores: dict[str, ModuleType], method: str, amount: Any
) -> None:
    words = set()
    for core in cores.values():
        kind = core.SendCredit if method in ("take", "give") else core.ReceiveCredit
        with pytest.raises((core.FlowControlError, TypeError)) as caught:
            getattr(kind(WINDOW, CHUNK), method)(amount)
        words.add((type(caught.value).__name__, str(caught.value)))
    assert len(words) == 1


@given(
    chunk=st.integers(1, 50),
    chunks=st.integers(2, 5),
    extra=st.integers(0, 49),
    pieces=st.lists(st.integers(1, 120), min_size=1, max_size=60),
)
def test_a_sender_of_whole_chunks_never_waits_for_ever(
    core: ModuleType, chunk: int, chunks: int, extra: int, pieces: list[int]
) -> None:
    window = chunk * chunks + extra
    sending, receiving = core.SendCredit(window, chunk), core.ReceiveCredit(window, chunk)
    content = sum(pieces)
    consumed = 0
    while content:
        size = min(chunk, content)
        sent = False
        while sending.available >= size > 0:
            sending.take(size)
            receiving.receive(size)
            content -= size
            sent = True
            size = min(chunk, content)
        assert sent, "nothing is on its way, everything is consumed, and the sender waits"
        while receiving.unread:
            piece = min(pieces[consumed % len(pieces)], receiving.unread)
            consumed += 1
            sending.give(receiving.consume(piece))
        assert sending.available == receiving.remaining
