"""A thread that notices when the event loop does not turn, and where a start stands that takes long."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pywatt.module.diagnostics.record_file import RecordFile
from pywatt.module.diagnostics.stacks import await_chain, called_by_loop, has_foreign_code, stack_of
from pywatt.observe.diagnostic_records import SHORTEST_BLOCK, RecordKind
from pywatt.observe.starvation import processor_time, starved_seconds

PAUSE: Final = 0.02
SAMPLE_PAUSE: Final = 0.02
WAITING_INTERVAL: Final = 0.5
MAX_BLOCKS: Final = 50
MAX_WAITS: Final = 60


class LoopWatch:
    """Watches the thread that made it: first while it imports, then its event loop.

    Args:
        records: where it is told.
        phase: the last point that the start has come to.
    """

    def __init__(self, records: RecordFile, phase: Callable[[], str]) -> None:
        self._records = records
        self._phase = phase
        self._watched = threading.get_ident()
        self._watched_native = threading.get_native_id()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start_file = ""
        self._starting = True
        self._ended = threading.Event()
        self._blocks = 0
        self._waits = 0
        self._next_wait = time.monotonic() + WAITING_INTERVAL
        threading.Thread(target=self._watch, name="pywatt-diagnostics", daemon=True).start()

    def attach(self, loop: asyncio.AbstractEventLoop, start_file: str) -> None:
        """From now on this loop has to turn.

        Args:
            loop: runs in the watched thread.
            start_file: the file of the coroutine that starts the module.
        """
        self._start_file = start_file
        self._loop = loop

    def started(self) -> None:
        """The start is over: nothing is waited for any more."""
        self._starting = False

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.is_set():
            began, ran = time.monotonic(), self._ran()
            self._ended.wait(PAUSE)
            late = time.monotonic() - began - PAUSE
            locked = min(late, self._ran() - ran)
            loop = self._loop
            try:
                if loop is not None and not loop.is_closed():
                    self._see_lock(locked)
                    self._see_turn(loop)
            except RuntimeError:  # it was closed in between
                continue
            if self._starting and time.monotonic() >= self._next_wait:
                self._note_wait(loop)

    def _see_lock(self, seconds: float) -> None:
        """A call that does not give the interpreter's lock away also stops this thread until it is over."""
        number = self._tell_block(time.monotonic() - seconds) if seconds >= SHORTEST_BLOCK else 0
        if number:
            self._records.write(RecordKind.UNBLOCKED, number=number, seconds=seconds)

    def _see_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        turned = threading.Event()
        asked, starved = time.monotonic(), starved_seconds(self._watched_native)
        lasted: float | None = None

        def stood() -> float:
            return time.monotonic() - asked - (starved_seconds(self._watched_native) - starved)

        def turn() -> None:
            # Measured here, by the loop's own thread: the one that waits may see it late.
            nonlocal lasted
            lasted = stood()
            turned.set()

        loop.call_soon_threadsafe(turn)
        turned.wait(SHORTEST_BLOCK)
        number = 0
        while not turned.is_set() and not self._ended.is_set():
            if not number and stood() >= SHORTEST_BLOCK:
                number = self._tell_block(asked)
            turned.wait(SAMPLE_PAUSE)
        if number:
            seconds = stood() if lasted is None else lasted
            self._records.write(RecordKind.UNBLOCKED, number=number, seconds=seconds)

    def _ran(self) -> float:
        """For how long the watched thread has run; where the system does not tell, all of the process."""
        told = processor_time(self._watched_native)
        return time.process_time() if told is None else told.ran

    def _tell_block(self, began: float) -> int:
        """Record what runs now; the number of the record, 0 for nobody's code or beyond the bound."""
        stack = called_by_loop(stack_of(sys._current_frames().get(self._watched)))
        if self._blocks >= MAX_BLOCKS or not has_foreign_code(stack):
            return 0
        self._blocks += 1
        self._records.write(
            RecordKind.BLOCKED, number=self._blocks, began=began, stack=stack, phase=self._phase()
        )
        return self._blocks

    def _note_wait(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._next_wait = time.monotonic() + WAITING_INTERVAL
        if self._waits >= MAX_WAITS:
            return
        self._waits += 1
        if loop is None:
            self._tell_wait(stack_of(sys._current_frames().get(self._watched)))
        else:
            loop.call_soon_threadsafe(self._note_tasks, loop)

    def _note_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        chains = [await_chain(task.get_coro()) for task in asyncio.all_tasks(loop)]
        # The task of the start: it leads to the author's function and what that waits for.
        start = [chain for chain in chains if chain and chain[0]["file"] == self._start_file]
        self._tell_wait(max(start, key=len, default=[]))

    def _tell_wait(self, stack: list[dict[str, Any]]) -> None:
        self._records.write(RecordKind.WAITING, stack=stack, phase=self._phase())
