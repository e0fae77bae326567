"""Characteristics and decisions as the reference makes them with load balancing and learning off."""

import json
from types import ModuleType
from typing import Any

import pytest

Case = dict[str, Any]
NOW = 1000.0


def channels(core: ModuleType, names: list[str]) -> tuple[Any, ...]:
    return tuple(core.ChannelType(name) for name in names)


@pytest.fixture
def characteristics(core: ModuleType, routing_case: Case) -> Any:
    return core.extract_message_characteristics(
        core.EncodedMessage(bytes(routing_case["size"])),
        metadata_of(core, routing_case),
        routing_case["target"],
    )


def metadata_of(core: ModuleType, case: Case) -> Any:
    """Metadata with the recorded properties; where none were recorded, there was no metadata."""
    properties = case["properties"]
    return None if properties is None else core.MessageMetadata(None, None, None, None, properties)


def test_characteristics(characteristics: Any, routing_case: Case) -> None:
    expected = routing_case["characteristics"] | {"size": routing_case["size"]}
    assert json.loads(characteristics.to_json()) == expected


def test_decisions(core: ModuleType, characteristics: Any, routing_case: Case) -> None:
    for recorded in routing_case["decisions"]:
        router = core.ChannelRouter(core.RoutingConfig.reference())
        available = channels(core, recorded["available"])
        decision = router.route(routing_case["target"], characteristics, available, NOW)
        assert shown(decision) == recorded["decision"]


def test_decisions_on_whole_messages(core: ModuleType, routing_case: Case) -> None:
    message = core.EncodedMessage(bytes(routing_case["size"]))
    metadata = metadata_of(core, routing_case)
    router = core.ChannelRouter(core.RoutingConfig.reference())
    for recorded in routing_case["decisions"]:
        available = channels(core, recorded["available"])
        decision = router.route_message(routing_case["target"], message, metadata, available, NOW)
        assert shown(decision) == recorded["decision"]


def shown(decision: Any) -> Any:
    return None if decision is None else json.loads(decision.to_json())
