"""The routing matrix, its preferences, and which of them a message falls under."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

PREFERENCE = {"primary": "Tcp", "fallback": None, "conditions": [], "weight": 1.0}
SCENARIOS = [
    "local_small_messages",
    "local_large_messages",
    "remote_messages",
    "urgent_messages",
    "bulk_transfer",
    "real_time",
    "file_transfer",
]


def scenario(core: ModuleType, target: str, size: int, priority: str, kind: str) -> str:
    """The scenario that decides, told by the weight of its preference."""
    matrix = core.RoutingMatrix()
    for place, name in enumerate(SCENARIOS):
        getattr(matrix, name).weight = float(place)
    router = core.ChannelRouter(None, matrix)
    message = core.MessageCharacteristics(size, core.MessagePriority[priority], core.MessageType[kind])
    return SCENARIOS[int(router.route(target, message, (core.ChannelType.TCP,), 1.0).weight)]


@pytest.mark.parametrize(
    ("target", "size", "priority", "kind", "expected"),
    [
        ("a", 0, "NORMAL", "DATA", "local_small_messages"),
        ("a", 1023, "LOW", "CONTROL", "local_small_messages"),
        ("a", 1024, "NORMAL", "DATA", "local_large_messages"),
        ("a", 2**64 - 1, "HIGH", "STREAM", "local_large_messages"),
        ("a:1", 0, "NORMAL", "BATCH", "remote_messages"),
        ("a:1", 2**40, "HIGH", "DATA", "remote_messages"),
        ("a:1", 0, "CRITICAL", "FILE_TRANSFER", "urgent_messages"),
        ("a", 5000, "CRITICAL", "REAL_TIME", "urgent_messages"),
        ("a", 0, "HIGH", "REAL_TIME", "real_time"),
        ("a", 0, "NORMAL", "REAL_TIME", "local_small_messages"),
        ("a", 0, "BULK", "REAL_TIME", "bulk_transfer"),
        ("a:1", 0, "BULK", "FILE_TRANSFER", "bulk_transfer"),
        ("a", 0, "HIGH", "FILE_TRANSFER", "file_transfer"),
        ("a:1", 0, "LOW", "FILE_TRANSFER", "file_transfer"),
    ],
)
def test_the_first_scenario_that_fits_decides(
    core: ModuleType, target: str, size: int, priority: str, kind: str, expected: str
) -> None:
    assert scenario(core, target, size, priority, kind) == expected


def test_a_router_keeps_its_own_copy(core: ModuleType, choose: Callable[..., Any]) -> None:
    matrix = core.RoutingMatrix()
    router = core.ChannelRouter(None, matrix)
    for matrix_to_spoil in (matrix, router.get_routing_matrix()):
        matrix_to_spoil.local_small_messages.primary = core.ChannelType.TCP
        matrix_to_spoil.urgent_messages.conditions.clear()
    assert router.get_routing_matrix() == core.RoutingMatrix()
    assert choose(router) == "Ipc"


def test_a_preference_is_read_and_printed(core: ModuleType) -> None:
    text = b'{"primary":"Ipc","fallback":"Tcp","conditions":[{"MaxSize":1},{"MinHealth":0.5}],"weight":2.5}'
    read = core.ChannelPreference.from_json(text)
    conditions = [core.MaxSize(1), core.MinHealth(0.5)]
    assert read == core.ChannelPreference(core.ChannelType.IPC, core.ChannelType.TCP, conditions, 2.5)
    assert read.to_json() == text


def test_a_whole_number_is_a_weight(core: ModuleType) -> None:
    text = json.dumps(PREFERENCE | {"weight": 3})
    assert b'"weight":3.0' in core.ChannelPreference.from_json(text).to_json()


def test_an_absent_fallback_is_none(core: ModuleType) -> None:
    text = '{"primary":"Tcp","conditions":[],"weight":1.0}'
    assert core.ChannelPreference.from_json(text) == core.ChannelPreference(core.ChannelType.TCP)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("primary", None, "primary: expected Tcp or Ipc"),
        ("primary", "tcp", "primary: expected Tcp or Ipc"),
        ("fallback", 1, "fallback: expected Tcp or Ipc"),
        ("conditions", {}, "conditions: expected an array"),
        ("conditions", None, "conditions: expected an array"),
        ("conditions", [{"MaxSize": 1}, 5], r"conditions\[1\]: expected an object"),
        ("conditions", [{"MaxSize": "SECRET"}], r"conditions\[0\].MaxSize: expected a natural number"),
        ("weight", "1", "weight: expected a number"),
        ("weight", True, "weight: expected a number"),
    ],
)
def test_a_wrong_field_is_refused_by_name(core: ModuleType, field: str, value: object, words: str) -> None:
    preference = PREFERENCE | {field: value}
    whole = dict.fromkeys(SCENARIOS, PREFERENCE) | {"real_time": preference}
    with pytest.raises(core.RoutingError, match=words):
        core.ChannelPreference.from_json(json.dumps(preference))
    with pytest.raises(core.RoutingError, match="real_time") as refusal:
        core.RoutingMatrix.from_json(json.dumps(whole))
    assert words.replace("\\", "") in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


@pytest.mark.parametrize("field", ["primary", "conditions", "weight"])
def test_a_missing_field_is_refused_by_name(core: ModuleType, field: str) -> None:
    preference = {name: value for name, value in PREFERENCE.items() if name != field}
    whole = dict.fromkeys(SCENARIOS, PREFERENCE) | {"real_time": preference}
    with pytest.raises(core.RoutingError, match=f"{field}: missing"):
        core.ChannelPreference.from_json(json.dumps(preference))
    with pytest.raises(core.RoutingError, match=f"real_time.{field}: missing"):
        core.RoutingMatrix.from_json(json.dumps(whole))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_required(core: ModuleType, name: str) -> None:
    whole = {each: PREFERENCE for each in SCENARIOS if each != name}
    with pytest.raises(core.RoutingError, match=f"{name}: missing"):
        core.RoutingMatrix.from_json(json.dumps(whole))


def test_unknown_fields_are_ignored(core: ModuleType) -> None:
    preference = PREFERENCE | {"later": 1}
    whole = dict.fromkeys(SCENARIOS, preference) | {"later": {}}
    matrix = core.RoutingMatrix.from_json(json.dumps(whole))
    assert matrix.real_time == core.ChannelPreference.from_json(json.dumps(PREFERENCE))


def test_a_repeated_scenario_is_refused(core: ModuleType) -> None:
    text = core.RoutingMatrix().to_json()
    doubled = text[:-1] + b"," + text[1:]
    with pytest.raises(core.JsonSerializationError, match="twice"):
        core.RoutingMatrix.from_json(doubled)


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_a_weight_is_finite(core: ModuleType, weight: float) -> None:
    with pytest.raises(core.RoutingError, match="weight"):
        core.ChannelPreference(core.ChannelType.TCP, None, None, weight)
