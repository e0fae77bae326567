"""The event loop a process runs on: uvloop where it is installed, asyncio everywhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from pywatt.errors import ConfigError

Result = TypeVar("Result")

EVENT_LOOP_VARIABLE: Final = "PYWATT_EVENT_LOOP"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loop, None for asyncio's own.

    PYWATT_EVENT_LOOP may be `asyncio`, `uvloop` or `auto` (the default: uvloop where it is installed).

    Raises:
        ConfigError: it is something else, or uvloop is demanded and not installed.
    """
    wanted = os.environ.get(EVENT_LOOP_VARIABLE) or "auto"
    if wanted not in {"asyncio", "uvloop", "auto"}:
        raise ConfigError.invalid(f"{EVENT_LOOP_VARIABLE} must be asyncio, uvloop or auto, not {wanted!r}")
    if wanted == "asyncio":
        return None
    try:
        import uvloop
    except ImportError as error:
        if wanted == "uvloop":
            raise ConfigError.invalid(f"{EVENT_LOOP_VARIABLE} is uvloop, which is not installed") from error
        return None
    return uvloop.new_event_loop


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end on a new event loop, as `asyncio.run` does.

    Raises:
        ConfigError: PYWATT_EVENT_LOOP cannot be used.
    """
    try:
        factory = loop_factory()
    except ConfigError:
        main.close()
        raise
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
