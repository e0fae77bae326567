"""Interleaved rounds: whatever the machine does meanwhile happens to all cases alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import attrs

from pywatt.benchmark.processes import START_DEADLINE, Child, Children
from pywatt.benchmark.rivals import CODECS, TRANSPORTS
from pywatt.benchmark.subjects import OURS, Subject

ROUNDS: Final = 5
NOISY_SPREAD: Final = 0.3
"""How far a floor may waver, as a part of its median, before the machine is called noisy."""

_ANSWER_DEADLINE: Final = 30.0
_SHORTEST: Final = 0.001

Progress = Callable[[int, int, str], None]
"""Called with measures done, measures in all, and what comes next."""


@attrs.frozen
class Spread:
    """What several rounds gave.

    Args:
        median: of the rounds.
        low: the least.
        high: the most.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))

    @property
    def width(self) -> float:
        """From the least to the most, as a part of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


Rates = dict[tuple[str, str, str], list[float]]
"""For a subject, a variant and a case: the rate of every round."""


@attrs.frozen
class Result:
    """What a benchmark found.

    Args:
        facts: of each variant's process: `compiled`, `loop`, `json`.
        rates: of every case.
        subjects: what was measured, in order.
        rivals: what was measured beside it.
    """

    facts: dict[str, dict[str, Any]]
    rates: Rates
    subjects: list[Subject]
    rivals: list[str]

    @property
    def variants(self) -> list[str]:
        """`compiled` where the core is, and `pure`."""
        return list(self.facts)

    def rate(self, subject: str, variant: str, case: str) -> Spread | None:
        """Units a second; None for what was not measured."""
        values = self.rates.get((subject, variant, case))
        return Spread.of(values) if values else None

    def ratio(self, subject: str, variant: str, case: str, to: str) -> Spread | None:
        """One case as a multiple of another, round by round; None for what was not measured."""
        upper, lower = self.rates.get((subject, variant, case)), self.rates.get((subject, variant, to))
        if not upper or not lower:
            return None
        pairs = [(above, below) for above, below in zip(upper, lower, strict=True) if below > 0]
        return Spread.of([above / below for above, below in pairs]) if pairs else None

    def noise(self) -> float:
        """How far the floors wavered from round to round: the median of their widths."""
        widths = [
            Spread.of(self.rates[subject.name, variant, floor]).width
            for subject in self.subjects
            for variant in self.variants
            for floor in subject.floors
        ]
        return median(widths)


def measure(subjects: list[Subject], rivals: list[str], seconds: float, progress: Progress) -> Result:
    """Measure in child processes; none is left when this returns or raises.

    Args:
        subjects: what to measure.
        rivals: libraries to measure beside it, all installed.
        seconds: for all measures together.
        progress: told what goes on.

    Raises:
        BenchmarkError: a child failed.
    """
    with tempfile.TemporaryDirectory(prefix="pywatt-bench-") as name, Children(Path(name)) as children:
        progress(0, 0, "starting processes")
        workers = _start(children, Path(name), subjects, rivals)
        facts = {variant: facts for variant, (_, facts) in workers.items()}
        plan = _plan(subjects, rivals, list(workers))
        each = max(_SHORTEST, seconds / (len(plan) * ROUNDS))
        rates: Rates = {}
        done = 0
        for number in range(ROUNDS):
            # Every other round backwards, so that no case always follows the same one.
            for subject, variant, case in plan if number % 2 == 0 else reversed(plan):
                progress(done, len(plan) * ROUNDS, subject)
                request = {"subject": subject, "case": case, "seconds": each}
                answer = workers[variant][0].ask(request, each * 4 + _ANSWER_DEADLINE)
                rates.setdefault((subject, variant, case), []).append(answer["rate"])
                done += 1
        return Result(facts, rates, subjects, rivals)


def _start(
    children: Children, folder: Path, subjects: list[Subject], rivals: list[str]
) -> dict[str, tuple[Child, dict[str, Any]]]:
    """Start servers and workers, and return each variant's worker with the facts it told."""
    servers: list[Child] = []
    sockets = dict.fromkeys(rivals, "")
    if any(subject.family in ("echo", "stream") for subject in subjects):
        for variant in ("compiled", "pure"):
            (folder / variant).mkdir()
            place = str(folder / variant)
            servers.append(children.start(f"{variant} server", "server", place, pure=variant == "pure"))
    if any(subject.rivalry == "transport" for subject in subjects):
        for name in rivals:
            if name in TRANSPORTS:
                sockets[name] = str(folder / name)
                servers.append(children.start(f"server of {name}", "server", sockets[name], name))
    workers = {
        variant: children.start(f"{variant} worker", "worker", pure=variant == "pure")
        for variant in ("compiled", "pure")
    }
    for server in servers:
        server.receive(START_DEADLINE)
    ready = {
        variant: (
            worker,
            worker.ask({"folder": str(folder / variant), "rivals": sockets}, START_DEADLINE),
        )
        for variant, worker in workers.items()
    }
    if not ready["compiled"][1]["compiled"]:
        del ready["compiled"]
    return ready


def _plan(subjects: list[Subject], rivals: list[str], variants: list[str]) -> list[tuple[str, str, str]]:
    """Every case once: subject, variant, case."""
    plan = []
    for subject in subjects:
        able = {"codec": CODECS, "transport": TRANSPORTS}.get(subject.rivalry, {})
        for variant in variants:
            plan += [(subject.name, variant, case) for case in (OURS, *subject.floors)]
        # A rival knows no variants: it is measured beside the first.
        plan += [(subject.name, variants[0], rival) for rival in rivals if rival in able]
    return plan
