"""Binding: one address, one file, and nothing of anybody else's is removed for it."""

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from pywatt.channels.binding import bind_socket_file, bind_tcp, file_identity, remove_socket_file
from pywatt.channels.limits import MAX_SOCKET_PATH


def resolved(port: int) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]


def test_a_port_is_bound_and_a_taken_one_is_an_error() -> None:
    with bind_tcp(resolved(0)) as bound:
        bound.listen()
        assert not bound.getblocking()
        with pytest.raises(OSError, match="in use") as raised:
            bind_tcp(resolved(bound.getsockname()[1]))
    assert raised.value.errno == errno.EADDRINUSE


def test_a_socket_file_is_for_its_owner_alone_whatever_the_umask(directory: Path) -> None:
    path = str(directory / "socket")
    before = os.umask(0)
    try:
        with bind_socket_file(path) as bound:
            assert not bound.getblocking()
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_what_a_dead_process_left_is_replaced(directory: Path) -> None:
    path = str(directory / "socket")
    bind_socket_file(path).close()
    with bind_socket_file(path) as bound, socket.socket(socket.AF_UNIX) as client:
        bound.listen()
        client.connect(path)


def test_a_listener_keeps_its_file_even_with_a_full_backlog(directory: Path) -> None:
    path = str(directory / "socket")
    with bind_socket_file(path) as bound, socket.socket(socket.AF_UNIX) as first:
        bound.listen(0)
        first.connect(path)
        identity = file_identity(path)
        with pytest.raises(OSError, match="another process listens there") as raised:
            bind_socket_file(path)
        assert raised.value.errno == errno.EADDRINUSE
        assert file_identity(path) == identity


def test_what_is_not_a_socket_stays(directory: Path) -> None:
    path = directory / "socket"
    path.write_text("precious")
    with pytest.raises(OSError, match="not a socket") as raised:
        bind_socket_file(str(path))
    assert raised.value.errno == errno.EADDRINUSE
    assert path.read_text() == "precious"


def test_a_path_above_the_limit_is_refused_with_it(directory: Path) -> None:
    longest = str(directory) + "/"
    longest += "x" * (MAX_SOCKET_PATH - len(longest))
    bind_socket_file(longest).close()
    with pytest.raises(OSError, match="longer than 107 bytes"):
        bind_socket_file(longest + "x")


def test_only_the_file_that_was_made_is_removed(directory: Path) -> None:
    path = str(directory / "socket")
    bind_socket_file(path).close()
    identity = file_identity(path)
    Path(path).rename(directory / "moved")
    remove_socket_file(path, identity)
    Path(path).write_text("somebody else's")
    remove_socket_file(path, identity)
    assert Path(path).exists()
    remove_socket_file(str(directory / "moved"), identity)
    assert not (directory / "moved").exists()
