"""What a module leaves running when its process ends."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from pywatt.observe.redaction import redact
from pywatt.process_group import living_members

MAX_COMMAND: Final = 200


class ChildrenLeft:
    """Sees, in the moment in which a module's process ends, what it leaves running in its session.

    Args:
        pid: the process.

    Attributes:
        commands: theirs; None where the system does not tell of the end of a process.
    """

    def __init__(self, pid: int) -> None:
        self.commands: tuple[str, ...] | None = None
        self._pid = pid
        self._loop = asyncio.get_running_loop()
        try:
            self._descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):  # not Linux, or before 5.3, or it has ended
            self._descriptor = -1
            return
        self._loop.add_reader(self._descriptor, self._ended)

    def close(self) -> None:
        """Watches no more."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _ended(self) -> None:
        found = [_command_of(pid) for pid in living_members(self._pid) if pid != self._pid]
        # The library's own helper leaves by itself a moment later.
        self.commands = tuple(command for command in found if "resource_tracker" not in command)
        self.close()


def _command_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"process {pid}"
    command = " ".join(word.decode(errors="replace") for word in words if word)
    return redact(command)[:MAX_COMMAND] or f"process {pid}"
