"""Sockets that a service manager passes, taken by a process of its own: their numbers are fixed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from service_managers import launched

from pywatt.orchestrator.systemd.socket_activation import activated_socket

TAKE = """
import json, os
from pywatt.orchestrator.systemd.socket_activation import SocketActivationError, activated_socket
try:
    taken = activated_socket(os.environ)
except SocketActivationError as error:
    print(json.dumps({"error": error.message, "advice": error.advice}))
else:
    print(json.dumps({
        "name": taken.getsockname(),
        "descriptor": taken.fileno(),
        "inheritable": taken.get_inheritable(),
        "variables": [name for name in os.environ if name.startswith("LISTEN_")],
        "sockets": [number for number in (3, 4) if "socket:" in os.path.realpath(f"/proc/self/fd/{number}")],
    }))
"""


def take(*passed: int, names: str = "") -> dict[str, Any]:
    """What a process finds that is started with descriptors."""
    done = subprocess.run(
        launched([sys.executable, "-c", TAKE], passed, names),
        pass_fds=passed,
        check=True,
        timeout=30,
        capture_output=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def listening() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux")
class TestWhatIsPassed:
    def test_a_listening_socket_is_the_gateways(self, listening: socket.socket) -> None:
        found = take(listening.fileno())
        assert tuple(found["name"]) == listening.getsockname()

    def test_no_child_learns_of_it(self, listening: socket.socket) -> None:
        found = take(listening.fileno())
        assert (found["inheritable"], found["variables"]) == (False, [])

    def test_a_unix_socket_will_do(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "gateway"))
            server.listen()
            assert take(server.fileno())["name"] == str(tmp_path / "gateway")

    def test_among_several_the_name_decides(self, listening: socket.socket) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            found = take(other.fileno(), listening.fileno(), names="other:gateway")
        assert tuple(found["name"]) == listening.getsockname()
        # The other one would stay open for life, and its clients would wait in its backlog.
        assert found["sockets"] == [4]

    @pytest.mark.parametrize("names", ["", "one:two", "gateway:gateway"])
    def test_several_without_one_name_are_refused(self, listening: socket.socket, names: str) -> None:
        found = take(listening.fileno(), listening.fileno(), names=names)
        assert found["error"].startswith("2 sockets were passed: ")
        assert "FileDescriptorName=gateway" in found["advice"]

    def test_datagrams_are_refused(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            found = take(other.fileno())
        assert "AF_INET SOCK_DGRAM" in found["error"]
        assert "ListenStream=" in found["advice"]

    def test_a_connection_is_refused(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            found = take(ours.fileno())
        assert "does not listen" in found["error"]
        assert "Accept=no" in found["advice"]

    def test_a_file_is_refused(self, tmp_path: Path) -> None:
        with (tmp_path / "file").open("w") as file:
            found = take(file.fileno())
        assert "is no socket" in found["error"]

    def test_a_descriptor_that_is_not_there_is_named(self) -> None:
        shell = f'LISTEN_PID=$$ LISTEN_FDS=2 exec "{sys.executable}" -c "$0" 3</dev/null'
        done = subprocess.run(["sh", "-c", shell, TAKE], check=True, timeout=30, capture_output=True)
        assert "descriptor 4 is not there" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "many", "LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_PIDFDID": "7", "LISTEN_FDNAMES": "gateway"},
    ],
    ids=["nothing", "for another process", "for nobody", "none", "no number", "of systemd 258"],
)
def test_what_is_not_for_us_is_left_alone_and_forgotten(environment: dict[str, str]) -> None:
    assert activated_socket(environment) is None
    assert not environment
