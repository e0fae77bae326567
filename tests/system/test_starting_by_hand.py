"""Modules under a foreign orchestrator, and in the hands of a person at a terminal."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
from fastapi import FastAPI
from pywatt import pywatt_module

@pywatt_module
async def main(state):
    app = FastAPI()

    @app.get("/hello")
    async def hello():
        return "hello"

    return app

if __name__ == "__main__":
    main.run()
"""
COMMANDS = {"python -m pywatt": ["-m", "pywatt", "web.py"], "main.run()": ["web.py"]}
BAD_FIRST_LINES = {
    "end of input": "",
    "text": "hello\n",
    "no fields": '{"op":"init"}\n',
    "above 1 MiB": "x" * 1_100_000 + "\n",
}
INIT = {
    "orchestrator_api": "http://127.0.0.1:9900",
    "module_id": "web",
    "env": {},
    "listen": "127.0.0.1:0",
    "security_level": "None",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web.py").write_text(MODULE)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_any_orchestrator_starts_a_module_over_stdio_alone(folder: Path, command: list[str]) -> None:
    request = {
        "op": "http_request",
        "request_id": "q",
        "method": "GET",
        "uri": "/hello",
        "headers": {},
        "body": None,
    }
    environment = {**os.environ, "IPC_ONLY": "true", "PYWATT_MODULE_ID": "web"}
    with subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None

        def say(document: object) -> None:
            process.stdin.write(json.dumps(document) + "\n")
            process.stdin.flush()

        say(INIT)
        lines = {}
        while "announce" not in lines:
            line = json.loads(process.stdout.readline())
            lines[line["op"]] = line
        assert lines["identify"] == {"op": "identify", "module_id": "web", "identify": "web"}
        assert {"path": "/hello", "methods": ["GET"]} in lines["announce"]["endpoints"]
        assert lines["announce"]["listen"] == ""
        say({"op": "heartbeat"})
        assert json.loads(process.stdout.readline()) == {"op": "heartbeat_ack"}
        say(request)
        answer = json.loads(process.stdout.readline())
        assert not {"op", "id"} & set(answer)
        assert answer["content"]["status_code"] == 200
        assert bytes(answer["content"]["body"]) == b'"hello"'
        assert answer["metadata"]["source"] == "web"
        assert answer["metadata"]["properties"] == {"correlation_id": "q"}
        say({"op": "shutdown"})
        assert process.wait(20) == 0


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_end_of_input_ends_a_module(folder: Path, command: list[str]) -> None:
    environment = {**os.environ, "IPC_ONLY": "true"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, text=True, timeout=30, check=False,
        input=json.dumps(INIT) + "\n", capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("line", BAD_FIRST_LINES.values(), ids=BAD_FIRST_LINES)
def test_a_bad_first_line_is_explained_in_one_line_of_the_log(
    folder: Path, command: list[str], line: str
) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        text=True,
        timeout=30,
        check=False,
        input=line,
        capture_output=True,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    logged = [json.loads(text) for text in done.stderr.splitlines()]
    errors = [entry for entry in logged if entry["level"] == "ERROR"]
    assert len(errors) == 1
    assert "handshake failed" in errors[0]["fields"]["message"]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_person_at_a_terminal_is_told_the_command(folder: Path, command: list[str]) -> None:
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, text=True, timeout=30, check=False,
            stdin=terminal, capture_output=True,
        )  # fmt: skip
    finally:
        os.close(controller)
        os.close(terminal)
    assert done.returncode == 2
    assert "pywatt run web.py" in done.stderr
