"""What a verb does that has the orchestrator do something."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from control_clients import DEADLINE, command

from pywatt.cli.progress import carry_out
from pywatt.orchestrator.control.commands import NAMES, SECONDS, SendItem
from pywatt.orchestrator.control.errors import ControlTimeout
from pywatt.orchestrator.control.server import ControlServer
from pywatt.orchestrator.processes.run_directory import RunDirectory


async def test_an_orchestrator_that_says_nothing_any_more_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYWATT_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setattr("pywatt.cli.progress.ANSWER_GRACE", 0.1)
    file = tmp_path / "pywatt.toml"

    async def hang(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    def ask() -> None:
        with pytest.raises(ControlTimeout, match="did not answer in time"):
            carry_out(str(file), "wait", "ready", as_json=False, names=[], timeout=0.1)

    with RunDirectory.open(file) as directory:
        commands = {"wait": command(hang, names=NAMES, timeout=SECONDS)}
        server = ControlServer(directory.control_socket_path, commands, {"pid": 1, "url": ""})
        await server.start()
        await asyncio.wait_for(asyncio.to_thread(ask), DEADLINE)
        await server.close()
