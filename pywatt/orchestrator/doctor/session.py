"""An examination as one call: an event loop around it, signals, and the report at its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pywatt import event_loop
from pywatt.orchestrator.doctor.diagnosis import diagnose
from pywatt.orchestrator.doctor.examination import OBSERVED, examine

if TYPE_CHECKING:
    from pywatt.orchestrator.doctor.evidence import Evidence
    from pywatt.orchestrator.doctor.findings import Report
    from pywatt.orchestrator.doctor.subject import Subject

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KILLED_BY: Final = 128  # plus the number of the signal, as shells have it


def run_examination(
    subject: Subject,
    *,
    observe: float | None = None,
    requests: bool = True,
    progress: Callable[[str], None] = lambda doing: None,
) -> Report:
    """Examine a module. Call it in the main thread, with no event loop running.

    Args:
        subject: the module.
        observe: for how long it is watched once it is ready, in seconds; None: a moment.
        requests: whether its endpoints are asked.
        progress: is told what is being done.

    Raises:
        KeyboardInterrupt: Ctrl-C; the module has been ended.
        SystemExit: another signal that ends, with the code that shells give it; the module has been ended.
        ConfigurationError: a file of secrets cannot be used.
    """
    evidence = event_loop.run(_examine(subject, observe or OBSERVED, requests, progress))
    return diagnose(evidence)


async def _examine(
    subject: Subject, observe: float, requests: bool, progress: Callable[[str], None]
) -> Evidence:
    loop = asyncio.get_running_loop()
    work = loop.create_task(examine(subject, observe=observe, requests=requests, progress=progress))
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        work.cancel()

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await work
    except asyncio.CancelledError:
        if not received:
            raise
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)
    if received[0] is signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(KILLED_BY + received[0])
