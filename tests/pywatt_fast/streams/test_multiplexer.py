"""Multiplexed streams: order, credit, fairness, bounds, and the refusal of peers that break the rules."""

from collections import Counter
from types import ModuleType
from typing import Any

import pytest

WINDOW = 40
CHUNK = 10


def pair(core: ModuleType, **limits: int) -> tuple[Any, Any]:
    """A module's and an orchestrator's end, with small windows."""
    bounds = core.StreamLimits(
        **{
            "chunk": CHUNK,
            "window": WINDOW,
            "peer_window": WINDOW,
            "connection_window": 10 * WINDOW,
            "peer_connection_window": 10 * WINDOW,
            **limits,
        }
    )
    return core.StreamMultiplexer(True, bounds), core.StreamMultiplexer(False, bounds)


def carry(source: Any, target: Any, budget: int = 1 << 20) -> list[Any]:
    heard = [target.receive(frame) for frame in source.frames_to_send(budget)]
    return [frame for frame in heard if frame is not None]


def payloads(frames: list[Any]) -> list[bytes]:
    return [frame.payload for frame in frames if hasattr(frame, "payload")]


def names(frames: list[Any]) -> list[str]:
    return [type(frame).__name__ for frame in frames]


def test_modules_have_odd_ids_and_orchestrators_even_ones(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    assert [module.open(), module.open()] == [1, 3]
    assert [orchestrator.open(), orchestrator.open()] == [2, 4]


def test_the_peer_hears_of_an_open_and_all_it_says(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    module.open({"path": "/", "n": [1, None, True, 1.5, b"x"]}, core.StreamPriority.HIGH, 30, 77)
    [heard] = carry(module, orchestrator)
    assert heard == core.StreamOpen(1, 2, 30, 77, {"path": "/", "n": [1, None, True, 1.5, b"x"]})


def test_content_is_cut_into_chunks_and_numbered(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    module.open()
    module.send(1, b"a" * 25)
    module.send(1, b"bb")
    module.end(1)
    heard = carry(module, orchestrator)
    assert names(heard) == ["StreamOpen", *["StreamData"] * 4, "StreamEnd"]
    assert payloads(heard) == [b"a" * 10, b"a" * 10, b"a" * 5, b"bb"]
    assert [frame.sequence for frame in heard[1:5]] == [0, 1, 2, 3]


def test_both_directions_work_at_once(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    module.open()
    module.send(1, b"ping")
    carry(module, orchestrator)
    orchestrator.send(1, b"pong")
    orchestrator.end(1)
    heard = carry(orchestrator, module)
    assert payloads(heard) == [b"pong"]
    assert module.state(1) == "half-closed (remote)"


def test_a_sender_waits_for_credit_and_goes_on_with_it(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    module.open()
    module.send(1, b"a" * 100)
    assert sum(map(len, payloads(carry(module, orchestrator)))) == WINDOW
    assert module.queued(1) == 60
    assert module.frames_to_send() == []
    orchestrator.consume(1, WINDOW)
    assert orchestrator.frames_to_send()[0] == core.StreamCredit(1, WINDOW)


def test_streams_wait_for_credit_of_the_connection(core: ModuleType) -> None:
    module, orchestrator = pair(core, connection_window=50, peer_connection_window=50)
    for _ in range(2):
        module.send(module.open(), b"a" * 30)
    heard = carry(module, orchestrator)
    assert Counter(frame.stream_id for frame in heard[2:]) == {1: 3, 3: 2}
    orchestrator.consume(1, 30)
    assert carry(orchestrator, module) == []
    assert Counter(frame.stream_id for frame in carry(module, orchestrator)) == {3: 1}


def test_one_stalled_stream_does_not_stop_the_others(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    for _ in range(2):
        module.send(module.open(), b"a" * 100)
    for _ in range(10):
        for frame in carry(module, orchestrator):
            if hasattr(frame, "payload") and frame.stream_id == 3:
                orchestrator.consume(3, len(frame.payload))
        carry(orchestrator, module)
    assert (module.queued(1), module.queued(3)) == (60, 0)


def test_the_urgent_goes_first_and_equals_take_turns(core: ModuleType) -> None:
    module, _ = pair(core)
    for priority in (0, 1, 1, 3):
        module.send(module.open(None, priority), b"a" * 20)
    order = [frame.stream_id for frame in module.frames_to_send() if hasattr(frame, "payload")]
    assert order == [7, 7, 3, 5, 3, 5, 1, 1]


def test_a_flood_of_the_urgent_does_not_starve_the_rest(core: ModuleType) -> None:
    module, _ = pair(
        core, window=10_000, peer_window=10_000, connection_window=10_000, peer_connection_window=10_000
    )
    for priority in (3, 0):
        module.send(module.open(None, priority), b"a" * 1000)
    order = [frame.stream_id for frame in module.frames_to_send() if hasattr(frame, "payload")]
    assert order.index(3) <= 18
    assert order[:60].count(3) == 3


def test_a_budget_ends_a_turn_and_the_next_call_goes_on(core: ModuleType) -> None:
    module, _ = pair(core)
    module.send(module.open(), b"a" * 40)
    assert names(module.frames_to_send(0)) == ["StreamOpen"]
    assert names(module.frames_to_send(15)) == ["StreamData"] * 2
    assert names(module.frames_to_send(-(2**70))) == []
    assert names(module.frames_to_send(2**70)) == ["StreamData"] * 2


def test_what_comes_after_a_reset_is_dropped_counted_and_given_back(core: ModuleType) -> None:
    module, orchestrator = pair(core, connection_window=40, peer_connection_window=40)
    module.open()
    module.send(1, b"a" * 40)
    module.send(1, b"b" * 40)
    carry(module, orchestrator, 10)
    orchestrator.reset(1)
    assert carry(module, orchestrator) == []
    assert orchestrator.statistics()["bytes_dropped"] == 30
    assert names(carry(orchestrator, module)) == ["StreamReset"]
    assert module.statistics()["bytes_discarded"] == 40
    assert carry(module, orchestrator) == []
    assert orchestrator.statistics()["bytes_unread"] == 0
    module.send(module.open(), b"c" * 40)
    assert payloads(carry(module, orchestrator)) == [b"c" * 10] * 4


def test_what_was_reset_needs_no_consumption(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    module.send(module.open(), b"a")
    carry(module, orchestrator)
    orchestrator.reset(1)
    orchestrator.consume(1, 1)
    assert orchestrator.statistics()["bytes_unread"] == 0


def test_an_ended_stream_is_kept_until_it_is_read(core: ModuleType) -> None:
    module, orchestrator = pair(core)
    module.send(module.open(), b"abc")
    module.end(1)
    carry(module, orchestrator)
    orchestrator.end(1)
    assert orchestrator.statistics()["streams_open"] == 1
    with pytest.raises(core.RepeatedCredit, match=r"^stream 1: "):
        orchestrator.consume(1, 4)
    orchestrator.consume(1, 3)
    assert orchestrator.statistics()["streams_open"] == 0


def test_the_number_of_streams_is_bounded(core: ModuleType) -> None:
    module, _ = pair(core, peer_max_streams=2)
    module.open()
    module.open()
    with pytest.raises(core.StreamLimitExceeded, match="more than 2 streams") as caught:
        module.open()
    assert caught.value.limit == 2


def test_a_stream_too_many_is_refused_and_the_connection_goes_on(core: ModuleType) -> None:
    module, _ = pair(core)
    _, orchestrator = pair(core, max_streams=2)
    for _ in range(3):
        module.send(module.open(), b"x")
    heard = carry(module, orchestrator)
    assert {frame.stream_id for frame in heard} == {1, 3}
    assert orchestrator.statistics()["streams_refused"] == 1
    [refusal] = carry(orchestrator, module)
    assert (refusal.stream_id, refusal.code) == (5, core.RESET_REFUSED)
    assert carry(module, orchestrator) == []
    assert orchestrator.state(5) == "closed"
    module.reset(1)
    carry(module, orchestrator)
    assert names(carry(module, orchestrator) if module.open() else []) == ["StreamOpen"]


def test_refused_streams_that_nobody_acknowledges_are_bounded(core: ModuleType) -> None:
    _, orchestrator = pair(core, max_streams=2)
    for stream_id in (1, 3, 5, 7):
        orchestrator.receive(core.StreamOpen(stream_id, 1, WINDOW, 0, {}))
    with pytest.raises(core.StreamLimitExceeded, match="more than 2 refused streams"):
        orchestrator.receive(core.StreamOpen(9, 1, WINDOW, 0, {}))


def test_answers_that_nobody_reads_are_bounded(core: ModuleType) -> None:
    _, orchestrator = pair(core, max_streams=2, peer_max_streams=2)
    for stream_id in range(1, 2 * (16 * 4 + 1024) + 2, 2):
        orchestrator.receive(core.StreamOpen(stream_id, 1, WINDOW, 0, {}))
        orchestrator.receive(core.StreamReset(stream_id, 0, ""))
    with pytest.raises(core.StreamLimitExceeded, match="more than 1088 frames wait to be sent"):
        orchestrator.receive(core.StreamCredit(1, 1))


def test_what_waits_to_be_sent_is_bounded(core: ModuleType) -> None:
    module, _ = pair(core, max_buffered=100)
    module.open()
    module.send(1, b"a" * 100)
    with pytest.raises(core.StreamLimitExceeded, match="more than 100 bytes would wait"):
        module.send(1, b"a")
    module.frames_to_send()
    module.send(1, b"a" * 40)
    assert module.queued(1) == 100


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": "x" * 300},
        {"x" * 300: 1},
        {"a": b"x" * 300},
        {"a": [None] * 40},
        {str(at): at for at in range(40)},
    ],
    ids=["text", "key", "bytes", "list", "many"],
)
def test_metadata_are_bounded(core: ModuleType, metadata: dict[str, Any]) -> None:
    module, orchestrator = pair(core, max_metadata=300)
    for action in (
        lambda: module.open(metadata),
        lambda: orchestrator.receive(core.StreamOpen(1, 1, WINDOW, 0, metadata)),
    ):
        with pytest.raises(
            core.StreamLimitExceeded, match=r"^stream 1: field `metadata`: more than 300 bytes"
        ):
            action()
    assert module.frames_to_send() == []


def test_metadata_are_not_too_deep(core: ModuleType) -> None:
    module, _ = pair(core)
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(core.StreamLimitExceeded, match="deeper than 16 levels"):
        module.open({"a": nested})
    while nested:
        nested = nested.pop()


@pytest.mark.parametrize(
    ("error", "words", "frames"),
    [
        ("InvalidStreamFrame", "its id belongs to the other side", [("StreamOpen", 2, 1, 40, 0, {})]),
        ("InvalidStreamFrame", "`stream_id`", [("StreamOpen", 0, 1, 40, 0, {})]),
        ("InvalidStreamFrame", "`stream_id`", [("StreamOpen", 2**32 + 1, 1, 40, 0, {})]),
        ("InvalidStreamFrame", "`stream_id`", [("StreamOpen", -(2**70), 1, 40, 0, {})]),
        ("InvalidStreamFrame", "`priority`", [("StreamOpen", 1, 4, 40, 0, {})]),
        ("InvalidStreamFrame", "`window`", [("StreamOpen", 1, 1, 1, 0, {})]),
        ("InvalidStreamFrame", "`window`", [("StreamOpen", 1, 1, 2**62 + 1, 0, {})]),
        ("InvalidStreamFrame", "`offset`", [("StreamOpen", 1, 1, 40, -1, {})]),
        ("InvalidStreamFrame", "`metadata`", [("StreamOpen", 1, 1, 40, 0, {1: 1})]),
        ("InvalidStreamFrame", "`payload`", [("OPEN",), ("StreamData", 1, 0, b"")]),
        ("InvalidStreamFrame", "expected 0", [("OPEN",), ("StreamData", 1, 1, b"x")]),
        ("InvalidStreamFrame", "expected 0", [("OPEN",), ("StreamData", 1, 2**70, b"x")]),
        (
            "InvalidStreamFrame",
            "expected 1",
            [("OPEN",), ("StreamData", 1, 0, b"x"), ("StreamData", 1, 0, b"x")],
        ),
        ("InvalidStreamFrame", "`credit`", [("OPEN",), ("StreamCredit", 1, 0)]),
        ("InvalidStreamFrame", "`credit`", [("StreamCredit", 0, 2**63)]),
        ("InvalidStreamFrame", "`code`", [("OPEN",), ("StreamReset", 1, 2**32, "")]),
        ("StreamLimitExceeded", "`reason`", [("OPEN",), ("StreamReset", 1, 0, "x" * 1025)]),
        ("CreditExceeded", "stream 1: 41 bytes", [("OPEN",), ("StreamData", 1, 0, b"x" * 41)]),
        ("CreditExceeded", "connection: 401 bytes", [("OPEN",), ("StreamData", 1, 0, b"x" * 401)]),
        ("RepeatedCredit", "stream 1: ", [("OPEN",), ("StreamCredit", 1, 1)]),
        ("RepeatedCredit", "connection: ", [("StreamCredit", 0, 1)]),
        ("WindowOverflow", "stream 1: ", [("StreamOpen", 1, 1, 2**62, 0, {}), ("StreamCredit", 1, 2**62)]),
        ("InvalidStreamState", "stream 9: receiving data .* idle", [("StreamData", 9, 0, b"x")]),
        ("InvalidStreamState", "stream 0: receiving data .* idle", [("StreamData", 0, 0, b"x")]),
        ("InvalidStreamState", "stream 1: .* closed", [("StreamOpen", 3, 1, 40, 0, {}), ("StreamEnd", 1)]),
        ("InvalidStreamFrame", "not a frame", [(None,)]),
    ],
)
def test_a_peer_that_breaks_a_rule_is_refused_for_good(
    cores: dict[str, ModuleType], error: str, words: str, frames: list[tuple[Any, ...]]
) -> None:
    texts = set()
    for core in cores.values():
        _, orchestrator = pair(core)
        made = [frame_of(core, *fields) for fields in frames]
        for frame in made[:-1]:
            orchestrator.receive(frame)
        with pytest.raises(getattr(core, error), match=words) as caught:
            orchestrator.receive(made[-1])
        texts.add(str(caught.value))
        if made[-1] is not None:
            with pytest.raises(core.StreamError) as again:
                orchestrator.receive(core.StreamOpen(99, 1, WINDOW, 0, {}))
            assert again.value is caught.value
    assert len(texts) == 1


def frame_of(core: ModuleType, name: str | None, *fields: Any) -> Any:
    if name == "OPEN":
        return core.StreamOpen(1, 1, WINDOW, 0, {})
    return None if name is None else getattr(core, name)(*fields)
