"""Unix sockets: who may listen, who may connect, and what lies in the file system."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pywatt.channels.connection import Connection
from pywatt.channels.limits import MAX_SOCKET_PATH
from pywatt.channels.peer_credentials import ALLOWED_UIDS_VARIABLE
from pywatt.channels.unix import listen_unix, open_unix
from pywatt.errors import (
    ConnectionClosed,
    ConnectionFailed,
    ConnectionTimeout,
    InvalidConfig,
    MessageTooLarge,
)
from pywatt_fast import CODE_JSON, encode_frame


class Accepted(list[Connection]):
    """The connections a listener accepted."""

    def __call__(self, connection: Connection, sock: Any) -> None:
        self.append(connection)


@pytest.fixture
def accepted() -> Accepted:
    return Accepted()


def stale_socket(path: Path) -> None:
    """What a process leaves that was killed while it listened."""
    program = "import os, socket, sys; s = socket.socket(1); s.bind(sys.argv[1]); s.listen(); os._exit(0)"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)


class TestExchange:
    async def test_both_sides_speak_frames(
        self, directory: Path, accepted: Accepted, soon: Any, until: Any
    ) -> None:
        listener = await listen_unix(str(directory / "s"), accepted)
        client = await open_unix(str(directory / "s"))
        client.write(encode_frame(CODE_JSON, b"question", 100))
        await until(lambda: len(accepted) == 1)

        assert await soon(accepted[0].receive()) == (CODE_JSON, b"question")
        accepted[0].write(encode_frame(CODE_JSON, b"answer", 100))
        assert await soon(client.receive()) == (CODE_JSON, b"answer")
        await client.close()
        await soon(accepted[0].closed)
        await listener.close()

    async def test_the_receiver_set_while_accepting_gets_the_first_byte(
        self, directory: Path, soon: Any, until: Any
    ) -> None:
        got: list[bytes] = []
        connections: list[Connection] = []

        def accept(connection: Connection, sock: Any) -> None:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
            connections.append(connection)
            connection.receiver = lambda _code, payload: got.append(payload)

        listener = await listen_unix(str(directory / "s"), accept)
        client = await open_unix(str(directory / "s"))
        client.write(encode_frame(CODE_JSON, b"at once", 100))
        await until(lambda: bool(got))
        await client.close()
        await soon(connections[0].closed)
        await listener.close()

        assert got == [b"at once"]

    async def test_a_frame_above_the_limit_is_refused_by_the_reader(
        self, directory: Path, accepted: Accepted, soon: Any, until: Any
    ) -> None:
        listener = await listen_unix(str(directory / "s"), accepted, max_frame=10)
        client = await open_unix(str(directory / "s"))
        client.write(encode_frame(CODE_JSON, b"eleven byte", 100))
        await until(lambda: len(accepted) == 1)

        with pytest.raises(MessageTooLarge, match=r"11 bytes .* 10 bytes"):
            await soon(accepted[0].receive())
        await soon(client.closed)
        await listener.close()

    async def test_a_connection_may_be_refused_while_accepting(self, directory: Path, soon: Any) -> None:
        listener = await listen_unix(str(directory / "s"), lambda connection, _sock: connection.abort())
        client = await open_unix(str(directory / "s"))

        with pytest.raises(ConnectionClosed):
            await soon(client.receive())
        await soon(client.closed)
        await listener.close()

    async def test_where_the_peer_is_not_told_it_is_refused_by_those_who_must_know(
        self, directory: Path, accepted: Accepted, monkeypatch: pytest.MonkeyPatch, soon: Any
    ) -> None:
        monkeypatch.setattr("pywatt.channels.peer_credentials.read", lambda sock: None)
        listener = await listen_unix(str(directory / "s"), accepted)
        client = await open_unix(str(directory / "s"))
        with pytest.raises(ConnectionFailed, match="does not tell who is at the other end"):
            await open_unix(str(directory / "s"), known_peer=True)
        await client.close()
        await listener.close()
        for connection in accepted:
            await soon(connection.closed)

    async def test_a_failure_while_accepting_closes_that_connection_only(
        self, directory: Path, soon: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls: list[Connection] = []

        def accept(connection: Connection, _sock: Any) -> None:
            calls.append(connection)
            raise RuntimeError("no")

        listener = await listen_unix(str(directory / "s"), accept)
        for _ in range(2):
            client = await open_unix(str(directory / "s"))
            with pytest.raises(ConnectionClosed):
                await soon(client.receive())
            await soon(client.closed)
        await listener.close()

        assert len(calls) == 2
        assert "accepting a connection failed" in caplog.text


class TestListening:
    async def test_the_socket_is_ours_alone_whatever_the_umask(
        self, directory: Path, accepted: Accepted
    ) -> None:
        previous = os.umask(0)
        try:
            listener = await listen_unix(str(directory / "s"), accepted)
            assert os.umask(0) == 0
        finally:
            os.umask(previous)

        assert stat.S_IMODE(os.lstat(directory / "s").st_mode) == 0o600
        await listener.close()

    async def test_closing_removes_the_file_and_leaves_what_was_accepted(
        self, directory: Path, accepted: Accepted, soon: Any, until: Any
    ) -> None:
        listener = await listen_unix(str(directory / "s"), accepted)
        client = await open_unix(str(directory / "s"))
        await until(lambda: len(accepted) == 1)
        await listener.close()

        assert not listener.is_open
        assert not (directory / "s").exists()
        client.write(encode_frame(CODE_JSON, b"still here", 100))
        assert await soon(accepted[0].receive()) == (CODE_JSON, b"still here")
        await client.close()
        await soon(accepted[0].closed)

    async def test_closing_leaves_the_socket_of_another(self, directory: Path, accepted: Accepted) -> None:
        first = await listen_unix(str(directory / "s"), accepted)
        os.rename(directory / "s", directory / "moved")
        second = await listen_unix(str(directory / "s"), accepted)
        await first.close()

        assert (directory / "s").exists()
        await second.close()
        assert not (directory / "s").exists()

    async def test_what_a_dead_process_left_is_removed(
        self, directory: Path, accepted: Accepted, until: Any, soon: Any
    ) -> None:
        stale_socket(directory / "s")
        listener = await listen_unix(str(directory / "s"), accepted)
        client = await open_unix(str(directory / "s"))
        await until(lambda: len(accepted) == 1)
        await client.close()
        await soon(accepted[0].closed)
        await listener.close()

    async def test_a_living_listener_is_not_replaced(
        self, directory: Path, accepted: Accepted, until: Any
    ) -> None:
        listener = await listen_unix(str(directory / "s"), accepted)
        with pytest.raises(ConnectionFailed, match="another process listens there"):
            await listen_unix(str(directory / "s"), accepted)

        assert (directory / "s").exists()
        await listener.close()
        for connection in accepted:
            await until(connection.closed.done)

    @pytest.mark.parametrize("kind", ["file", "directory", "link"])
    async def test_something_else_at_the_path_is_not_touched(
        self, directory: Path, accepted: Accepted, kind: str
    ) -> None:
        path = directory / "s"
        if kind == "file":
            path.write_text("precious")
        elif kind == "directory":
            path.mkdir()
        else:
            path.symlink_to(directory / "nowhere")
        with pytest.raises(ConnectionFailed, match="not a socket"):
            await listen_unix(str(path), accepted)

        assert os.path.lexists(path)

    async def test_a_directory_that_others_may_write_to_is_refused(
        self, directory: Path, accepted: Accepted
    ) -> None:
        open_to_all = directory / "open"
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
        with pytest.raises(ConnectionFailed, match="others may write to the directory"):
            await listen_unix(str(open_to_all / "s"), accepted)
        open_to_all.chmod(0o1777)
        listener = await listen_unix(str(open_to_all / "s"), accepted)
        await listener.close()

    async def test_a_missing_directory_is_told(self, directory: Path, accepted: Accepted) -> None:
        with pytest.raises(ConnectionFailed, match="No such file or directory"):
            await listen_unix(str(directory / "missing" / "s"), accepted)


class TestPaths:
    @pytest.mark.parametrize("action", ["listen", "open"])
    async def test_the_longest_path_is_107_bytes(
        self, directory: Path, accepted: Accepted, action: str
    ) -> None:
        room = MAX_SOCKET_PATH - len(os.fsencode(directory)) - 1
        listener = await listen_unix(str(directory / ("s" * room)), accepted)
        await listener.close()
        too_long = str(directory / ("s" * (room + 1)))

        with pytest.raises(InvalidConfig, match=r"108 bytes.*limit of 107"):
            await (listen_unix(too_long, accepted) if action == "listen" else open_unix(too_long))

    async def test_the_limit_counts_bytes_not_characters(self, directory: Path) -> None:
        with pytest.raises(InvalidConfig, match="limit of 107"):
            await open_unix(str(directory / ("\u00e9" * 60)))

    @pytest.mark.parametrize("path", ["", "a\0b"])
    async def test_what_cannot_be_a_path_is_refused(self, path: str) -> None:
        with pytest.raises(InvalidConfig, match="not a path"):
            await open_unix(path)


class TestConnecting:
    async def test_nothing_there(self, directory: Path) -> None:
        with pytest.raises(ConnectionFailed, match="No such file or directory"):
            await open_unix(str(directory / "s"))

    async def test_nobody_listens(self, directory: Path) -> None:
        stale_socket(directory / "s")
        with pytest.raises(ConnectionFailed, match="Connection refused"):
            await open_unix(str(directory / "s"))

    async def test_a_link_to_a_socket_is_not_a_socket(self, directory: Path, accepted: Accepted) -> None:
        listener = await listen_unix(str(directory / "s"), accepted)
        (directory / "link").symlink_to(directory / "s")
        with pytest.raises(ConnectionFailed, match="not a socket"):
            await open_unix(str(directory / "link"))
        await listener.close()

    async def test_a_socket_open_to_others_needs_a_directory_that_is_not(
        self, directory: Path, accepted: Accepted, soon: Any, until: Any
    ) -> None:
        place = directory / "place"
        place.mkdir(mode=0o755)
        listener = await listen_unix(str(place / "s"), accepted)
        (place / "s").chmod(0o666)
        with pytest.raises(ConnectionFailed, match="others may write to it"):
            await open_unix(str(place / "s"))
        place.chmod(0o700)
        client = await open_unix(str(place / "s"))
        await client.close()
        await until(lambda: len(accepted) == 1)
        await soon(accepted[0].closed)
        await listener.close()

    async def test_a_full_backlog_is_waited_for_until_the_timeout(self, directory: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(directory / "s"))
            os.chmod(directory / "s", 0o600)
            listener.listen(0)
            with socket.socket(socket.AF_UNIX) as first:
                first.connect(str(directory / "s"))
                with pytest.raises(ConnectionTimeout):
                    await open_unix(str(directory / "s"), timeout=0.05)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
    async def test_another_user_at_the_other_end_is_refused_on_both_sides(
        self, directory: Path, accepted: Accepted, monkeypatch: pytest.MonkeyPatch, soon: Any, until: Any
    ) -> None:
        directory.chmod(0o755)
        listener = await listen_unix(str(directory / "s"), accepted)
        (directory / "s").chmod(0o666)
        program = (
            "import os, socket, sys; os.setuid(12345); s = socket.socket(socket.AF_UNIX);"
            "s.connect(sys.argv[1]); sys.stdout.write(repr(s.recv(1)))"
        )

        async def stranger() -> bytes:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, str(directory / "s"), stdout=asyncio.subprocess.PIPE
            )
            output, _ = await soon(process.communicate())
            return bytes(output)

        assert await stranger() == b"b''"
        assert accepted == []
        monkeypatch.setenv(ALLOWED_UIDS_VARIABLE, "7, 12345")
        second = asyncio.create_task(stranger())
        await until(lambda: len(accepted) == 1)
        await accepted[0].close()
        await soon(second)
        await listener.close()

    async def test_a_variable_that_lists_no_users_is_an_error(
        self, directory: Path, accepted: Accepted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener = await listen_unix(str(directory / "s"), accepted)
        monkeypatch.setenv(ALLOWED_UIDS_VARIABLE, "root")
        with pytest.raises(InvalidConfig, match=ALLOWED_UIDS_VARIABLE):
            await open_unix(str(directory / "s"))
        await listener.close()
