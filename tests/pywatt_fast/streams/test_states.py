"""The states of a stream, as the rules say and not as the table has them."""

from types import ModuleType
from typing import Any

import pytest

Ends = tuple[Any, Any]
LAST_WORDS = ("end", "reset")


@pytest.fixture
def ends(core: ModuleType) -> Ends:
    """Two connected ends; the first is the module's."""
    return core.StreamMultiplexer(True), core.StreamMultiplexer(False)


def carry(source: Any, target: Any) -> list[Any]:
    """Bring what waits to the other end; what its application hears of."""
    heard = [target.receive(frame) for frame in source.frames_to_send()]
    return [frame for frame in heard if frame is not None]


def test_a_stream_is_idle_then_open_then_half_closed_then_closed(ends: Ends) -> None:
    module, orchestrator = ends
    assert module.state(1) == orchestrator.state(1) == "idle"
    assert module.open() == 1
    carry(module, orchestrator)
    assert module.state(1) == orchestrator.state(1) == "open"
    module.end(1)
    carry(module, orchestrator)
    assert (module.state(1), orchestrator.state(1)) == ("half-closed (local)", "half-closed (remote)")
    orchestrator.end(1)
    carry(orchestrator, module)
    assert module.state(1) == orchestrator.state(1) == "closed"
    assert module.statistics()["streams_open"] == orchestrator.statistics()["streams_open"] == 0


def test_a_reset_is_answered_and_then_both_sides_know(ends: Ends) -> None:
    module, orchestrator = ends
    module.open()
    carry(module, orchestrator)
    module.reset(1, 7, "no longer needed")
    assert module.state(1) == "reset"
    [heard] = carry(module, orchestrator)
    assert (heard.stream_id, heard.code, heard.reason) == (1, 7, "no longer needed")
    assert orchestrator.state(1) == "closed"
    assert carry(orchestrator, module) == []
    assert module.state(1) == "closed"


def test_two_resets_that_cross_need_no_answer(ends: Ends) -> None:
    module, orchestrator = ends
    module.open()
    carry(module, orchestrator)
    module.reset(1)
    orchestrator.reset(1)
    there, back = module.frames_to_send(), orchestrator.frames_to_send()
    assert [orchestrator.receive(frame) for frame in there] == [None]
    assert [module.receive(frame) for frame in back] == [None]
    assert module.state(1) == orchestrator.state(1) == "closed"
    assert module.frames_to_send() == orchestrator.frames_to_send() == []


def test_a_reset_that_crosses_an_end_is_ignored(ends: Ends) -> None:
    module, orchestrator = ends
    module.open()
    module.end(1)
    carry(module, orchestrator)
    orchestrator.end(1)
    module.reset(1)
    carry(module, orchestrator)
    carry(orchestrator, module)
    assert module.state(1) == orchestrator.state(1) == "closed"
    assert orchestrator.statistics()["frames_ignored"] == 1


@pytest.mark.parametrize("word", LAST_WORDS)
@pytest.mark.parametrize("late", ["send", "end"])
def test_nothing_is_sent_after_the_last_word(ends: Ends, word: str, late: str) -> None:
    module, _ = ends
    module.open()
    getattr(module, word)(1)
    with pytest.raises(ValueError, match=r"stream 1: sending .* is not allowed while it is") as caught:
        module.send(1, b"x") if late == "send" else module.end(1)
    assert type(caught.value).__name__ == "InvalidStreamState"
    assert caught.value.stream_id == 1
    assert caught.value.state in ("half-closed (local)", "reset")


def test_nothing_is_sent_behind_an_end_that_waits(ends: Ends) -> None:
    module, _ = ends
    module.open()
    module.send(1, b"x")
    module.end(1)
    with pytest.raises(ValueError, match=r"stream 1: sending data is not allowed while it is half-closed"):
        module.send(1, b"y")


@pytest.mark.parametrize("action", ["send", "end", "reset", "consume"])
def test_nothing_is_done_with_a_stream_that_never_was(ends: Ends, action: str) -> None:
    module, _ = ends
    with pytest.raises(ValueError, match=r"stream 5: sending .* is not allowed while it is idle"):
        getattr(module, action)(5, *{"send": [b"x"], "consume": [1]}.get(action, []))


def test_frames_that_the_state_does_not_allow_are_refused(core: ModuleType) -> None:
    opening = core.StreamOpen(2, 1, 1 << 20, 0, {})
    data, end, reset = core.StreamData(2, 0, b"x"), core.StreamEnd(2), core.StreamReset(2, 0, "")
    credit = core.StreamCredit(2, 1)
    for frames, words in [
        ([data], "receiving data is not allowed while it is idle"),
        ([end], "receiving an end is not allowed while it is idle"),
        ([reset], "receiving a reset is not allowed while it is idle"),
        ([credit], "receiving credit is not allowed while it is idle"),
        ([opening, opening], "receiving an open is not allowed while it is open"),
        ([opening, end, end], r"receiving an end is not allowed while it is half-closed \(remote\)"),
        ([opening, end, data], r"receiving data is not allowed while it is half-closed \(remote\)"),
        ([opening, reset, data], "receiving data is not allowed while it is closed"),
        ([opening, reset, opening], "receiving an open is not allowed while it is closed"),
    ]:
        module = core.StreamMultiplexer(True)
        for frame in frames[:-1]:
            module.receive(frame)
        with pytest.raises(core.InvalidStreamState, match=f"^stream 2: {words}$"):
            module.receive(frames[-1])
