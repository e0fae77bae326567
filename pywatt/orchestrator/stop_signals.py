"""The signals that end an orchestrator: the first in peace, the second at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Takes the signals of the process while it is open.

    Args:
        on_first: called with the first one.
        on_second: called with the second one; those after it change nothing.

    Attributes:
        first: the first one that came.
        second: the second one.
    """

    def __init__(
        self, on_first: Callable[[signal.Signals], None], on_second: Callable[[signal.Signals], None]
    ) -> None:
        self.first: signal.Signals | None = None
        self.second: signal.Signals | None = None
        self._on_first = on_first
        self._on_second = on_second
        self._loop = asyncio.get_running_loop()
        self._taken: list[signal.Signals] = []

    def open(self) -> None:
        """Take them over; call it in the main thread."""
        # Whoever started us so that a hang-up is ignored (nohup) wants us to outlive the terminal.
        hang_up_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._taken = [one for one in STOP_SIGNALS if one is not signal.SIGHUP or not hang_up_ignored]
        for number in self._taken:
            self._loop.add_signal_handler(number, self._came, number)

    def close(self) -> None:
        """Give them back."""
        for number in self._taken:
            self._loop.remove_signal_handler(number)

    def _came(self, number: signal.Signals) -> None:
        if self.first is None:
            self.first = number
            self._on_first(number)
        elif self.second is None:
            self.second = number
            self._on_second(number)
