"""How a router decides."""

from __future__ import annotations

from typing import final

from ..errors import RoutingError
from ..variant import COMPILED, expect
from .quantities import checked_count, checked_span


@final
class RoutingConfig:
    """The settings of a router; they do not change after it is made.

    Args:
        cache_ttl: seconds for which a decision is repeated; 0 repeats none.
        max_cache_size: decisions kept; 0 keeps none.
        health_check_interval: seconds; for whoever checks the channels, the router itself asks nobody.
        enable_load_balancing: take turns among channels that are equally good.
        learning_rate: what a success adds to the weight of its channel; a failure takes away twice as much.
            0 learns nothing.

    Raises:
        RoutingError: a span or the rate is negative or not finite, or the size exceeds 64 bits.
    """

    def __init__(
        self,
        cache_ttl: float = 60.0,
        max_cache_size: int = 1000,
        health_check_interval: float = 10.0,
        enable_load_balancing: bool = True,
        learning_rate: float = 0.1,
    ) -> None:
        self.cache_ttl = checked_span(cache_ttl, "cache_ttl")
        self.max_cache_size = checked_count(max_cache_size, "max_cache_size")
        self.health_check_interval = checked_span(health_check_interval, "health_check_interval")
        if not COMPILED:
            expect(enable_load_balancing, bool, "bool")
        self.enable_load_balancing = enable_load_balancing
        self.learning_rate = _checked_rate(learning_rate)

    @staticmethod
    def reference() -> RoutingConfig:
        """Decisions by matrix and conditions alone: those of the reference crate with both extras off."""
        return RoutingConfig(60.0, 1000, 10.0, False, 0.0)


def _checked_rate(rate: float) -> float:
    found = checked_span(rate, "learning_rate")
    if found > 1.0:
        raise RoutingError("learning_rate", "expected at most 1", 1)
    return found
