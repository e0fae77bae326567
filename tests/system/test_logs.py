"""Logs of real modules, from their first line to what `pywatt logs` shows after the end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from orchestrators import Start

HELLO = """
    import logging
    from pywatt import AppState, pywatt_module

    @pywatt_module(secrets=["API_KEY"])
    async def main(state: AppState) -> None:
        print("a plain line of", state.module_id, state.secrets["API_KEY"].expose_secret())
        logging.getLogger("shop").warning("little coffee", extra={"cups": 2})
        logging.getLogger("shop").error('{"key": "%s"}', state.secrets["API_KEY"].expose_secret())
"""
SECRET = 'a<secret>"&more'


async def shown(folder: Path, *arguments: str) -> list[str]:
    """What `pywatt logs` prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pywatt", "logs", *arguments),
        cwd=folder,
        env={**os.environ, "PYWATT_RUN_DIR": str(folder / "run"), "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return output.decode().splitlines()


async def test_the_story_of_a_module_is_there_after_the_end(start: Start, tmp_path: Path) -> None:
    orchestrator = await start(
        {"hello.py": HELLO}, '[modules.hello]\nrun = "hello.py"\n', environment={"API_KEY": SECRET}
    )
    assert await orchestrator.stop(signal.SIGTERM) == 0
    documents: list[dict[str, Any]] = [json.loads(line) for line in await shown(tmp_path, "hello", "--json")]
    said = [(document.get("source"), document["level"], document["message"]) for document in documents]
    assert (None, "INFO", "a plain line of hello [REDACTED]") in said
    assert (None, "WARN", "little coffee") in said
    assert ("orchestrator", "INFO", "ready") in said
    assert next(document for document in documents if document["level"] == "WARN")["fields"]["cups"] == 2
    assert all(document["module"] == "hello" for document in documents)
    for file in (tmp_path / "run").glob("*/logs/*"):
        assert "secret" not in file.read_text().replace("secrets", "")
    assert any("stopping 1 module" in line for line in await shown(tmp_path))


async def test_so_it_is_for_a_module_that_runs_alone(start: Start, tmp_path: Path) -> None:
    orchestrator = await start(
        {"hello.py": HELLO},
        command=["run", "hello.py", "--listen", "127.0.0.1:0"],  # the usual port may be another test's
        environment={"API_KEY": SECRET},
    )
    await orchestrator.stop()
    lines = await shown(tmp_path, "--file", "hello.py", "--level", "warn")
    assert [line.partition(" WARN  ")[2] for line in lines[:1]] == ["little coffee cups=2"]


async def test_why_a_module_did_not_start_is_there_too(start: Start, tmp_path: Path) -> None:
    orchestrator = await start(
        {"broken.py": "import nothing_of_that_name\n"},
        '[modules.broken]\nrun = "broken.py"\n[modules.broken.restart]\npolicy = "never"\n',
        ready=False,
    )
    await orchestrator.until_logged("exited with code 1")
    await orchestrator.stop()
    lines = await shown(tmp_path, "broken", "--grep", "nothing_of_that_name")
    assert any("No module named" in line for line in lines)
    assert any("broken: exited with code 1" in line for line in await shown(tmp_path, "broken"))
