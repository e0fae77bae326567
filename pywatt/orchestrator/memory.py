"""How the C library's allocator treats memory that a process has freed."""

from __future__ import annotations

import sys
from typing import Final

# <malloc.h> of glibc.
_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_THRESHOLD: Final = -3

KEPT: Final = 16 * 1024 * 1024
"""How many freed bytes at the end of the heap are kept for the next buffers."""

_STEP: Final = 1024 * 1024
_LARGEST_KEPT: Final = 1024 * 1024


def keep_freed_memory() -> bool:
    """Keep freed buffers for the next ones instead of giving each back to the system; where glibc is.

    By default glibc returns the end of the heap from 128 KiB on. Bodies that pass through the gateway come in
    buffers of such a size: each was given back, asked for again and zeroed by the kernel, which took over
    a quarter of the gateway's time (answers of 64 KiB).

    Returns:
        Whether there was anything to set.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has no such thing
        return False
    set_option.argtypes = (ctypes.c_int, ctypes.c_int)
    options = ((_TRIM_THRESHOLD, KEPT), (_TOP_PAD, _STEP), (_MMAP_THRESHOLD, _LARGEST_KEPT))
    accepted = [set_option(option, value) == 1 for option, value in options]
    return all(accepted)
