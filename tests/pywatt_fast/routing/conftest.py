"""What the tests of routing share."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

LOCAL = "catalog"


@pytest.fixture
def both(core: ModuleType) -> Any:
    """Both channels, Tcp first."""
    return core.ChannelType.TCP, core.ChannelType.IPC


@pytest.fixture
def choose(core: ModuleType, both: Any) -> Callable[..., Any]:
    """The primary channel's name for a message of default characteristics, or None."""

    def name(
        router: Any, target: str = LOCAL, size: int = 10, now: float = 1.0, **characteristics: Any
    ) -> Any:
        message = core.MessageCharacteristics(size, **characteristics)
        decision = router.route(target, message, both, now)
        return None if decision is None else decision.primary_channel.value

    return name
