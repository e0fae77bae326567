"""Freed buffers stay with the process that will need the next ones."""

import subprocess
import sys

import pytest

GROWTH = """
import ctypes, platform
from pywatt.orchestrator.memory import keep_freed_memory

heap_end = ctypes.CDLL(None).sbrk
heap_end.restype = ctypes.c_void_p
assert keep_freed_memory()
buffers = [bytes(512 * 1024) for _ in range(8)]
grown = heap_end(0)
del buffers
assert heap_end(0) == grown, "the heap was given back"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc where the heap ends")
def test_what_was_freed_is_kept_for_the_next_buffers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
