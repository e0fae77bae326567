"""Orchestrators as a user starts them: the installed command, a configuration file, real modules."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

START_DEADLINE = 40.0
STOP_DEADLINE = 30.0


class Orchestrator:
    """A `pywatt` process with its output collected, and a client for its gateway."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.output: list[str] = []
        self.log: list[str] = []
        self.url = ""
        self.changed = asyncio.Condition()
        self.client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), auto_decompress=False)
        self.readers = [
            asyncio.create_task(self.collect(process.stdout, self.output)),
            asyncio.create_task(self.collect(process.stderr, self.log)),
        ]

    async def collect(self, stream: asyncio.StreamReader | None, lines: list[str]) -> None:
        assert stream is not None
        while line := await stream.readline():
            lines.append(line.decode(errors="replace").rstrip("\n"))
            async with self.changed:
                self.changed.notify_all()
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool], deadline: float = START_DEADLINE) -> None:
        """Wait until the collected output meets a condition."""

        async def met() -> None:
            async with self.changed:
                await self.changed.wait_for(lambda: condition() or all(task.done() for task in self.readers))

        try:
            await asyncio.wait_for(met(), deadline)
        except TimeoutError:
            pytest.fail(f"not seen within {deadline} s:\n" + self.transcript())
        if not condition():
            pytest.fail("the orchestrator ended before that:\n" + self.transcript())

    async def until_logged(self, text: str, deadline: float = START_DEADLINE) -> str:
        """Wait for a line of the log that holds a text, and return it."""
        await self.until(lambda: any(text in line for line in self.log), deadline)
        return next(line for line in self.log if text in line)

    async def until_ready(self, deadline: float = START_DEADLINE) -> None:
        await self.until(lambda: any(line.startswith("Ready  all") for line in self.output), deadline)
        self.url = self.output[-1].split()[-1].rstrip("/")

    def transcript(self) -> str:
        return "\n".join(["stdout:", *self.output, "stderr:", *self.log])

    async def request(
        self, method: str, path: str, **options: Any
    ) -> tuple[int, Any, aiohttp.typedefs.CIMultiDictProxy[str]]:
        """One request: status, parsed JSON or text, headers."""
        async with self.client.request(method, self.url + path, **options) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, json.loads(text) if is_json and text else text, response.headers

    async def get(self, path: str, **options: Any) -> Any:
        """The parsed answer of a GET that has to succeed."""
        status, answer, _ = await self.request("GET", path, **options)
        assert status == 200, (status, answer, self.transcript())
        return answer

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.wait()

    async def wait(self, deadline: float = STOP_DEADLINE) -> int:
        try:
            return await asyncio.wait_for(self.process.wait(), deadline)
        except TimeoutError:
            self.process.kill()
            pytest.fail(f"still running after {deadline} s:\n" + self.transcript())

    async def close(self) -> None:
        await self.client.close()
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_DEADLINE)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        await asyncio.gather(*self.readers)


Start = Callable[..., Awaitable[Orchestrator]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start `pywatt up` on files written into a folder of its own (or any other verb and arguments).

    `start(files, configuration)` writes the files, adds a gateway on a free port, and waits until all is ready.
    """
    started: list[Orchestrator] = []

    async def start_orchestrator(
        files: dict[str, str],
        configuration: str | None = None,
        *,
        command: list[str] | None = None,
        environment: dict[str, str] | None = None,
        ready: bool = True,
    ) -> Orchestrator:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        if configuration is not None:
            gateway = '[gateway]\nlisten = "127.0.0.1:0"\n'
            (tmp_path / "pywatt.toml").write_text(gateway + textwrap.dedent(configuration))
        run_directory = tmp_path / "run"
        run_directory.mkdir(exist_ok=True, mode=0o700)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pywatt",
            *(command or ["up", "-f", "pywatt.toml"]),
            cwd=tmp_path,
            env={**os.environ, "PYWATT_RUN_DIR": str(run_directory), **(environment or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        orchestrator = Orchestrator(process, tmp_path)
        started.append(orchestrator)
        if ready:
            await orchestrator.until_ready()
        return orchestrator

    yield start_orchestrator
    for orchestrator in started:
        await orchestrator.close()
