"""`python -m pywatt.benchmark.worker`: measures what its standard input asks for, and ends with it.

A request is a line `{"subject", "case", "seconds"}`, its reply a line `{"rate"}`. The first request names the
sockets and rivals: `{"folder", "rivals"}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import sys
import threading
from typing import Any

from pywatt.benchmark.measures import Measure
from pywatt.benchmark.subjects import SUBJECTS


def reply(message: dict[str, Any]) -> None:
    """Send a line to the process that started this one."""
    print(json.dumps(message), flush=True)


def end_with_input() -> queue.SimpleQueue[str]:
    """End the process as soon as its input does, whatever it does; until then, its lines."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


class _Cases:
    """Makes the cases of a subject when the first of them is asked for."""

    def __init__(self, folder: str, rivals: dict[str, str], runner: asyncio.Runner) -> None:
        self._folder = folder
        self._rivals = rivals
        self._runner = runner
        self._made: dict[str, dict[str, Measure]] = {}

    def find(self, name: str, case: str) -> Measure:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name][case]

    def _make(self, name: str) -> dict[str, Measure]:
        subject = SUBJECTS[name]
        if subject.family in ("echo", "stream"):
            from pywatt.benchmark.socket_cases import socket_cases

            return socket_cases(subject, self._folder, self._rivals, self._runner)
        from pywatt.benchmark.wire_cases import wire_cases

        return wire_cases(subject, list(self._rivals))


def main() -> None:
    """Measure until the input ends."""
    from pywatt.benchmark.floors import json_functions
    from pywatt.event_loop import loop_factory
    from pywatt_fast import COMPILED

    lines = end_with_input()
    settings = json.loads(lines.get())
    factory = loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        cases = _Cases(settings["folder"], settings["rivals"], runner)
        loop = "asyncio" if factory is None else "uvloop"
        reply({"compiled": COMPILED, "loop": loop, "json": json_functions()[0]})
        while True:
            request = json.loads(lines.get())
            reply({"rate": cases.find(request["subject"], request["case"])(request["seconds"])})


if __name__ == "__main__":
    main()
