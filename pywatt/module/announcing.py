"""The announcement of a module written by hand: one line on standard output."""

from __future__ import annotations

import logging
import os
import sys

from pywatt.errors import AnnouncementError, PyWattSDKError
from pywatt.protocol.codec import write_operation
from pywatt.protocol.operations import Announce

logger = logging.getLogger(__name__)


def send_announce(announcement: Announce) -> None:
    """Tell the orchestrator where this module serves, and what.

    For modules that speak the protocol themselves; a function with @pywatt_module is announced by pywatt. An
    orchestrator that has closed its end is logged, and no error.

    Args:
        announcement: the address and the endpoints.

    Raises:
        AnnouncementError: it could not be written.
    """
    try:
        line = write_operation(announcement) + b"\n"
    except PyWattSDKError as error:
        raise AnnouncementError(f"Error serializing announcement: {error}", error) from error
    try:
        sys.stdout.flush()
        while line:
            line = line[os.write(1, line) :]
    except BrokenPipeError:
        logger.warning("the orchestrator closed its end before the announcement")
    except OSError as error:
        raise AnnouncementError(f"Error writing to stdout: {error.strerror}", error) from error
