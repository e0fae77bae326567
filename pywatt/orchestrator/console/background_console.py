"""What is shown of an orchestrator in the background: its way up to whoever started it, then nothing."""

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import Final

from pywatt.orchestrator.console.console import Console, LogFormat
from pywatt.orchestrator.console.console_output import LineOutput

STARTED: Final = b"\0"
"""The last that is written to standard error: from here on there are commands to ask with."""


class BackgroundConsole(Console):
    """Shows what comes before the start on standard error, which is let go of then; log files hold the rest.

    Args:
        log_format: as for the console.
        modules: the modules' names.
    """

    def __init__(self, log_format: LogFormat = "auto", modules: Iterable[str] = ()) -> None:
        super().__init__(log_format, modules)
        self.shows_logs = False

    def started(self) -> None:
        """Write nothing any more, and hold on to nothing that belongs to whoever started this process."""
        self._logs.close()
        self._logs = LineOutput(None)
        self._announcements = LineOutput(None)
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
        with contextlib.suppress(OSError):  # whoever started this has gone: it runs all the same
            os.write(descriptor, STARTED)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
