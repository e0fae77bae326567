"""A driver that plays the orchestrator for real module processes, written without pywatt's own codecs."""

from __future__ import annotations

import json
import os
import queue
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DEADLINE = 15.0
ROOT = Path(__file__).parents[3]


class FrameSocket:
    """The orchestrator's end of a channel."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(DEADLINE)

    def send(self, operation: dict[str, Any], code: int = 1) -> None:
        payload = json.dumps(operation).encode()
        self.sock.sendall(struct.pack(">IB", len(payload), code) + payload)

    def frame(self) -> dict[str, Any]:
        """The next message, whole."""
        length, code = struct.unpack(">IB", self._exactly(5))
        assert code == 1
        message: dict[str, Any] = json.loads(self._exactly(length))
        return message

    def operation(self, op: str) -> dict[str, Any]:
        """The content of the next message, which must be this operation."""
        content: dict[str, Any] = self.frame()["content"]
        assert content["op"] == op, content
        return content

    def is_closed_by_peer(self) -> bool:
        return self.sock.recv(1) == b""

    def close(self) -> None:
        self.sock.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                raise ConnectionError(f"the module closed the channel after {len(data)} of {count} bytes")
            data += chunk
        return data


class Listener:
    """A socket that the orchestrator offers as a channel."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(DEADLINE)
        self.sock.listen(8)
        self.accepted: list[FrameSocket] = []

    def accept(self) -> FrameSocket:
        connection, _ = self.sock.accept()
        self.accepted.append(FrameSocket(connection))
        return self.accepted[-1]

    def close(self) -> None:
        for connection in self.accepted:
            connection.close()
        self.sock.close()


