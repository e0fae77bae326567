"""On which channel a message travels: decided anew, and decided before."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

from core.rivals import naive_router
from core.side_by_side import SideBySide, Subject
from core.variants import part, subjects_of

TARGET = "10.0.0.7:9000"
NOW = 100.0


def bench_new_decision(side_by_side: SideBySide) -> None:
    ours = subjects_of("decision", lambda core: deciding(core, kept_seconds=0.0))
    router = naive_router.Router()
    message = naive_router.Message(2000, "High", "Control")
    anew = partial(router.route, TARGET, message, ("Tcp", "Ipc"))
    rivals = {"naive": Subject(anew, value=lambda: anew().primary)}
    side_by_side("uncached", ours, rivals, "Tcp")


def bench_kept_decision(side_by_side: SideBySide) -> None:
    kept = {(TARGET, "High", "Control"): "Tcp"}

    def look_up(target: str, priority: str, kind: str) -> str:
        return kept[target, priority, kind]

    ours = subjects_of("decision", lambda core: deciding(core, kept_seconds=60.0))
    rivals = {"dict by tuple key": Subject(partial(look_up, TARGET, "High", "Control"))}
    side_by_side("cached", ours, rivals, "Tcp")


def deciding(core: ModuleType, kept_seconds: float) -> Subject:
    """Called from Python, the characteristics of the message known."""
    channel = part(core, "routing.channel_type.ChannelType")
    characteristics = part(core, "routing.characteristics.MessageCharacteristics")
    priority = part(core, "routing.characteristics.MessagePriority")
    kind = part(core, "routing.characteristics.MessageType")
    config = part(core, "routing.config.RoutingConfig")
    router: Any = part(core, "routing.router.ChannelRouter")(config(cache_ttl=kept_seconds))
    message = characteristics(2000, priority.HIGH, kind.CONTROL)
    decide = partial(router.route, TARGET, message, (channel.TCP, channel.IPC), NOW)
    return Subject(decide, value=lambda: decide().primary_channel.value)
