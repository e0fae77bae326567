"""Decisions: who is asked, what was learnt, who takes turns, and for how long a decision is repeated."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

START = 1000.0


@pytest.fixture
def slow(core: ModuleType) -> Callable[..., Any]:
    """A router on which both channels are too slow for urgent messages, so that neither is preferred."""

    def make(config: Any = None) -> Any:
        router = core.ChannelRouter(config)
        for channel in core.ChannelType:
            router.record_success(channel, START, 0.5)
        return router

    return make


@pytest.fixture
def urgent(core: ModuleType, both: Any) -> Callable[..., Any]:
    """The channels chosen for so many urgent messages, one after the other."""

    def names(router: Any, count: int, available: Any = None) -> list[str]:
        message = core.MessageCharacteristics(10, core.MessagePriority.CRITICAL)
        chosen = both if available is None else available
        return [router.route("a", message, chosen, START).primary_channel.value for _ in range(count)]

    return names


# --- availability


def test_without_a_channel_there_is_no_decision(core: ModuleType) -> None:
    assert core.ChannelRouter().route("a", core.MessageCharacteristics(), (), START) is None


def test_what_is_not_available_is_never_chosen(core: ModuleType, both: Any) -> None:
    router = core.ChannelRouter()
    message = core.MessageCharacteristics(10)
    for available in (both, both[:1], both[1:], both[::-1], (*both, *both), both[1:] * 3):
        decision = router.route("a", message, available, START)
        expected = core.ChannelType.IPC if core.ChannelType.IPC in available else core.ChannelType.TCP
        assert decision.primary_channel is expected
        other = set(available) - {expected}
        assert decision.fallback_channel is (other.pop() if other else None)


def test_a_lost_channel_is_passed_over_at_once(core: ModuleType, both: Any) -> None:
    router = core.ChannelRouter()
    message = core.MessageCharacteristics(10)
    assert router.route("a", message, both, START).primary_channel is core.ChannelType.IPC
    router.update_channel_status(core.ChannelType.IPC, False, START)
    decision = router.route("a", message, both, START)
    assert (decision.primary_channel, decision.fallback_channel) == (core.ChannelType.TCP, None)
    router.update_channel_status(core.ChannelType.TCP, False, START)
    assert router.route("a", message, both, START) is None


def test_a_channel_that_is_back_is_used_at_once(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig.reference())
    router.update_channel_status(core.ChannelType.IPC, False, START)
    assert choose(router, now=START) == "Tcp"
    router.update_channel_status(core.ChannelType.IPC, True, START)
    assert choose(router, now=START) == "Ipc"


def test_the_fallback_is_another_channel(core: ModuleType, both: Any) -> None:
    preference = core.ChannelPreference(core.ChannelType.TCP, core.ChannelType.TCP)
    router = core.ChannelRouter(None, core.RoutingMatrix(preference))
    decision = router.route("a", core.MessageCharacteristics(10), both, START)
    assert (decision.primary_channel.value, decision.fallback_channel.value) == ("Tcp", "Ipc")


# --- learning


def test_failures_hand_messages_to_the_other_channel(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig(learning_rate=0.1))
    for channel in core.ChannelType:
        for _ in range(20):  # both end at the greatest weight, 2
            router.record_success(channel, START)
    seen = []
    for _ in range(3):
        seen.append(choose(router, now=START))
        router.record_failure(core.ChannelType.IPC, START)
    assert seen == ["Ipc", "Tcp", "Tcp"]


def test_it_takes_as_many_failures_as_the_lead_was_worth(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig(learning_rate=0.1))
    router.record_success(core.ChannelType.TCP, START)
    for _ in range(20):
        router.record_success(core.ChannelType.IPC, START)
    failures = 0
    while choose(router, now=START) == "Ipc":
        router.record_failure(core.ChannelType.IPC, START)
        failures += 1
    assert failures == 5  # 2.0 falls to 1.0, below the 1.1 of Tcp


def test_successes_win_messages_back(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter()
    router.record_failure(core.ChannelType.IPC, START)
    assert choose(router, now=START) == "Tcp"
    router.record_success(core.ChannelType.IPC, START)
    assert choose(router, now=START) == "Tcp"
    router.record_success(core.ChannelType.IPC, START)
    assert choose(router, now=START) == "Ipc"


def test_weights_have_bounds(core: ModuleType) -> None:
    router = core.ChannelRouter(core.RoutingConfig(learning_rate=0.3))
    for _ in range(9):
        router.record_success(core.ChannelType.TCP, START)
        router.record_failure(core.ChannelType.IPC, START)
    health = router.get_health_status(START)
    assert health[core.ChannelType.TCP].weight == 2.0
    assert health[core.ChannelType.IPC].weight == 0.1


def test_success_does_not_make_up_for_a_condition(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter()
    for _ in range(5):
        router.record_success(core.ChannelType.IPC, START, 0.5)
    assert choose(router, now=START, priority=core.MessagePriority.CRITICAL) == "Tcp"


def test_failures_do_not_hand_remote_messages_to_a_channel_that_nobody_named(
    core: ModuleType, choose: Any
) -> None:
    router = core.ChannelRouter()
    router.record_failure(core.ChannelType.TCP, START)
    assert choose(router, "10.0.0.1:80", now=START) == "Tcp"


def test_without_learning_outcomes_do_not_reorder(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig.reference())
    for _ in range(20):
        router.record_failure(core.ChannelType.IPC, START)
        router.record_success(core.ChannelType.TCP, START)
    assert choose(router, now=START) == "Ipc"


# --- load balancing


def test_channels_that_nothing_tells_apart_take_turns(slow: Any, urgent: Any) -> None:
    assert urgent(slow(), 5) == ["Tcp", "Ipc", "Tcp", "Ipc", "Tcp"]


def test_the_channel_given_first_has_the_first_turn(slow: Any, urgent: Any, both: Any) -> None:
    assert urgent(slow(), 3, both[::-1]) == ["Ipc", "Tcp", "Ipc"]


def test_turns_stay_even_beyond_the_reset_of_their_counters(slow: Any, urgent: Any) -> None:
    chosen = urgent(slow(), 5000)
    assert abs(chosen.count("Tcp") - 2500) <= 5


def test_the_matrix_comes_before_balance(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter()
    assert {choose(router, target, size=size) for target in "abc" for size in (1, 2, 3)} == {"Ipc"}
    assert {choose(router, f"{target}:1") for target in "abc"} == {"Tcp"}


def test_what_was_learnt_comes_before_balance(core: ModuleType, slow: Any, urgent: Any) -> None:
    router = slow()
    router.record_success(core.ChannelType.IPC, START, 0.5)
    assert urgent(router, 3) == ["Ipc"] * 3


def test_without_balancing_the_given_order_decides(core: ModuleType, slow: Any, urgent: Any) -> None:
    assert urgent(slow(core.RoutingConfig.reference()), 3) == ["Tcp"] * 3


# --- repeated decisions


@pytest.fixture
def decide(core: ModuleType, both: Any) -> Callable[..., Any]:
    def decision(router: Any, now: float = START, target: str = "a", size: int = 10) -> Any:
        return router.route(target, core.MessageCharacteristics(size), both, now)

    return decision


def test_a_decision_is_repeated_while_it_is_young(core: ModuleType, decide: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig(cache_ttl=60.0))
    first = decide(router)
    assert decide(router, START + 59.9) is first
    assert decide(router, START + 60.0) is not first


def test_sizes_and_targets_that_make_no_difference_share_a_decision(core: ModuleType, decide: Any) -> None:
    router = core.ChannelRouter()
    assert decide(router, target="a", size=0) is decide(router, target="b", size=1023)
    assert decide(router, target="a", size=1024) is decide(router, target="b", size=2**40)
    assert decide(router, size=1023) is not decide(router, size=1024)


@pytest.mark.parametrize("setting", [{"cache_ttl": 0.0}, {"max_cache_size": 0}])
def test_nothing_is_repeated_where_the_settings_say_so(core: ModuleType, decide: Any, setting: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig(**setting))
    assert decide(router) is not decide(router)
    assert decide(router) == decide(router)


def test_no_more_decisions_are_kept_than_allowed(core: ModuleType, decide: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig(max_cache_size=2))
    small, large = decide(router, START), decide(router, START + 1.0, size=5000)
    assert decide(router, START + 2.0) is small
    assert decide(router, START + 2.0, size=5000) is large
    remote = decide(router, START + 3.0, target="a:1")
    assert decide(router, START + 3.0, target="a:1") is remote
    assert decide(router, START + 3.0, size=5000) is large
    assert decide(router, START + 3.0) is not small


@pytest.mark.parametrize(
    "event",
    [
        lambda core, router: router.record_failure(core.ChannelType.TCP, START),
        lambda core, router: router.update_channel_status(core.ChannelType.IPC, False, START),
        lambda core, router: router.update_routing_matrix(core.RoutingMatrix()),
        lambda core, router: router.record_success(core.ChannelType.IPC, START, 1.0),
    ],
)
def test_a_change_of_its_grounds_ends_a_decision(core: ModuleType, decide: Any, event: Any) -> None:
    router = core.ChannelRouter()
    first = decide(router)
    event(core, router)
    assert decide(router) is not first


def test_one_more_success_of_a_sound_channel_ends_no_decision(core: ModuleType, decide: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig.reference())
    router.record_success(core.ChannelType.IPC, START, 0.001)
    first = decide(router)
    router.record_success(core.ChannelType.IPC, START, 0.002)
    assert decide(router) is first


def test_a_new_matrix_decides_at_once(core: ModuleType, choose: Any) -> None:
    router = core.ChannelRouter()
    assert choose(router) == "Ipc"
    router.update_routing_matrix(core.RoutingMatrix(core.ChannelPreference(core.ChannelType.TCP)))
    assert choose(router) == "Tcp"


def test_a_message_and_its_characteristics_are_decided_alike(core: ModuleType, both: Any) -> None:
    router = core.ChannelRouter()
    message = core.EncodedMessage(bytes(200))
    metadata = core.MessageMetadata(None, None, None, None, {"priority": "high", "timeout": 250})
    found = core.extract_message_characteristics(message, metadata, "a")
    assert router.route_message("a", message, metadata, both, 1.0) == router.route("a", found, both, 1.0)
