"""The settings of a router."""

from types import ModuleType
from typing import Any

import pytest


def test_the_defaults_are_those_of_the_reference(core: ModuleType) -> None:
    config = core.RoutingConfig()
    assert (config.cache_ttl, config.max_cache_size, config.health_check_interval) == (60.0, 1000, 10.0)
    assert (config.enable_load_balancing, config.learning_rate) == (True, 0.1)


def test_the_mode_of_the_reference_neither_balances_nor_learns(core: ModuleType) -> None:
    config = core.RoutingConfig.reference()
    assert (config.enable_load_balancing, config.learning_rate) == (False, 0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cache_ttl", -1.0),
        ("cache_ttl", float("nan")),
        ("max_cache_size", -1),
        ("max_cache_size", 2**64),
        ("health_check_interval", float("inf")),
        ("learning_rate", -0.1),
        ("learning_rate", 1.5),
    ],
)
def test_impossible_settings_are_refused_by_name(core: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(core.RoutingError, match=field) as refusal:
        core.RoutingConfig(**{field: value})
    assert refusal.value.field == field
