"""The health of channels: what is learnt from outcomes, and what time forgives."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

START = 1000.0


@pytest.fixture
def router(core: ModuleType) -> Any:
    return core.ChannelRouter()


@pytest.fixture
def health(core: ModuleType, router: Any) -> Callable[[float], Any]:
    """The health of Ipc at some time."""
    return lambda now: router.get_health_status(now)[core.ChannelType.IPC]


def test_nothing_is_known_of_a_channel_never_used(core: ModuleType, router: Any) -> None:
    assert router.get_health_status(START) == {}
    router.record_success(core.ChannelType.IPC, START)
    assert list(router.get_health_status(START)) == [core.ChannelType.IPC]


def test_a_status_alone_gives_the_initial_figures(core: ModuleType, router: Any, health: Any) -> None:
    router.update_channel_status(core.ChannelType.IPC, True, START)
    assert health(START) == core.ChannelHealth(0.010, 0.0, 0.0, 1.0, True, 1.0)


def test_a_success_without_a_latency_counts_as_ten_milliseconds(
    core: ModuleType, router: Any, health: Any
) -> None:
    router.record_success(core.ChannelType.IPC, START)
    assert health(START).p95_latency == 0.010


@given(latencies=st.lists(st.floats(0, 10) | st.sampled_from([0.1, 0.2]), min_size=1, max_size=250))
def test_the_latency_is_the_95th_percentile_of_the_last_samples(
    core: ModuleType, latencies: list[float]
) -> None:
    router = core.ChannelRouter()
    samples: list[float] = []
    for latency in latencies:
        router.record_success(core.ChannelType.IPC, START, latency)
        samples.append(latency)
        if len(samples) > 100:
            samples = samples[10:]
        expected = sorted(samples)[int(0.95 * len(samples))]
        assert router.get_health_status(START)[core.ChannelType.IPC].p95_latency == expected


def test_a_failure_lowers_the_availability_for_a_minute(core: ModuleType, router: Any, health: Any) -> None:
    for _ in range(3):
        router.record_success(core.ChannelType.IPC, START)
    router.record_failure(core.ChannelType.IPC, START)
    assert health(START).error_rate == 0.25
    assert health(START + 59.9).availability == 0.8
    assert health(START + 60.0).availability == 0.75


def test_outcomes_are_forgotten_after_five_minutes(core: ModuleType, router: Any, health: Any) -> None:
    router.record_failure(core.ChannelType.IPC, START)
    router.record_success(core.ChannelType.IPC, START + 100.0)
    assert health(START + 299.0).error_rate == 0.5
    assert health(START + 300.0).error_rate == 0.0
    assert health(START + 300.0).availability == 1.0
    assert health(START + 300.0).throughput > 0.0
    assert health(START + 400.0).throughput == 0.0


def test_a_failure_after_long_silence_stands_alone(core: ModuleType, router: Any, health: Any) -> None:
    for _ in range(9):
        router.record_success(core.ChannelType.IPC, START)
    router.record_failure(core.ChannelType.IPC, START + 1e6)
    assert health(START + 1e6).error_rate == 1.0


def test_the_throughput_is_messages_per_second(core: ModuleType, router: Any, health: Any) -> None:
    for second in range(1000):
        for _ in range(3):
            router.record_success(core.ChannelType.IPC, START + second)
    assert health(START + 999.0).throughput == pytest.approx(3.0, rel=0.02)


def test_a_young_channel_is_measured_over_its_age(core: ModuleType, router: Any, health: Any) -> None:
    for step in range(100):
        router.record_success(core.ChannelType.IPC, START + step / 10)
    assert health(START + 10.0).throughput == 10.0


def test_failures_are_no_throughput(core: ModuleType, router: Any, health: Any) -> None:
    router.record_failure(core.ChannelType.IPC, START)
    assert health(START + 1.0).throughput == 0.0


def test_a_lost_connection_counts_as_a_failure(core: ModuleType, router: Any, health: Any) -> None:
    router.update_channel_status(core.ChannelType.IPC, False, START)
    found = health(START)
    assert (found.connected, found.error_rate, found.availability) == (False, 1.0, 0.8)


def test_a_time_before_an_earlier_one_counts_as_that(core: ModuleType, router: Any, health: Any) -> None:
    router.record_failure(core.ChannelType.IPC, START)
    router.record_success(core.ChannelType.IPC, START - 500.0)
    assert health(0.0).error_rate == 0.5
    assert health(START + 300.0).error_rate == 0.0


def test_what_is_shown_is_a_copy(core: ModuleType, router: Any, health: Any) -> None:
    router.record_success(core.ChannelType.IPC, START)
    health(START).connected = False
    assert health(START).connected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_undefined_times_and_latencies_are_refused(core: ModuleType, router: Any, value: float) -> None:
    ipc = core.ChannelType.IPC
    message = core.MessageCharacteristics()
    for action in (
        lambda: router.record_success(ipc, value),
        lambda: router.record_failure(ipc, value),
        lambda: router.update_channel_status(ipc, True, value),
        lambda: router.get_health_status(value),
        lambda: router.route("a", message, (ipc,), value),
    ):
        with pytest.raises(core.RoutingError, match="now: expected a finite number"):
            action()
    with pytest.raises(core.RoutingError, match="latency"):
        router.record_success(ipc, START, value)
    assert router.get_health_status(START) == {}


def test_a_negative_latency_is_refused(core: ModuleType, router: Any) -> None:
    with pytest.raises(core.RoutingError, match="latency"):
        router.record_success(core.ChannelType.IPC, START, -0.1)
