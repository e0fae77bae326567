"""Whether every variant of the core ends alike on an input, in a way that the core allows."""

from __future__ import annotations

import enum
import marshal
import re
import time
import tracemalloc
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from fuzz_target import Target
from interpreted_core import interpreted_core, interpreted_core_without

# No refusal may repeat what was received: the generator puts this word into inputs, and no text may hold it.
CANARY = "Qz7canary"
SECONDS = 1.0
SECONDS_PER_BYTE = 20e-6

COMPILED = "compiled"
INTERPRETED = "interpreted"
WITHOUT_ORJSON = "interpreted without orjson"
_PLACES = re.compile(r"[0-9]+")


class CoreNotCompiled(Exception):
    """There is only one variant here, so nothing to compare it with."""


def load_cores() -> dict[str, ModuleType]:
    """Every way in which the core can run here.

    Raises:
        CoreNotCompiled: the compiled core is not built.
    """
    import pywatt_fast

    if not pywatt_fast.COMPILED:
        raise CoreNotCompiled
    return {
        COMPILED: pywatt_fast,
        INTERPRETED: interpreted_core(),
        WITHOUT_ORJSON: interpreted_core_without("orjson"),
    }


@dataclass(frozen=True)
class Difference:
    """Something that must not be: what kind, in words, and the outcomes by variant."""

    kind: str
    detail: str


_attributes: dict[type, list[str]] = {}


def _attributes_of(value: object) -> list[str]:
    kind = type(value)
    names = _attributes.get(kind)
    if names is None:
        names = [name for name in dir(value) if not name.startswith("_") and name != "args"]
        names = _attributes[kind] = [name for name in names if not callable(getattr(value, name))]
    return names


# What errors of the core say beside their text. Compiled ones do not list attributes from Python 3.12 on.
_ERROR_ATTRIBUTES = (
    "code", "event", "field", "frames", "limit", "name", "offset", "sequence", "size", "state", "stream_id",
)  # fmt: skip
_ABSENT = "absent"


def comparable(value: Any) -> Any:
    """A result, of whatever variant, as something that equals only what is the same to the last type."""
    kind = type(value)
    if kind is tuple:
        return tuple([comparable(item) for item in value])
    if isinstance(value, BaseException):
        return (
            kind.__name__,
            str(value),
            *[comparable(getattr(value, name, _ABSENT)) for name in _ERROR_ATTRIBUTES],
        )
    if kind.__module__.startswith("pywatt_fast"):
        if isinstance(value, enum.Enum):
            return value.value
        return kind.__name__, *[comparable(getattr(value, name)) for name in _attributes_of(value)]
    if kind is list and value and type(value[0]).__module__.startswith("pywatt_fast"):
        return [comparable(item) for item in value]
    try:
        return repr(value)
    except RecursionError:
        return marshal.dumps(value, 0)


def errors_in(value: Any) -> list[BaseException]:
    if isinstance(value, BaseException):
        return [value]
    if type(value) is tuple:
        return [error for item in value for error in errors_in(item)]
    return []


