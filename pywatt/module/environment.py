"""The environment variables that a module process reads."""

from __future__ import annotations

import os
from typing import Final

IPC_ONLY: Final = "IPC_ONLY"


def is_true(text: str) -> bool:
    """Whether the text of a variable switches something on."""
    return text.strip().lower() in ("1", "true")


def is_ipc_only() -> bool:
    """Whether the orchestrator wants HTTP over the carriers only."""
    return is_true(os.environ.get(IPC_ONLY, ""))
