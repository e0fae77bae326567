"""Runs the subjects on the core that its interpreter has installed.

`worker.py time` prints seconds per call as JSON. `worker.py count` runs each subject a fixed number of times
between two marks that callgrind sees, and prints the names in that order.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time

from subjects import Call, prepare

import pywatt_fast

BATCHES = 5
BATCH_SECONDS = 0.008
COUNTED_CALLS = 20


def seconds_per_call(call: Call) -> float:
    """The best of some batches, which is what other processes disturbed the least."""
    count = 1
    while (taken := batch(call, count)) < BATCH_SECONDS / 2:
        count *= 2
    count = max(1, round(count * BATCH_SECONDS / taken))
    return min(batch(call, count) for _ in range(BATCHES)) / count


def batch(call: Call, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def mark() -> None:
    """A C function that nothing else calls: callgrind writes its counters when it is entered."""
    os.getpriority(os.PRIO_PROCESS, 0)


def count(calls: dict[str, Call]) -> None:
    for call in calls.values():
        for _ in range(3):  # caches and free lists are filled
            call()
        mark()
        for _ in range(COUNTED_CALLS):
            call()
        mark()


def main() -> None:
    assert pywatt_fast.COMPILED, "the gate compares compiled cores"
    calls = prepare(pywatt_fast)
    gc.collect()
    gc.disable()
    if sys.argv[1] == "time":
        print(json.dumps({name: seconds_per_call(call) for name, call in calls.items()}))
    else:
        count(calls)
        print(json.dumps({"names": list(calls), "calls": COUNTED_CALLS}))


if __name__ == "__main__":
    main()
