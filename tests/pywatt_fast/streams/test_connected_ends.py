"""Two connected ends under any sequence of actions, compiled and interpreted side by side.

Every byte that is sent arrives exactly once and in order, nobody waits for ever, and both variants do and
refuse the same.
"""

from collections import deque
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

SIDES = ("module", "orchestrator")
OTHER = {"module": "orchestrator", "orchestrator": "module"}
sides = st.sampled_from(SIDES)
places = st.integers(0, 15)
STRANGER = 999


class Connection:
    """Both ends of one variant, with what is on its way between them."""

    def __init__(self, core: ModuleType, limits: dict[str, tuple[int, ...]]) -> None:
        self.core = core
        self.ends = {
            side: core.StreamMultiplexer(side == "module", core.StreamLimits(*limits[side])) for side in SIDES
        }
        self.wires: dict[str, deque[Any]] = {side: deque() for side in SIDES}
        self.received: dict[tuple[str, int], bytes] = {}

    def act(self, side: str, action: str, *arguments: Any) -> Any:
        """What came of an action, as something that can be compared."""
        try:
            return getattr(self.ends[side], action)(*arguments)
        except self.core.StreamError as error:
            return type(error).__name__, str(error), error.limit

    def collect(self, side: str, budget: int) -> list[Any]:
        frames = self.ends[side].frames_to_send(budget)
        self.wires[side].extend(frames)
        return [shown(frame) for frame in frames]

    def deliver(self, side: str, count: int) -> list[Any]:
        """Bring so many frames of a side to the other; no frame of ours may ever be refused."""
        heard = []
        for _ in range(min(count, len(self.wires[side]))):
            frame = self.ends[OTHER[side]].receive(self.wires[side].popleft())
            heard.append(shown(frame))
            if hasattr(frame, "payload"):
                key = (OTHER[side], frame.stream_id)
                self.received[key] = self.received.get(key, b"") + frame.payload
        return heard


def shown(frame: Any) -> Any:
    names = ("stream_id", "priority", "window", "offset", "metadata", "sequence", "payload", "credit", "code")
    return type(frame).__name__, [getattr(frame, name, None) for name in names]