class Oracle:
    """Runs inputs of one target through every variant.

    Args:
        target: what to run.
        cores: by name, as `load_cores` gives them.
    """

    def __init__(self, target: Target, cores: dict[str, ModuleType]) -> None:
        self.target = target
        self.cores = cores
        self.refused = False
        self.slowest = 0.0
        self._signatures: dict[Any, str] = {}

    def judge(
        self, data: bytes, memory: bool = False, without_orjson: bool = False
    ) -> tuple[str, Difference | None]:
        """Run one input.

        Args:
            data: the input.
            memory: measure the memory that it takes.
            without_orjson: run it without orjson too.

        Returns:
            The signature of the outcome, equal for inputs that end alike but for numbers, and what was wrong.
        """
        began = time.perf_counter()
        compiled = self._run(COMPILED, data)
        between = time.perf_counter()
        interpreted = self._run(INTERPRETED, data)
        seconds = max(between - began, time.perf_counter() - between)
        self.slowest = max(self.slowest, seconds)
        outcome = comparable(compiled)
        errors = errors_in(compiled)
        self.refused = bool(errors)
        found = None
        if outcome != (other := comparable(interpreted)):
            found = Difference("variants differ", f"compiled {shown(outcome)}\ninterpreted {shown(other)}")
        found = found or self._complain(COMPILED, errors, data)
        found = found or self._complain(INTERPRETED, errors_in(interpreted), data)
        if found is None and self.target.check is not None:
            complaint = self.target.check(data, compiled)
            found = None if complaint is None else Difference("wrong result", complaint)
        if found is None and seconds > SECONDS + SECONDS_PER_BYTE * len(data):
            found = self._time(data)
        if found is None and (without_orjson or memory):
            found = self._without_orjson(data, compiled, outcome)
        if found is None and memory:
            found = self._memory(data)
        return self._signature(compiled), found

    def _run(self, variant: str, data: bytes) -> Any:
        try:
            return self.target.run(self.cores[variant], data)
        except Exception as error:
            return error

    def _complain(self, variant: str, errors: list[BaseException], data: bytes) -> Difference | None:
        for error in errors:
            if not isinstance(error, self.cores[variant].CoreError):
                return Difference("not a typed refusal", f"{variant}: {type(error).__name__}: {shown(error)}")
            if CANARY in str(error):
                return Difference("repeats what was received", f"{variant}: {shown(error)}")
            offset = error.offset  # type: ignore[attr-defined]
            if offset is not None and not 0 <= offset <= len(data):
                return Difference("offset outside of the input", f"{variant}: {offset} of {len(data)}")
        return None

    def _without_orjson(self, data: bytes, compiled: Any, outcome: Any) -> Difference | None:
        """The texts of refusals are another decoder's; what is refused, and with what class, is the same."""
        result = self._run(WITHOUT_ORJSON, data)
        errors = errors_in(result)
        if _worded_freely(result) != _worded_freely(compiled):
            detail = f"with {shown(outcome)}\nwithout {shown(comparable(result))}"
            return Difference("orjson makes a difference", detail)
        return self._complain(WITHOUT_ORJSON, errors, data)

    def _time(self, data: bytes) -> Difference | None:
        """Once more, in processor time: a stall of the machine does not count."""
        for variant in (COMPILED, INTERPRETED):
            began = time.process_time()
            self._run(variant, data)
            seconds = time.process_time() - began
            if seconds > SECONDS + SECONDS_PER_BYTE * len(data):
                return Difference("too slow", f"{variant}: {seconds:.2f} s for {len(data)} bytes")
        return None

    def _memory(self, data: bytes) -> Difference | None:
        for variant in (COMPILED, INTERPRETED):
            tracemalloc.start()
            try:
                self._run(variant, data)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            allowed = self.target.bytes_per_byte * len(data) * self.target.passes
            if peak > allowed + self.target.bytes_beside:
                return Difference("memory", f"{variant}: {peak} bytes for {len(data)} bytes")
        return None

    def _signature(self, result: Any) -> str:
        """How an input ended, without places and numbers; a value counts by its type alone."""
        if isinstance(result, BaseException):
            text = f"{type(result).__name__}: {result}"
            found = self._signatures.get(text)
            if found is None:
                if len(self._signatures) > 10_000:
                    self._signatures.clear()
                found = self._signatures[text] = _PLACES.sub("#", text)
            return found
        if type(result) is tuple:
            return "(" + ", ".join([self._signature(item) for item in result]) + ")"
        if type(result) is list:
            return f"list of {min(len(result), 4)}"
        return type(result).__name__


def _worded_freely(value: Any) -> Any:
    if isinstance(value, BaseException):
        return type(value).__name__
    if type(value) is tuple:
        return tuple([_worded_freely(item) for item in value])
    return comparable(value)


def shown(value: Any) -> str:
    """A value, short enough to be read."""
    try:
        text = str(value)
    except RecursionError:
        text = "(a deeply nested value)"
    return text if len(text) < 600 else text[:600] + "..."
