"""Starts what a bench measures, and waits until it answers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 20.0


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [bound.getsockname()[1] for bound in sockets]


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[None]:
    """Run a server in a folder; what it writes to standard error is shown."""
    search_path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": search_path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def orchestrator(configuration: Path, modules: str, *surroundings: str) -> Iterator[str]:
    """Run modules under `pywatt up`, and give the gateway's URL.

    Args:
        configuration: the file to write; its folder is where they run.
        modules: their tables, in TOML.
        surroundings: variables, as `NAME=value`.
    """
    (port,) = free_ports(1)
    text = f'[gateway]\nlisten = "127.0.0.1:{port}"\n\n{modules}'
    configuration.write_text(text, encoding="utf-8")
    command = ["env", *surroundings, sys.executable, "-m", "pywatt", "up", "-f", str(configuration)]
    with running(command, configuration.parent):
        yield f"http://127.0.0.1:{port}"


def answer_of(url: str) -> bytes:
    """Wait for a server and return the body that it answers with."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
