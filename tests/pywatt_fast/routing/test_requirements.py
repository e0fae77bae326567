"""What conditions do to the order of channels: they reorder, and never shut a connected channel out."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

START = 1000.0


@pytest.fixture
def with_condition(core: ModuleType) -> Callable[[Any], Any]:
    """A router in the mode of the reference whose local small messages prefer Ipc under one condition."""

    def make(*conditions: Any) -> Any:
        preference = core.ChannelPreference(core.ChannelType.IPC, core.ChannelType.TCP, list(conditions))
        return core.ChannelRouter(core.RoutingConfig.reference(), core.RoutingMatrix(preference))

    return make


def test_a_channel_never_used_is_taken_on_trust(core: ModuleType, with_condition: Any, choose: Any) -> None:
    router = with_condition(core.MaxSize(1), core.MinHealth(2.0), core.MaxLatency(0.0), core.MinThroughput(9))
    assert choose(router, size=500) == "Ipc"


def test_a_message_above_the_size_goes_elsewhere(core: ModuleType, with_condition: Any, choose: Any) -> None:
    router = with_condition(core.MaxSize(300), core.MaxSize(200))
    router.record_success(core.ChannelType.IPC, START)
    assert choose(router, size=200, now=START) == "Ipc"
    assert choose(router, size=201, now=START) == "Tcp"


def test_a_slow_channel_comes_later(core: ModuleType, with_condition: Any, choose: Any) -> None:
    router = with_condition(core.MaxLatency(0.010))
    router.record_success(core.ChannelType.IPC, START, 0.010)
    assert choose(router, now=START) == "Ipc"
    router.record_success(core.ChannelType.IPC, START, 0.011)
    assert choose(router, now=START) == "Tcp"


def test_an_ailing_channel_comes_later_until_it_recovers(
    core: ModuleType, with_condition: Any, choose: Any
) -> None:
    router = with_condition(core.MinHealth(0.9))
    for _ in range(20):
        router.record_success(core.ChannelType.IPC, START)
    assert choose(router, now=START) == "Ipc"
    router.record_failure(core.ChannelType.IPC, START)
    assert choose(router, now=START) == "Tcp"
    assert choose(router, now=START + 59.0) == "Tcp"
    assert choose(router, now=START + 60.0) == "Ipc"


def test_an_idle_channel_has_no_throughput(core: ModuleType, with_condition: Any, choose: Any) -> None:
    router = with_condition(core.MinThroughput(2))
    for _ in range(20):
        router.record_success(core.ChannelType.IPC, START)
    assert choose(router, now=START) == "Ipc"
    assert choose(router, now=START + 15.0) == "Tcp"


def test_where_no_channel_meets_them_the_given_order_decides(
    core: ModuleType, with_condition: Any, both: Any
) -> None:
    router = with_condition(core.MaxLatency(0.001))
    for channel in both:
        router.record_success(channel, START, 0.5)
    message = core.MessageCharacteristics(10)
    for available in (both, both[::-1]):
        decision = router.route("a", message, available, START)
        assert (decision.primary_channel, decision.fallback_channel) == available


def test_the_only_channel_is_used_whatever_its_health(core: ModuleType, with_condition: Any) -> None:
    router = with_condition(core.MinHealth(2.0))
    router.record_failure(core.ChannelType.IPC, START)
    decision = router.route("a", core.MessageCharacteristics(10), (core.ChannelType.IPC,), START)
    assert decision.primary_channel is core.ChannelType.IPC
    assert decision.fallback_channel is None
