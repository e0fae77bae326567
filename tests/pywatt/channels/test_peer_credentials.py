"""Who is at the other end, by the word of the kernel."""

import asyncio
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from pywatt.channels import peer_credentials
from pywatt.channels.connection import Connection
from pywatt.channels.tcp import listen_tcp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells")


def test_a_unix_socket_names_its_peer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_credentials.read(ours) == peer_credentials.PeerCredentials(
            os.getpid(), os.getuid(), os.getgid()
        )


def test_a_peer_that_has_hung_up_is_known_before_anything_is_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
        with ours:
            assert not peer_credentials.has_hung_up(ours)
            theirs.sendall(b"x")
            theirs.close()
            assert ours.recv(1, socket.MSG_PEEK) == b"x"
            assert peer_credentials.has_hung_up(ours)
            assert peer_credentials.unread_bytes(ours) == 1
            assert ours.recv(1) == b"x"
            assert peer_credentials.unread_bytes(ours) == 0


def test_sessions_are_compared_by_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        assert peer_credentials.same_session(child.pid, child.pid)
        assert not peer_credentials.same_session(os.getpid(), child.pid)
        assert peer_credentials.same_session(os.getpid(), os.getsid(0))
    finally:
        child.communicate(b"\n")
    assert not peer_credentials.same_session(child.pid, child.pid)


@pytest.mark.parametrize(
    ("listen", "connect"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")]
)
async def test_a_local_tcp_peer_is_found_in_its_session(
    listen: str, connect: str, until: Any, soon: Any
) -> None:
    accepted: list[Connection] = []
    try:
        listener = await listen_tcp(listen, 0, lambda connection, _sock: accepted.append(connection))
    except Exception as error:
        pytest.skip(f"no {listen} here: {error}")
    program = (
        "import socket, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])))\nsys.stdin.read()"
    )
    # The peer is a grandchild of who started the session: what `sh -c` makes of it.
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        'cat | "$0" "$@"',
        sys.executable,
        "-c",
        program,
        connect,
        str(listener.address.port),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    await until(lambda: len(accepted) == 1)
    pid = peer_credentials.tcp_peer_pid(accepted[0].socket, child.pid)

    assert pid is not None
    assert pid != child.pid
    assert peer_credentials.same_session(pid, child.pid)
    assert peer_credentials.tcp_peer_pid(accepted[0].socket) == pid
    assert peer_credentials.tcp_peer_pid(accepted[0].socket, os.getsid(0)) is None
    await soon(child.communicate(b""))
    await soon(accepted[0].closed)
    await listener.close()


async def test_a_peer_that_is_gone_is_nobody(until: Any) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.close()
    with server, listener:
        server.recv(1)
        assert peer_credentials.tcp_peer_pid(server) is None
