"""What a decision says, and that it stays as it was made."""

import json
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def decision(core: ModuleType, both: Any) -> Any:
    return core.ChannelRouter().route("catalog", core.MessageCharacteristics(10), both, 1.0)


def test_it_has_a_json_form(decision: Any) -> None:
    assert json.loads(decision.to_json()) == {
        "primary": "Ipc",
        "fallback": "Tcp",
        "confidence": 0.8,
        "reason": "Selected IPC based on normal routing preference",
        "expected_latency_ms": 10,
        "weight": 1.0,
    }


@pytest.mark.parametrize(
    "name",
    ["primary_channel", "fallback_channel", "confidence", "reason", "expected_latency", "weight"],
)
def test_it_cannot_be_changed(decision: Any, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(decision, name, getattr(decision, name))


@pytest.mark.parametrize(
    ("priority", "words"),
    [
        ("CRITICAL", "critical priority"),
        ("HIGH", "high priority"),
        ("NORMAL", "normal routing"),
        ("LOW", "low priority"),
        ("BULK", "bulk transfer"),
    ],
)
def test_the_reason_names_channel_and_priority(
    core: ModuleType, both: Any, priority: str, words: str
) -> None:
    message = core.MessageCharacteristics(10, core.MessagePriority[priority])
    decision = core.ChannelRouter().route("a:1", message, both, 1.0)
    channel = "IPC" if priority == "CRITICAL" else "TCP"
    assert decision.reason == f"Selected {channel} based on {words} preference"


@pytest.mark.parametrize(
    ("timeout", "latency", "confidence"),
    [
        (None, 0.010, 0.8),
        (21, 0.010, 0.9),
        (20, 0.010, 0.8),
        (10, 0.010, 0.8),
        (9, 0.010, 0.5),
        (0, 0.010, 0.5),
        (2**64 - 1, 0.010, 0.9),
        (1, 0.0, 0.9),
    ],
)
def test_a_timeout_changes_the_confidence(
    core: ModuleType, both: Any, timeout: int | None, latency: float, confidence: float
) -> None:
    router = core.ChannelRouter()
    router.record_success(core.ChannelType.IPC, 1.0, latency)
    message = core.MessageCharacteristics(10, timeout_ms=timeout)
    plain = core.MessageCharacteristics(10)
    for _ in range(2):  # the second time from what was kept
        assert router.route("a", message, both, 1.0).confidence == pytest.approx(confidence)
        assert router.route("a", plain, both, 1.0).confidence == 0.8


def test_failures_change_the_confidence(core: ModuleType, both: Any) -> None:
    router = core.ChannelRouter(core.RoutingConfig.reference())
    router.record_success(core.ChannelType.IPC, 1.0)
    message = core.MessageCharacteristics(10)
    assert router.route("a", message, both, 1.0).confidence == 0.8
    router.record_failure(core.ChannelType.IPC, 1.0)
    assert router.route("a", message, both, 1.0).confidence == pytest.approx(0.8 * 0.8 * 0.5)
