"""The environment variables that a module process reads."""

from __future__ import annotations

import os
from typing import Final

IPC_ONLY: Final = "IPC_ONLY"
PYWATT_IPC_ONLY: Final = "PYWATT_IPC_ONLY"
MODULE_ID: Final = "PYWATT_MODULE_ID"
UNKNOWN_MODULE: Final = "unknown_module"
STDIO_GUARD: Final = "PYWATT_STDIO_GUARD"
DIAGNOSTICS: Final = "PYWATT_DIAGNOSTICS"


def is_true(text: str) -> bool:
    """Whether the text of a variable switches something on."""
    return text.strip().lower() in ("1", "true")


def is_ipc_only() -> bool:
    """Whether the orchestrator wants HTTP over the carriers only."""
    return is_true(os.environ.get(IPC_ONLY, ""))


def mark_ipc_only() -> None:
    """Say to the module's own code and to its children that HTTP comes over the carriers only."""
    for name in (IPC_ONLY, PYWATT_IPC_ONLY):
        os.environ.setdefault(name, "true")


def wants_stdio_guard() -> bool:
    """Whether standard input and output are moved to private descriptors: always, unless it is forbidden."""
    return os.environ.get(STDIO_GUARD, "").strip().lower() not in ("0", "false")


def take_diagnostics_file() -> str | None:
    """The file that `pywatt doctor` wants this process, but none of its children, to record in."""
    return os.environ.pop(DIAGNOSTICS, None) or None


def stdio_source() -> str:
    """Who an HTTP response on standard output says it is from, in the words of the reference."""
    return os.environ.get(MODULE_ID) or UNKNOWN_MODULE
