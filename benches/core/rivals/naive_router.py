"""A router as anyone would write it first: data classes, a table of preferences, conditions as functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Message:
    size: int
    priority: str
    kind: str
    timeout: float | None = None


@dataclass
class Health:
    availability: float = 1.0
    error_rate: float = 0.0
    latency: float = 0.05


@dataclass
class Preference:
    primary: str
    fallback: str | None = None
    conditions: list[Callable[[Message, Health], bool]] = field(default_factory=list)
    weight: float = 1.0


@dataclass
class Decision:
    primary: str
    fallback: str | None
    confidence: float
    reason: str
    latency: float
    weight: float


class Router:
    """Decides anew for every message."""

    def __init__(self) -> None:
        self.health = {"Tcp": Health(), "Ipc": Health()}
        self.matrix = {
            "local_small": Preference("Ipc", "Tcp", [lambda message, health: message.size <= 1024]),
            "local_large": Preference("Tcp", "Ipc"),
            "remote": Preference("Tcp"),
            "urgent": Preference("Ipc", "Tcp", [lambda message, health: health.latency <= 0.010]),
            "bulk": Preference("Tcp"),
            "real_time": Preference("Ipc", "Tcp", [lambda message, health: health.latency <= 0.005]),
            "file": Preference("Tcp"),
        }

    def route(self, target: str, message: Message, available: tuple[str, ...]) -> Decision | None:
        preference = self.matrix[self.scenario(target, message)]
        wanted = [preference.primary, preference.fallback, *available]
        usable = [channel for channel in wanted if channel in available]
        usable = [channel for channel in usable if self.health[channel].availability >= 0.5]
        good = [
            channel
            for channel in usable
            if all(condition(message, self.health[channel]) for condition in preference.conditions)
        ]
        ordered = list(dict.fromkeys([*good, *usable]))
        if not ordered:
            return None
        health = self.health[ordered[0]]
        reason = f"Selected {ordered[0]} based on {message.priority.lower()} priority preference"
        fallback = ordered[1] if len(ordered) > 1 else None
        confidence = self.confidence(health, message)
        return Decision(ordered[0], fallback, confidence, reason, health.latency, preference.weight)

    def scenario(self, target: str, message: Message) -> str:
        if message.priority == "Critical":
            return "urgent"
        if message.priority == "High" and message.kind == "RealTime":
            return "real_time"
        if message.priority == "Bulk":
            return "bulk"
        if message.kind == "FileTransfer":
            return "file"
        if ":" in target and not target.startswith(("127.0.0.1", "localhost", "unix://")):
            return "remote"
        return "local_small" if message.size < 1024 else "local_large"

    def confidence(self, health: Health, message: Message) -> float:
        found = 0.8 * health.availability
        if message.timeout is not None:
            if health.latency < message.timeout / 2:
                found += 0.1
            elif health.latency > message.timeout:
                found -= 0.3
        return min(1.0, max(0.0, found * (1.0 - health.error_rate)))
