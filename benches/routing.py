"""Routing decisions of the core beside its own text interpreted, a naive router and a plain dictionary.

Every line is a ratio from one run of interleaved rounds: how many times faster the first is than the second.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType
from typing import Any

from _rounds import Subjects, ratio, time_rounds

import pywatt_fast

CALLS = 200
NOW = 1000.0
TARGETS = ("catalog", "10.0.0.1:80")
SIZE = 200


def interpreted_core() -> ModuleType:
    """The core loaded once more from its text, under another name."""
    origin = pywatt_fast.__file__
    name = "pywatt_fast_interpreted"
    spec = importlib.util.spec_from_file_location(
        name, origin, submodule_search_locations=[os.path.dirname(origin)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    os.environ["PYWATT_PURE"] = "1"
    spec.loader.exec_module(module)
    del os.environ["PYWATT_PURE"]
    return module


# --- the rival: the reference's rules, written down plainly


class Priority(Enum):
    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3
    BULK = 4


class Kind(Enum):
    CONTROL = 0
    DATA = 1
    FILE_TRANSFER = 2
    STREAM = 3
    REAL_TIME = 4
    BATCH = 5


@dataclass
class NaiveCharacteristics:
    size: int
    priority: Priority = Priority.NORMAL
    kind: Kind = Kind.DATA


@dataclass
class NaiveHealth:
    latencies: list[float] = field(default_factory=list)
    p95: float = 0.010
    successes: int = 0
    errors: int = 0
    error_rate: float = 0.0
    availability: float = 1.0
    connected: bool = True

    def record_success(self, latency: float) -> None:
        self.latencies.append(latency)
        if len(self.latencies) > 100:
            del self.latencies[:10]
        self.p95 = sorted(self.latencies)[int(0.95 * len(self.latencies))]
        self.successes += 1
        self.error_rate = self.errors / (self.errors + self.successes)
        self.availability = 1.0 - self.error_rate


@dataclass
class NaiveDecision:
    primary_channel: str
    fallback_channel: str | None
    confidence: float
    reason: str
    expected_latency: float
    weight: float


SCENARIOS: dict[str, tuple[str, str | None, list[tuple[str, float]], float]] = {
    "local_small": ("Ipc", "Tcp", [("MaxSize", 1024)], 1.0),
    "local_large": ("Tcp", "Ipc", [], 1.0),
    "remote": ("Tcp", None, [], 1.0),
    "urgent": ("Ipc", "Tcp", [("MaxLatency", 0.010)], 1.0),
    "bulk": ("Tcp", None, [], 1.0),
    "real_time": ("Ipc", "Tcp", [("MaxLatency", 0.005)], 1.0),
    "file": ("Tcp", None, [], 1.0),
}
WORDS = {
    Priority.CRITICAL: "critical priority",
    Priority.HIGH: "high priority",
    Priority.NORMAL: "normal routing",
    Priority.LOW: "low priority",
    Priority.BULK: "bulk transfer",
}


class NaiveRouter:
    def __init__(self, ttl: float) -> None:
        self.ttl = ttl
        self.cache: dict[tuple[str, Priority, Kind, int], tuple[float, NaiveDecision]] = {}
        self.health: dict[str, NaiveHealth] = {}

    def route(
        self, target: str, message: NaiveCharacteristics, available: list[str], now: float
    ) -> NaiveDecision | None:
        key = (target, message.priority, message.kind, message.size)
        found = self.cache.get(key)
        if found is not None and now - found[0] < self.ttl:
            return found[1]
        primary, fallback, conditions, weight = self.select(target, message)
        viable = [
            each
            for each in (primary, fallback)
            if each in available and self.holds(each, conditions, message.size)
        ]
        for channel in available:
            health = self.health.get(channel)
            if channel not in viable and (health is None or health.connected):
                viable.append(channel)
        if not viable:
            return None
        health = self.health.get(viable[0]) or NaiveHealth()
        decision = NaiveDecision(
            viable[0],
            viable[1] if len(viable) > 1 else None,
            max(0.0, min(1.0, 0.8 * health.availability * (1.0 - health.error_rate))),
            f"Selected {viable[0].upper()} based on {WORDS[message.priority]} preference",
            health.p95,
            weight,
        )
        if self.ttl > 0:
            self.cache[key] = now, decision
        return decision

    def select(self, target: str, message: NaiveCharacteristics) -> Any:
        local = target.startswith(("127.0.0.1", "localhost", "unix://")) or ":" not in target
        if message.priority is Priority.CRITICAL:
            return SCENARIOS["urgent"]
        if message.priority is Priority.HIGH and message.kind is Kind.REAL_TIME:
            return SCENARIOS["real_time"]
        if message.priority is Priority.BULK:
            return SCENARIOS["bulk"]
        if message.kind is Kind.FILE_TRANSFER:
            return SCENARIOS["file"]
        if not local:
            return SCENARIOS["remote"]
        return SCENARIOS["local_small" if message.size < 1024 else "local_large"]

    def holds(self, channel: str, conditions: list[tuple[str, float]], size: int) -> bool:
        health = self.health.get(channel)
        if health is None:
            return True
        return health.connected and all(
            size <= limit if name == "MaxSize" else health.p95 <= limit for name, limit in conditions
        )


# --- the same work for each


def routed(core: ModuleType, ttl: float, target: str) -> Callable[[], None]:
    router = core.ChannelRouter(core.RoutingConfig(ttl))
    available = (core.ChannelType.TCP, core.ChannelType.IPC)
    message = core.MessageCharacteristics(SIZE)
    for channel in available:
        router.record_success(channel, NOW, 0.002)

    def calls() -> None:
        route = router.route
        for _ in range(CALLS):
            route(target, message, available, NOW)

    return calls


def naively_routed(ttl: float, target: str) -> Callable[[], None]:
    router = NaiveRouter(ttl)
    message = NaiveCharacteristics(SIZE)
    available = ["Tcp", "Ipc"]
    for channel in available:
        router.health[channel] = NaiveHealth()
        router.health[channel].record_success(0.002)

    def calls() -> None:
        route = router.route
        for _ in range(CALLS):
            route(target, message, available, NOW)

    return calls


def looked_up(target: str) -> Callable[[], None]:
    table = {(target, 2, 1, SIZE): object()}

    def calls() -> None:
        priority, kind, size = 2, 1, SIZE
        for _ in range(CALLS):
            table[(target, priority, kind, size)]

    return calls


def recorded(core: ModuleType) -> Callable[[], None]:
    router = core.ChannelRouter()
    latencies = [(at * 37 % 101) / 1000 for at in range(CALLS)]

    def calls() -> None:
        record, channel = router.record_success, core.ChannelType.TCP
        for latency in latencies:
            record(channel, NOW, latency)

    return calls


def naively_recorded() -> Callable[[], None]:
    health = NaiveHealth()
    latencies = [(at * 37 % 101) / 1000 for at in range(CALLS)]

    def calls() -> None:
        for latency in latencies:
            health.record_success(latency)

    return calls


def report(subject: str, subjects: Subjects, gates: dict[tuple[str, str], float | None]) -> None:
    times = time_rounds(subjects)
    for (one, other), gate in gates.items():
        if one in times and other in times:
            mark = "" if gate is None else f"   gate {gate:g}"
            nanoseconds = min(times[one]) / CALLS * 1e9
            figure = ratio(times, one, other)
            print(f"  {subject:32} {one:12} / {other:12} {figure:8.2f}{mark:14} ({nanoseconds:,.0f} ns)")


def main() -> None:
    print(f"CPython {sys.version.split()[0]}; times faster than, median of interleaved rounds")
    variants = {"interpreted": interpreted_core()}
    if pywatt_fast.COMPILED:
        variants["compiled"] = pywatt_fast
    for target in TARGETS:
        fresh: Subjects = {name: routed(core, 0.0, target) for name, core in variants.items()}
        report(
            f"decision for {target}",
            {**fresh, "naive": naively_routed(0.0, target)},
            {("compiled", "interpreted"): 8, ("compiled", "naive"): None, ("interpreted", "naive"): 1},
        )
        kept: Subjects = {name: routed(core, 60.0, target) for name, core in variants.items()}
        report(
            f"kept decision for {target}",
            {**kept, "naive": naively_routed(60.0, target), "dictionary": looked_up(target)},
            {("compiled", "dictionary"): 0.5, ("compiled", "naive"): None, ("interpreted", "naive"): 1},
        )
    outcomes: Subjects = {name: recorded(core) for name, core in variants.items()}
    report(
        "outcome",
        {**outcomes, "naive": naively_recorded()},
        {("compiled", "naive"): None, ("interpreted", "naive"): None},
    )


if __name__ == "__main__":
    main()
