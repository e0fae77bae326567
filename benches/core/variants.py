"""The variants of the core that the suites measure, both in this process, and what they may lack."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from core.side_by_side import INTERPRETED, Missing, Subject
from interpreted_core import interpreted_core

import pywatt_fast

NOT_BUILT = Missing("the compiled core is not built here")


@cache
def variants() -> dict[str, ModuleType | Missing]:
    """The core by the ending that the names of its subjects take: compiled without, interpreted with one."""
    return {"": pywatt_fast if pywatt_fast.COMPILED else NOT_BUILT, INTERPRETED: interpreted_core()}


def subjects_of(name: str, make: Callable[[ModuleType], Subject]) -> dict[str, Subject | Missing]:
    """One subject per variant; one whose variant has not what it calls is missing.

    Args:
        name: of the compiled subject.
        make: builds the subject from the core's package.
    """
    return {name + ending: subject_or_missing(core, make) for ending, core in variants().items()}


def compiled_subject(name: str, make: Callable[[ModuleType], Subject]) -> dict[str, Subject | Missing]:
    """A subject of the compiled variant alone."""
    return {name: subject_or_missing(variants()[""], make)}


def subject_or_missing(
    core: ModuleType | Missing, make: Callable[[ModuleType], Subject]
) -> Subject | Missing:
    if isinstance(core, Missing):
        return core
    try:
        return make(core)
    except Absent as absent:
        return Missing(str(absent))


class Absent(Exception):
    """The core has no such part."""


def part(core: ModuleType, path: str) -> Any:
    """What stands in the core at a dotted path, such as `measurement.CountingSink`.

    Raises:
        Absent: nothing does.
    """
    found: Any = core
    name = core.__name__
    for step in path.split("."):
        name = f"{name}.{step}"
        if not hasattr(found, step) and isinstance(found, ModuleType) and is_module(name):
            importlib.import_module(name)
        if not hasattr(found, step):
            raise Absent(f"the core has no {path}")
        found = getattr(found, step)
    return found


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def rival(name: str) -> ModuleType | None:
    """A library to be measured with, or None where it is not installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None


def not_installed(name: str) -> Missing:
    return Missing(f"{name} is not installed")