class Module:
    """One module process and the pipes to it."""

    def __init__(self, command: list[str], environment: dict[str, str], directory: Path) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._log: list[bytes] = []
        self._log_grew = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read_stdout, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def send(self, operation: dict[str, Any]) -> None:
        self.send_raw(json.dumps(operation).encode() + b"\n")

    def send_raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def line(self, op: str | None = None) -> dict[str, Any]:
        """The next line on standard output, which must be this operation (None: the stdio response form)."""
        raw = self._lines.get(timeout=DEADLINE)
        assert raw is not None, f"the module closed its output; its log:\n{self.log_text()}"
        document: dict[str, Any] = json.loads(raw)
        assert document.get("op") == op, document
        return document

    def remaining_lines(self) -> list[dict[str, Any]]:
        """What is left on standard output; waits for its end."""
        lines = []
        while (raw := self._lines.get(timeout=DEADLINE)) is not None:
            lines.append(json.loads(raw))
        return lines

    def response(self) -> dict[str, Any]:
        """The next HTTP response in its stdio form."""
        content: dict[str, Any] = self.line(None)["content"]
        return content

    def exit_code(self) -> int:
        code = self.process.wait(timeout=DEADLINE)
        for reader in self._readers:
            reader.join(DEADLINE)
        return code

    def log_lines(self) -> list[dict[str, Any]]:
        """The log so far; every line must be JSON."""
        with self._log_grew:
            return [json.loads(line) for line in self._log]

    def log_text(self) -> str:
        with self._log_grew:
            return b"".join(self._log).decode()

    def wait_for_log(self, text: str) -> None:
        deadline = time.monotonic() + DEADLINE
        with self._log_grew:
            while not any(text.encode() in line for line in self._log):
                left = deadline - time.monotonic()
                assert left > 0, f"no log line with {text!r} in:\n{b''.join(self._log).decode()}"
                self._log_grew.wait(left)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(DEADLINE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                continue

    def _read_stdout(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._log_grew:
                self._log.append(line)
                self._log_grew.notify_all()


class Orchestrator:
    """Starts modules and offers them channels; ends all of it when the test is over."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._modules: list[Module] = []
        self._listeners: list[Listener] = []

    def offer_unix(self, name: str = "m.sock") -> tuple[Listener, dict[str, Any]]:
        path = self.directory / name
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
        os.chmod(path, 0o600)
        return self._listener(sock), {"ipc_channel": {"socket_path": str(path), "required": True}}

    def offer_tcp(self) -> tuple[Listener, dict[str, Any]]:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        return self._listener(sock), {
            "tcp_channel": {"address": address, "tls_enabled": False, "required": True}
        }

    def spawn(
        self, source: str, *, environment: dict[str, str] | None = None, arguments: list[str] | None = None
    ) -> Module:
        """Start a module from its source, without an init line."""
        self.write("probe.py", source)
        return self.start(arguments or ["-m", "pywatt", "probe.py"], environment)

    def start(self, arguments: list[str], environment: dict[str, str] | None = None) -> Module:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        variables = {**inherited, "PYTHONPATH": str(ROOT), "IPC_ONLY": "true", **(environment or {})}
        for name in ("PYWATT_PURE", "PYWATT_EVENT_LOOP"):
            if name in os.environ:
                variables.setdefault(name, os.environ[name])
        module = Module([sys.executable, *arguments], variables, self.directory)
        self._modules.append(module)
        return module

    def write(self, name: str, source: str) -> Path:
        path = self.directory / name
        path.write_text(textwrap.dedent(source))
        return path

    def run(
        self,
        source: str,
        *,
        init: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Module:
        """Start a module and send it its init line."""
        module = self.spawn(source, environment=environment)
        module.send(init_line(**(init or {})))
        return module

    def serve(self, source: str, **arguments: Any) -> Module:
        """Start a module without channels, and read all it says until it is served."""
        module = self.run(source, **arguments)
        module.line("identify")
        module.line("announce")
        return module

    def end(self) -> None:
        for module in self._modules:
            module.end()
        for listener in self._listeners:
            listener.close()

    def _listener(self, sock: socket.socket) -> Listener:
        self._listeners.append(Listener(sock))
        return self._listeners[-1]


def init_line(**changes: Any) -> dict[str, Any]:
    return {
        "op": "init",
        "orchestrator_api": "http://127.0.0.1:9900",
        "module_id": "probe",
        "env": {},
        "listen": "127.0.0.1:0",
        "security_level": "None",
        **changes,
    }


def http_request(request_id: str, uri: str = "/", method: str = "GET") -> dict[str, Any]:
    return {
        "op": "http_request",
        "request_id": request_id,
        "method": method,
        "uri": uri,
        "headers": {},
        "body": None,
    }


def routed_message(
    endpoint: str | None,
    content: Any,
    *,
    source: str = "caller",
    timeout: int | None = None,
    notify: bool = False,
) -> dict[str, Any]:
    """A call as the orchestrator delivers it."""
    properties: dict[str, Any] = {}
    if endpoint is not None:
        properties["endpoint"] = endpoint
    if timeout is not None:
        properties["timeout"] = timeout
    if notify:
        properties["notify"] = True
    inner = {"id": str(uuid.uuid4()), "content": content, "metadata": {"properties": properties}}
    return {
        "op": "routed_module_message",
        "source_module_id": source,
        "original_request_id": str(uuid.uuid4()),
        "payload": encoded(inner),
    }


def routed_response(request: dict[str, Any], result: Any) -> dict[str, Any]:
    """The answer to a route_to_module, as the orchestrator delivers it."""
    return {
        "op": "routed_module_response",
        "source_module_id": request["target_module_id"],
        "request_id": request["request_id"],
        "payload": encoded(result),
    }


def encoded(value: Any) -> dict[str, Any]:
    return {"data": list(json.dumps(value).encode()), "format": "Json"}


def decoded(payload: dict[str, Any]) -> Any:
    assert payload["format"] == "Json"
    return json.loads(bytes(payload["data"]))


def body_of(response: dict[str, Any]) -> Any:
    return json.loads(bytes(response["body"]))


class Wire:
    """The shapes of the wire, for tests to build and read."""

    init_line = staticmethod(init_line)
    http_request = staticmethod(http_request)
    routed_message = staticmethod(routed_message)
    routed_response = staticmethod(routed_response)
    encoded = staticmethod(encoded)
    decoded = staticmethod(decoded)
    body_of = staticmethod(body_of)


@pytest.fixture
def wire() -> type[Wire]:
    return Wire


@pytest.fixture
def orchestrator(tmp_path: Path) -> Iterator[Orchestrator]:
    playing = Orchestrator(tmp_path)
    yield playing
    playing.end()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Polls a condition that no event announces, with a deadline."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)

    return wait
