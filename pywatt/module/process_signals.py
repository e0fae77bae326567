"""What the operating system tells a module: signals, and the death of its parent."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from types import FrameType
from typing import Final

from pywatt.module.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG: Final = 1


def catch_stop_signals(lifecycle: Lifecycle) -> None:
    """Let SIGTERM and SIGINT stop the module; a second one leaves at once.

    Plain handlers, not the loop's own: they also run while the application's code keeps the loop busy.
    """
    owner = os.getpid()
    seen: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:
            # A child that the application forked: the signal is its own, and the loop is not.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        seen.append(number)
        if len(seen) > 1:
            os._exit(128 + number)
        lifecycle.request_stop(signal.Signals(number).name)
        if not lifecycle.is_attached:
            raise SystemExit(0)

    for number in STOP_SIGNALS:
        signal.signal(number, on_signal)


def wake_loop_on_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Let a signal end the loop's wait, whichever thread the kernel hands it to."""
    for number in STOP_SIGNALS:
        handler = signal.getsignal(number)
        # The loop sets its wake-up descriptor only for handlers of its own.
        loop.add_signal_handler(number, lambda: None)
        signal.signal(number, handler)


def end_with_parent(parent: int) -> bool:
    """Be told by SIGTERM when the parent dies.

    Args:
        parent: the process id of the parent when this process began.

    Returns:
        Whether the parent is still there.
    """
    if sys.platform == "linux":
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        if library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) != 0:
            logger.warning(
                "the death of the parent will not be signalled: %s", os.strerror(ctypes.get_errno())
            )
    # It may have died before it was watched.
    return os.getppid() == parent
