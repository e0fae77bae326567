"""Compiled and interpreted routers are one, and what they keep never shows in their choices."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

CHANNELS = st.sampled_from(["TCP", "IPC"])
PRIORITIES = st.sampled_from(["CRITICAL", "HIGH", "NORMAL", "LOW", "BULK"])
TYPES = st.sampled_from(["CONTROL", "DATA", "FILE_TRANSFER", "STREAM", "REAL_TIME", "BATCH"])
TARGETS = st.sampled_from(["a", "", "localhost:1", "unix:///s", "10.0.0.1:80", "[::1]:80", "ü:1"])
SIZES = st.sampled_from([0, 1, 1023, 1024, 1025, 5000, 2**64 - 1])
TIMEOUTS = st.sampled_from([None, None, 0, 9, 20, 21, 250, 2**64 - 1])
AVAILABLE = st.sampled_from([["TCP", "IPC"], ["IPC", "TCP"], ["TCP"], ["IPC"], [], ["IPC", "IPC", "TCP"]])
LATENCIES = st.sampled_from([0.0, 0.001, 0.004, 0.006, 0.011, 1.0, 5]) | st.floats(0, 0.02)
WRONG_NUMBERS = st.sampled_from([float("nan"), float("inf"), -float("inf"), -1.0])
STEPS = st.sampled_from([0.0, 0.5, 4.9, 5.0, 59.9, 60.0, 100.0, 299.9, 300.0, 1e5, -10.0, 1e300])
CONDITIONS = st.lists(
    st.one_of(
        st.tuples(st.just("MaxSize"), st.sampled_from([0, 1000, 1024, 4000])),
        st.tuples(st.just("MinHealth"), st.sampled_from([0.5, 0.8, 0.81, 1.0])),
        st.tuples(st.just("MaxLatency"), st.sampled_from([0.0, 0.005, 0.01])),
        st.tuples(st.just("MinThroughput"), st.sampled_from([0, 1, 2])),
    ),
    max_size=2,
)
PREFERENCES = st.lists(
    st.none() | st.tuples(CHANNELS, st.none() | CHANNELS, CONDITIONS), min_size=7, max_size=7
)


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (ValueError, TypeError, OverflowError) as error:
        return type(error).__name__, str(error), getattr(error, "field", None), getattr(error, "limit", None)


def matrix_of(core: ModuleType, preferences: list[Any]) -> Any:
    return core.RoutingMatrix(*[each and preference_of(core, *each) for each in preferences])


def preference_of(core: ModuleType, primary: str, fallback: str | None, conditions: list[Any]) -> Any:
    return core.ChannelPreference(
        core.ChannelType[primary],
        None if fallback is None else core.ChannelType[fallback],
        [getattr(core, name)(limit) for name, limit in conditions],
    )


class Routers(RuleBasedStateMachine):
    """Every event reaches a router of each variant, and one that keeps no decision."""

    def __init__(self, cores: dict[str, ModuleType]) -> None:
        super().__init__()
        self.compiled, self.interpreted = cores["compiled"], cores["interpreted"]
        self.now = 1000.0

    @initialize(
        ttl=st.sampled_from([1.0, 60.0, 1e6]),
        size=st.sampled_from([0, 1, 3, 1000]),
        balance=st.booleans(),
        rate=st.sampled_from([0.0, 0.1, 0.07]),
    )
    def start(self, ttl: float, size: int, balance: bool, rate: float) -> None:
        self.balance = balance
        self.pairs = [
            (core, core.ChannelRouter(core.RoutingConfig(ttl, size, 10.0, balance, rate)))
            for core in (self.compiled, self.interpreted)
        ]
        forgetful = self.compiled.RoutingConfig(ttl, 0, 10.0, balance, rate)
        self.pairs.append((self.compiled, self.compiled.ChannelRouter(forgetful)))

    def agree(self, action: Callable[[ModuleType, Any], Any]) -> Any:
        """What all three answer; of the one that keeps nothing only the rest of this class knows."""
        compiled, interpreted, *_ = [outcome(lambda: action(core, router)) for core, router in self.pairs]
        assert compiled == interpreted
        return compiled

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        if self.now + step < 1e300:
            self.now += step

    @rule(channel=CHANNELS, latency=LATENCIES, count=st.sampled_from([1, 1, 3, 30, 120]))
    def messages_arrive(self, channel: str, latency: float, count: int) -> None:
        for at in range(count):
            self.agree(
                lambda core, router: router.record_success(
                    core.ChannelType[channel], self.now, latency * (1 + at % 7)
                )
            )

    @rule(channel=CHANNELS)
    def a_message_fails(self, channel: str) -> None:
        self.agree(lambda core, router: router.record_failure(core.ChannelType[channel], self.now))

    @rule(channel=CHANNELS, connected=st.booleans())
    def a_channel_changes(self, channel: str, connected: bool) -> None:
        self.agree(
            lambda core, router: router.update_channel_status(core.ChannelType[channel], connected, self.now)
        )

    @rule(preferences=PREFERENCES)
    def the_matrix_changes(self, preferences: list[Any]) -> None:
        self.agree(lambda core, router: router.update_routing_matrix(matrix_of(core, preferences)))
        text = self.agree(lambda core, router: router.get_routing_matrix().to_json())
        assert self.compiled.RoutingMatrix.from_json(text).to_json() == text

    @rule(channel=CHANNELS, value=WRONG_NUMBERS)
    def nonsense_is_reported(self, channel: str, value: float) -> None:
        self.agree(lambda core, router: router.record_success(core.ChannelType[channel], self.now, value))
        if value != -1.0:
            self.agree(lambda core, router: router.record_failure(core.ChannelType[channel], value))
            self.agree(lambda core, router: router.route("a", core.MessageCharacteristics(), (), value))

    @rule()
    def health_is_asked_for(self) -> None:
        def status(core: ModuleType, router: Any) -> Any:
            found = router.get_health_status(self.now)
            names = ("p95_latency", "error_rate", "throughput", "availability", "connected", "weight")
            return {
                channel.value: [getattr(health, name) for name in names] for channel, health in found.items()
            }

        for p95, error_rate, throughput, availability, _, weight in self.agree(status).values():
            assert p95 >= 0.0
            assert 0.0 <= error_rate <= 1.0
            assert throughput >= 0.0
            assert 0.0 <= availability <= 1.0
            assert 0.1 <= weight <= 2.0

    @rule(address=TARGETS, size=SIZES, priority=PRIORITIES, kind=TYPES, timeout=TIMEOUTS, names=AVAILABLE)
    def a_message_is_routed(
        self, address: str, size: int, priority: str, kind: str, timeout: int | None, names: list[str]
    ) -> None:
        def decision(core: ModuleType, router: Any) -> Any:
            message = core.MessageCharacteristics(
                size, core.MessagePriority[priority], core.MessageType[kind], timeout_ms=timeout
            )
            available = tuple(core.ChannelType[name] for name in names)
            return router.route(address, message, available, self.now)

        compiled, interpreted, forgetful = [decision(core, router) for core, router in self.pairs]
        assert (compiled and compiled.to_json()) == (interpreted and interpreted.to_json())
        assert (compiled is None) == (forgetful is None)
        if compiled is None:
            return
        chosen = [compiled.primary_channel.name]
        if compiled.fallback_channel is not None:
            chosen.append(compiled.fallback_channel.name)
        assert set(chosen) <= set(names)
        assert len(set(chosen)) == len(chosen)
        assert 0.0 <= compiled.confidence <= 1.0
        assert forgetful.primary_channel is compiled.primary_channel
        assert forgetful.fallback_channel is compiled.fallback_channel


def test_routers_of_both_variants_and_without_memory_choose_alike(cores: dict[str, ModuleType]) -> None:
    run_state_machine_as_test(
        lambda: Routers(cores), settings=settings(max_examples=200, stateful_step_count=40, deadline=None)
    )


@pytest.mark.parametrize(
    "action",
    [
        lambda core: core.MessageCharacteristics("1"),
        lambda core: core.MessageCharacteristics(1.0),
        lambda core: core.MessageCharacteristics(1, "High"),
        lambda core: core.MessageCharacteristics(1, core.MessagePriority.LOW, None),
        lambda core: core.MessageCharacteristics(1, timeout_ms=1.5),
        lambda core: core.MessageCharacteristics(1, retryable=1),
        lambda core: core.locate_target(None),
        lambda core: core.extract_message_characteristics(b"", None, "a"),
        lambda core: core.extract_message_characteristics(core.EncodedMessage(b""), {}, "a"),
        lambda core: core.extract_message_characteristics(core.EncodedMessage(b""), None, b"a"),
        lambda core: core.MaxSize("1"),
        lambda core: core.MaxSize(2**64),
        lambda core: core.MinHealth("1"),
        lambda core: core.MinHealth(None),
        lambda core: core.MaxLatency("1"),
        lambda core: core.MinThroughput(1.5),
        lambda core: core.ChannelPreference("Tcp"),
        lambda core: core.ChannelPreference(core.ChannelType.TCP, "Ipc"),
        lambda core: core.ChannelPreference(core.ChannelType.TCP, None, {}),
        lambda core: core.MinHealth(10**400),
        lambda core: core.ChannelPreference(core.ChannelType.TCP, None, [5]),
        lambda core: core.ChannelPreference(core.ChannelType.TCP, None, [None]),
        lambda core: core.ChannelPreference(core.ChannelType.TCP, None, [], "1"),
        lambda core: core.RoutingMatrix({}),
        lambda core: core.RoutingMatrix.from_json(b"[]"),
        lambda core: core.RoutingMatrix.from_json(b"{"),
        lambda core: core.RoutingConfig("1"),
        lambda core: core.RoutingConfig(1.0, 1.0),
        lambda core: core.RoutingConfig(1.0, 1, 1.0, 1),
        lambda core: core.SlaConfig("1"),
        lambda core: core.ChannelRouter({}),
        lambda core: core.ChannelRouter(None, {}),
        lambda core: core.ChannelRouter().route(None, core.MessageCharacteristics(), (), 1.0),
        lambda core: core.ChannelRouter().route("a", None, (), 1.0),
        lambda core: core.ChannelRouter().route("a", core.MessageCharacteristics(), [], 1.0),
        lambda core: core.ChannelRouter().route("a", core.MessageCharacteristics(), ("Tcp",), 1.0),
        lambda core: core.ChannelRouter().route("a", core.MessageCharacteristics(), (), "1"),
        lambda core: core.ChannelRouter().route("a", core.MessageCharacteristics(), (), 10**400),
        lambda core: core.ChannelRouter().record_success("Tcp", 1.0),
        lambda core: core.ChannelRouter().record_success(core.ChannelType.TCP, "1"),
        lambda core: core.ChannelRouter().record_success(core.ChannelType.TCP, float("nan"), "1"),
        lambda core: core.ChannelRouter().record_failure(None, 1.0),
        lambda core: core.ChannelRouter().update_channel_status(core.ChannelType.TCP, 1, 1.0),
        lambda core: core.ChannelRouter().update_channel_status(core.ChannelType.TCP, True, None),
        lambda core: core.ChannelRouter().update_routing_matrix(None),
        lambda core: core.ChannelRouter().get_health_status("now"),
    ],
)
def test_wrong_arguments_are_refused_in_the_same_words(
    cores: dict[str, ModuleType], action: Callable[[ModuleType], Any]
) -> None:
    compiled, interpreted = (outcome(lambda: action(cores[name])) for name in ("compiled", "interpreted"))
    assert compiled == interpreted
    assert isinstance(compiled, tuple)
    assert compiled[0].endswith("Error")