class ConnectedEnds(RuleBasedStateMachine):
    cores: dict[str, ModuleType]

    @initialize(
        chunks=st.tuples(st.integers(1, 9), st.integers(1, 9)),
        windows=st.tuples(st.integers(2, 5), st.integers(2, 5), st.integers(2, 12), st.integers(2, 12)),
        extra=st.integers(0, 3),
        max_streams=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    )
    def connect(
        self, chunks: tuple[int, int], windows: tuple[int, ...], extra: int, max_streams: tuple[int, int]
    ) -> None:
        mine = dict(zip(SIDES, chunks, strict=True))
        window = {side: mine[side] * count + extra for side, count in zip(SIDES, windows, strict=False)}
        whole = {side: mine[side] * count + extra for side, count in zip(SIDES, windows[2:], strict=True)}
        most = dict(zip(SIDES, max_streams, strict=True))
        limits = {
            side: (
                *(mine[side], window[side], whole[side], window[OTHER[side]], whole[OTHER[side]]),
                *(most[side], most[OTHER[side]], 300),
            )
            for side in SIDES
        }
        self.chunks = mine
        self.connections = [Connection(core, limits) for core in self.cores.values()]
        self.known: list[int] = []
        self.sent: dict[tuple[str, int], bytes] = {}
        self.unread: dict[tuple[str, int], int] = {}
        self.broken: set[int] = set()
        for side in SIDES:
            self.open(side, 1, None)

    def both(self, action: str, *arguments: Any) -> Any:
        results = [getattr(connection, action)(*arguments) for connection in self.connections]
        assert results[0] == results[1]
        return results[0]

    def target(self, place: int) -> int:
        """A stream that was opened, or once in a while one that never was."""
        return STRANGER if place == 15 or not self.known else self.known[-1 - place % len(self.known)]

    @rule(side=sides, priority=st.integers(0, 4), chunks=st.none() | st.integers(1, 12))
    def open(self, side: str, priority: int, chunks: int | None) -> None:
        window = None if chunks is None else chunks * self.chunks[side]
        result = self.both("act", side, "open", {"n": len(self.known)}, priority, window)
        if isinstance(result, int):
            self.known.append(result)

    @rule(side=sides, place=places, size=st.integers(0, 120))
    def send(self, side: str, place: int, size: int) -> None:
        stream_id = self.target(place)
        before = self.sent.get((side, stream_id), b"")
        data = bytes((len(before) + at) * 7 % 256 for at in range(size))
        if self.both("act", side, "send", stream_id, data) is None:
            self.sent[(side, stream_id)] = before + data

    @rule(side=sides, place=places, chance=st.integers(0, 3))
    def end(self, side: str, place: int, chance: int) -> None:
        if chance:
            return
        self.both("act", side, "end", self.target(place))

    @rule(side=sides, place=places, chance=st.integers(0, 3))
    def reset(self, side: str, place: int, chance: int) -> None:
        if chance:
            return
        stream_id = self.target(place)
        if self.both("act", side, "reset", stream_id, 3, "why") is None:
            self.broken.add(stream_id)

    @rule(side=sides, budget=st.integers(0, 200))
    def collect(self, side: str, budget: int) -> None:
        self.both("collect", side, budget)

    @rule(side=sides, count=st.integers(1, 30))
    def deliver(self, side: str, count: int) -> None:
        for name, (stream_id, *_, payload, _, _) in self.both("deliver", side, count):
            key = (OTHER[side], stream_id)
            if name == "StreamData":
                self.unread[key] = self.unread.get(key, 0) + len(payload)
            elif name == "StreamReset":
                self.broken.add(stream_id)
                self.unread.pop(key, None)

    @rule(side=sides, place=places, amount=st.integers(-1, 60))
    def consume(self, side: str, place: int, amount: int) -> None:
        stream_id = self.target(place)
        if self.both("act", side, "consume", stream_id, amount) is None:
            key = (side, stream_id)
            self.unread[key] = max(0, self.unread.get(key, 0) - amount)

    @invariant()
    def everything_agrees(self) -> None:
        if not hasattr(self, "connections"):
            return
        for side in SIDES:
            self.both("act", side, "statistics")
            for stream_id in [*self.known, STRANGER]:
                self.both("act", side, "state", stream_id)
        for key, content in self.connections[0].received.items():
            assert self.sent[(OTHER[key[0]], key[1])].startswith(content)

    def teardown(self) -> None:
        """Consume and deliver until nothing moves: then everything must have arrived."""
        if not hasattr(self, "connections"):
            return
        moving = True
        while moving:
            moving = False
            for side in SIDES:
                self.collect(side, 1000)
                moving = moving or len(self.connections[0].wires[side]) > 0
                self.deliver(side, 10_000)
                for (reader, stream_id), amount in list(self.unread.items()):
                    self.unread[(reader, stream_id)] = 0
                    if amount:
                        moving = True
                        assert self.both("act", reader, "consume", stream_id, amount) is None
        for side in SIDES:
            statistics = self.both("act", side, "statistics")
            assert statistics["bytes_queued"] == statistics["bytes_unread"] == 0
        for (side, stream_id), content in self.sent.items():
            if stream_id not in self.broken:
                assert self.connections[0].received.get((OTHER[side], stream_id), b"") == content


def test_any_sequence_of_actions(cores: dict[str, ModuleType]) -> None:
    class Machine(ConnectedEnds):
        pass

    Machine.cores = cores
    run_state_machine_as_test(Machine, settings=settings(max_examples=100, stateful_step_count=50))


@pytest.mark.parametrize("window", [20, 21, 25, 39, 40])
def test_a_stream_far_longer_than_its_window_arrives(core: ModuleType, window: int) -> None:
    limits = core.StreamLimits(10, window, window, window, window, 4, 4, 20_000)
    module, orchestrator = core.StreamMultiplexer(True, limits), core.StreamMultiplexer(False, limits)
    content = bytes(at * 7 % 256 for at in range(10_000))
    module.send(module.open(), content)
    module.end(1)
    arrived = b""
    while module.state(1) == "open":
        frames = module.frames_to_send()
        assert frames, "the sender waits, and nothing is on its way"
        for frame in frames:
            orchestrator.receive(frame)
            if isinstance(frame, core.StreamData):
                arrived += frame.payload
                for _ in frame.payload:
                    orchestrator.consume(1, 1)
        for frame in orchestrator.frames_to_send():
            module.receive(frame)
    assert arrived == content
