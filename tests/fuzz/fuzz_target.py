"""What a target is, and what the targets share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_PLACES = re.compile(r"[0-9]+")
LIMITS = (0, 1, 5, 16, 64, 300, 4096, 70_000, 2**24, 2**31, 2**32 - 1, 2**40)
# Numbers at the edges of what a field may hold, for recipes.
EDGES = (
    1023, 1024, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**62, 2**62 + 1,
    2**63 - 1, 2**63, 2**64 - 1, 2**64,
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One decoder.

    Args:
        name: also that of its folder in corpus/.
        run: the decoder on an input, with a given core; it returns a value, an exception or a tuple of both.
        seeds: valid inputs, from which others are made.
        tokens: what is spliced into inputs, beside the tokens of every target.
        json: whether inputs are JSON text, to be changed by its structure too.
        passes: how often `run` decodes its input, which multiplies the memory it may take.
        check: what is wrong with the result for an input, where more can be told than equality.
        bombs: inputs too large to be stored, made when needed.
        bytes_per_byte: memory that a decoded value may take per byte present; above 64 only with the reason.
        bytes_beside: memory that it may take whatever it is given: the decoder's own objects, a first regular
            expression, an exception.
    """

    name: str
    run: Callable[[ModuleType, bytes], Any]
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()
    json: bool = False
    passes: int = 1
    check: Callable[[bytes, Any], str | None] | None = None
    bombs: Callable[[], list[bytes]] = list
    bytes_per_byte: int = 64
    bytes_beside: int = 64 * 1024


def attempt(action: Callable[..., Any], *arguments: Any) -> Any:
    """What an action gives, or the exception that it raises."""
    try:
        return action(*arguments)
    except Exception as error:
        return error


def chunks(cuts: bytes, stream: bytes) -> list[bytes]:
    """The stream in chunks whose lengths the cuts give, over and over; 0 stands for all that is left."""
    found = []
    at = step = 0
    while at < len(stream):
        size = cuts[step % len(cuts)] if step < 64 else 0
        step += 1
        end = at + size if size else len(stream)
        found.append(stream[at:end])
        at = end
    return found


def behind(first: bytes, seeds: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Every seed behind every byte that chooses a way to read it."""
    return tuple(bytes([byte]) + seed for byte in first for seed in seeds)


class Recipe:
    """Reads an input as instructions; where it ends, zeros follow."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> bool:
        return self.at < len(self.data)

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def number(self) -> int:
        """Mostly a small one, now and then one at an edge."""
        value = self.byte()
        return value if value < 256 - len(EDGES) else EDGES[value - 256 + len(EDGES)]

    def part(self) -> bytes:
        """As many of the next bytes as a byte says."""
        size = self.byte()
        self.at += size
        return self.data[self.at - size : self.at]

    def rest(self) -> bytes:
        return self.data[self.at :]


class Story:
    """What happened in a sequence of calls: every step in words, and each kind of refusal once."""

    def __init__(self) -> None:
        self.steps: list[object] = []
        self.refusals: dict[str, Exception] = {}

    def tell(self, outcome: object) -> None:
        """One step: plain values, or an exception."""
        if isinstance(outcome, Exception):
            self.refusals.setdefault(_PLACES.sub("#", f"{type(outcome).__name__}: {outcome}"), outcome)
            outcome = (type(outcome).__name__, str(outcome), repr(getattr(outcome, "offset", None)))
        self.steps.append(outcome)

    def result(self, *ending: object) -> Any:
        """The whole, for comparison: in what order the refusals came does not make it another outcome."""
        return self.steps, repr(ending), *(error for _, error in sorted(self.refusals.items()))
