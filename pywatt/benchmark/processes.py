"""The child processes of a benchmark: none outlives it, and no wait for one is without a deadline."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

from pywatt.errors import PyWattSDKError

START_DEADLINE: Final = 20.0
"""Seconds for a child to be ready."""

STOP_DEADLINE: Final = 2.0
"""Seconds for a child to end by itself."""


class BenchmarkError(PyWattSDKError):
    """A child process of the benchmark failed or did not answer."""


class Child:
    """A Python process that answers lines with lines, and ends when its standard input does.

    Args:
        label: names the child in errors.
        module: what it runs.
        arguments: of the module.
        pure: whether the core is interpreted in it.
        log: the file that takes its standard error.
    """

    def __init__(self, label: str, module: str, arguments: list[str], *, pure: bool, log: Path) -> None:
        self._label = label
        self._log = log
        self._buffer = b""
        # The child is to find the pywatt that runs here, and nothing of the working directory.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        environment["PYWATT_PURE"] = "1" if pure else "0"
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                # Ctrl-C is for us alone; the child ends with its input, even when we are killed.
                start_new_session=True,
            )

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Send a request and wait for its reply.

        Args:
            request: what JSON can hold.
            deadline: seconds.

        Raises:
            BenchmarkError: the child failed or did not answer in time.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("ended") from None
        return self.receive(deadline)

    def receive(self, deadline: float) -> dict[str, Any]:
        """Wait for a line.

        Args:
            deadline: seconds.

        Raises:
            BenchmarkError: the child failed or did not answer in time.
        """
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        end = monotonic() + deadline
        while b"\n" not in self._buffer:
            poll = select.poll()
            poll.register(output, select.POLLIN)
            if not poll.poll(max(0.0, end - monotonic()) * 1000):
                raise self._failure(f"did not answer within {deadline:g} s")
            piece = os.read(output, 1 << 16)
            if not piece:
                raise self._failure("ended")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _failure(self, what: str) -> BenchmarkError:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return BenchmarkError(f"the {self._label} {what}" + (f": {lines[-1]}" if lines else ""))

    def close(self) -> None:
        """End the child's input; it has nothing to finish."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            return

    def wait(self) -> None:
        """Wait until the child is gone, and see to it."""
        assert self._process.stdout is not None
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            pass  # it is killed below
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait(STOP_DEADLINE)
            self._process.stdout.close()


class Children:
    """The children of one benchmark; leaving the context ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        """Nothing has been started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every child."""
        for child in self._children:
            child.close()
        for child in self._children:
            child.wait()

    def start(self, label: str, module: str, *arguments: str, pure: bool = False) -> Child:
        """Start one."""
        log = self._folder / f"{len(self._children)}.log"
        child = Child(label, f"pywatt.benchmark.{module}", list(arguments), pure=pure, log=log)
        self._children.append(child)
        return child
