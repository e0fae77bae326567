"""The public message channels: state, reconnecting, and what is sent twice."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from clocks import turns

from pywatt.channels.channel import TRANSITIONS, ChannelEvent, ConnectionState, MessageChannel
from pywatt.channels.connection import Connection
from pywatt.channels.preferences import ChannelCapabilities
from pywatt.channels.reconnect import ReconnectPolicy
from pywatt.channels.tcp import ConnectionConfig, TcpChannel, listen_tcp
from pywatt.channels.tls import TlsConfig
from pywatt.channels.unix import IpcChannel, IpcConnectionConfig, listen_unix
from pywatt.errors import (
    ConnectionClosed,
    ConnectionFailed,
    ConnectionTimeout,
    InvalidConfig,
    MessageTooLarge,
    ReconnectionFailed,
)
from pywatt_fast import ChannelType, EncodedMessage, EncodingFormat, UnsupportedFormat, encode_frame

FAST = ReconnectPolicy.fixed_interval(0.01, max_attempts=200)
ONCE = ReconnectPolicy.none()
FOR_EVER = ReconnectPolicy.fixed_interval(0.01)


class Peer:
    """The far end: accepts, and keeps what was accepted."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.kind = kind
        self.path = str(directory / "peer")
        self.accepted: list[Connection] = []
        self.listener: Any = None
        self.port = 0

    async def open(self) -> None:
        def accept(connection: Connection, _sock: Any) -> None:
            self.accepted.append(connection)

        if self.kind == "tcp":
            self.listener = await listen_tcp("127.0.0.1", self.port, accept)
            self.port = self.listener.address.port
        else:
            self.listener = await listen_unix(self.path, accept)

    async def close(self) -> None:
        if self.listener is not None:
            await self.listener.close()
            self.listener = None
        for connection in self.accepted:
            await connection.close()

    def channel(self, policy: ReconnectPolicy = FAST) -> MessageChannel:
        if self.kind == "tcp":
            return TcpChannel(ConnectionConfig("127.0.0.1", self.port, reconnect_policy=policy))
        return IpcChannel(IpcConnectionConfig(self.path, reconnect_policy=policy))


@pytest.fixture(params=["tcp", "ipc"])
async def peer(request: pytest.FixtureRequest, directory: Path) -> Any:
    peer = Peer(request.param, directory)
    await peer.open()
    yield peer
    await peer.close()


@pytest.fixture
async def tcp_peer(directory: Path) -> Any:
    peer = Peer("tcp", directory)
    await peer.open()
    yield peer
    await peer.close()


def message(text: str) -> EncodedMessage:
    return EncodedMessage(text.encode())


class TestExchange:
    async def test_messages_go_both_ways_in_every_format(self, peer: Peer, soon: Any, until: Any) -> None:
        channel = peer.channel()
        formats = [EncodingFormat.JSON, EncodingFormat.BINARY, EncodingFormat.BASE64]
        for encoding in formats:
            await soon(channel.send(EncodedMessage(b"out", encoding)))
        await until(lambda: bool(peer.accepted))
        codes = [await soon(peer.accepted[0].receive()) for _ in formats]
        assert codes == [(1, b"out"), (2, b"out"), (3, b"out")]
        for code in (1, 2, 3):
            peer.accepted[0].write(encode_frame(code, b"in", 100))
        got = [await soon(channel.receive()) for _ in formats]

        assert [(received.data, received.format) for received in got] == [(b"in", each) for each in formats]
        await channel.disconnect()

    async def test_a_waiting_receive_does_not_hold_up_sending_or_disconnecting(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        await soon(channel.connect())
        waiting = asyncio.create_task(channel.receive())
        await asyncio.sleep(0)
        await soon(channel.send(message("now")))
        await until(lambda: bool(peer.accepted))
        assert await soon(peer.accepted[0].receive()) == (1, b"now")
        await soon(channel.disconnect())

        with pytest.raises(ConnectionClosed):
            await soon(waiting)
        assert len(peer.accepted) == 1

    async def test_the_format_auto_never_leaves(self, peer: Peer) -> None:
        with pytest.raises(UnsupportedFormat, match="unsupported encoding format: auto"):
            await peer.channel().send(EncodedMessage(b"x", EncodingFormat.AUTO))

    async def test_what_is_above_the_limit_is_not_sent(self, peer: Peer) -> None:
        channel = peer.channel()
        channel.max_message_size = 3
        with pytest.raises(MessageTooLarge, match=r"4 bytes .* 3 bytes"):
            await channel.send(message("four"))

        assert await channel.state() is ConnectionState.DISCONNECTED

    async def test_what_is_above_the_limit_is_not_received(self, peer: Peer, soon: Any, until: Any) -> None:
        channel = peer.channel()
        channel.max_message_size = 3
        await soon(channel.connect())
        await until(lambda: len(peer.accepted) == 1)
        peer.accepted[0].write(encode_frame(1, b"four", 100))
        with pytest.raises(MessageTooLarge, match=r"4 bytes .* 3 bytes"):
            await soon(channel.receive())
        waiting = asyncio.create_task(channel.receive())
        await until(lambda: len(peer.accepted) == 2)
        peer.accepted[1].write(encode_frame(1, b"two", 100))

        assert (await soon(waiting)).data == b"two"
        await channel.disconnect()

    async def test_a_timed_out_receive_loses_nothing(self, peer: Peer, soon: Any, until: Any) -> None:
        channel = peer.channel()
        await soon(channel.connect())
        await until(lambda: bool(peer.accepted))
        frame = encode_frame(1, b"whole", 100)
        peer.accepted[0].write(frame[:7])
        with pytest.raises(ConnectionTimeout, match=r"receiving timed out after 0\.05 s"):
            await channel.receive_with_timeout(0.05)
        peer.accepted[0].write(frame[7:])

        assert (await soon(channel.receive_with_timeout(5.0))).data == b"whole"
        await channel.disconnect()

    async def test_a_channel_is_an_async_context(self, peer: Peer, soon: Any, until: Any) -> None:
        async with peer.channel() as channel:
            assert channel.is_connected
            assert await channel.state() is ConnectionState.CONNECTED

        assert await channel.state() is ConnectionState.DISCONNECTED
        await until(lambda: len(peer.accepted) == 1)
        await soon(peer.accepted[0].closed)


class TestReconnecting:
    async def test_a_lost_connection_is_made_again_for_the_next_message(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        await soon(channel.connect())
        await until(lambda: len(peer.accepted) == 1)
        await peer.accepted[0].close()
        await until(lambda: not channel.is_connected)
        assert await channel.state() is ConnectionState.DISCONNECTED
        await soon(channel.send(message("again")))
        await until(lambda: len(peer.accepted) == 2)

        assert await soon(peer.accepted[1].receive()) == (1, b"again")
        await channel.disconnect()

    async def test_a_waiting_receive_goes_on_over_the_new_connection(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        waiting = asyncio.create_task(channel.receive())
        await until(lambda: len(peer.accepted) == 1)
        await peer.accepted[0].close()
        await until(lambda: len(peer.accepted) == 2)
        peer.accepted[1].write(encode_frame(1, b"here", 100))

        assert (await soon(waiting)).data == b"here"
        await channel.disconnect()

    async def test_receiving_is_repeated_once(self, peer: Peer, soon: Any, until: Any) -> None:
        channel = peer.channel()
        waiting = asyncio.create_task(channel.receive())
        for count in (1, 2):
            await until(lambda expected=count: len(peer.accepted) == expected)
            await peer.accepted[-1].close()

        with pytest.raises(ConnectionClosed):
            await soon(waiting)
        assert len(peer.accepted) == 2

    async def test_a_message_that_did_not_leave_is_sent_again_once(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        await soon(channel.connect())
        await until(lambda: len(peer.accepted) == 1)
        large = message("L" * (16 << 20))
        peer.accepted[0].pause_reading()
        sending = asyncio.create_task(channel.send(large))
        await turns()
        assert not sending.done()
        peer.accepted[0].abort()
        await until(lambda: len(peer.accepted) == 2)

        assert (await soon(peer.accepted[1].receive()))[1] == large.data
        await soon(sending)
        await channel.disconnect()

    async def test_every_new_connection_is_told_before_anything_is_sent(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        channel.on_connected = lambda connection: connection.write(encode_frame(1, b"I am", 100))
        for count in (1, 2):
            await soon(channel.send(message("hello")))
            await until(lambda expected=count: len(peer.accepted) == expected)
            got = [(await soon(peer.accepted[-1].receive()))[1] for _ in range(2)]
            assert got == [b"I am", b"hello"]
            await peer.accepted[-1].close()
            await until(lambda: not channel.is_connected)

    async def test_many_who_need_a_connection_share_one_attempt(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        await soon(asyncio.gather(*(channel.send(message(str(number))) for number in range(50))))
        await until(lambda: bool(peer.accepted))
        got = [(await soon(peer.accepted[0].receive()))[1] for _ in range(50)]

        assert got == [b"%d" % number for number in range(50)]
        assert len(peer.accepted) == 1
        await channel.disconnect()

    async def test_an_explicit_connect_replaces_the_connection(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        channel = peer.channel()
        await soon(channel.connect())
        await soon(channel.connect())
        await until(lambda: len(peer.accepted) == 2)
        await soon(peer.accepted[0].closed)
        await soon(channel.send(message("second")))

        assert await soon(peer.accepted[1].receive()) == (1, b"second")
        await channel.disconnect()

    async def test_a_peer_that_comes_later_is_found(
        self, peer: Peer, soon: Any, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await peer.close()
        channel = peer.channel()
        sending = asyncio.create_task(channel.send(message("patience")))
        await until(lambda: "attempt 1 failed" in caplog.text)
        await peer.open()
        await soon(sending)
        await until(lambda: bool(peer.accepted))

        assert await soon(peer.accepted[0].receive()) == (1, b"patience")
        await channel.disconnect()


class TestFailing:
    async def test_the_only_attempt_of_no_policy(self, peer: Peer, soon: Any) -> None:
        await peer.close()
        channel = peer.channel(ONCE)
        with pytest.raises(ConnectionFailed):
            await soon(channel.connect())

        assert await channel.state() is ConnectionState.FAILED

    async def test_used_up_attempts(self, peer: Peer, soon: Any) -> None:
        await peer.close()
        channel = peer.channel(ReconnectPolicy.fixed_interval(0.001, 3))
        with pytest.raises(ReconnectionFailed, match="3 attempts"):
            await soon(channel.send(message("x")))

        assert await channel.state() is ConnectionState.FAILED

    async def test_only_connect_leaves_failed_on_tcp_anything_does_on_ipc(
        self, peer: Peer, soon: Any, until: Any
    ) -> None:
        await peer.close()
        channel = peer.channel(ONCE)
        with pytest.raises(ConnectionFailed):
            await soon(channel.connect())
        await peer.open()
        if peer.kind == "tcp":
            with pytest.raises(ConnectionFailed, match="previously failed and cannot be recovered"):
                await soon(channel.send(message("x")))
            await soon(channel.connect())
        await soon(channel.send(message("recovered")))
        await until(lambda: bool(peer.accepted))

        assert await soon(peer.accepted[0].receive()) == (1, b"recovered")
        await channel.disconnect()

    async def test_a_cancelled_wait_ends_the_attempts_nobody_else_waits_for(
        self, peer: Peer, soon: Any
    ) -> None:
        await peer.close()
        channel = peer.channel(FOR_EVER)
        with pytest.raises(ConnectionTimeout):
            await channel.receive_with_timeout(0.05)
        await asyncio.sleep(0)

        assert await channel.state() is ConnectionState.DISCONNECTED
        assert [task for task in asyncio.all_tasks() if "connect" in task.get_name()] == []

    async def test_a_cancelled_wait_leaves_the_others_theirs(self, peer: Peer, soon: Any, until: Any) -> None:
        await peer.close()
        channel = peer.channel(FOR_EVER)
        sending = asyncio.create_task(channel.send(message("mine")))
        with pytest.raises(ConnectionTimeout):
            await channel.receive_with_timeout(0.05)
        await peer.open()
        await soon(sending)
        await until(lambda: bool(peer.accepted))

        assert await soon(peer.accepted[0].receive()) == (1, b"mine")
        await channel.disconnect()

    async def test_disconnect_ends_the_attempts_and_tells_who_waits(
        self, peer: Peer, soon: Any, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await peer.close()
        channel = peer.channel(FOR_EVER)
        waiting = [
            asyncio.create_task(channel.send(message("x"))),
            asyncio.create_task(channel.receive()),
        ]
        await until(lambda: "attempt 1 failed" in caplog.text)
        await soon(channel.disconnect())
        results = await soon(asyncio.gather(*waiting, return_exceptions=True))

        assert [type(result) for result in results] == [ConnectionClosed] * 2
        assert await channel.state() is ConnectionState.DISCONNECTED

    async def test_who_waits_can_still_be_cancelled(
        self, peer: Peer, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await peer.close()
        waiting = asyncio.create_task(peer.channel(FOR_EVER).receive())
        await until(lambda: "attempt 1 failed" in caplog.text)
        waiting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def test_a_hook_that_fails_does_not_stop_the_channel(
        self, peer: Peer, soon: Any, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_connection: Connection) -> None:
            raise RuntimeError("hook")

        channel = peer.channel()
        channel.on_connected = fail
        await soon(channel.send(message("through")))
        await until(lambda: bool(peer.accepted))

        assert await soon(peer.accepted[0].receive()) == (1, b"through")
        assert "on_connected failed" in caplog.text
        await channel.disconnect()


class TestTcp:
    @pytest.mark.parametrize("host", ["", "a b", "no-such-name.invalid"])
    async def test_a_bad_address_fails_at_once_whatever_the_policy(self, host: str, soon: Any) -> None:
        channel = TcpChannel(ConnectionConfig(host))
        with pytest.raises(InvalidConfig):
            await soon(channel.send(message("x")))

        assert await channel.state() is ConnectionState.FAILED

    async def test_a_name_is_resolved(self, tcp_peer: Peer, soon: Any, until: Any) -> None:
        channel = await soon(TcpChannel.open(ConnectionConfig("localhost", tcp_peer.port)))
        await soon(channel.send(message("found")))
        await until(lambda: bool(tcp_peer.accepted))

        assert await soon(tcp_peer.accepted[0].receive()) == (1, b"found")
        await channel.disconnect()

    async def test_an_accepted_stream_never_connects(self, soon: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname())
            accepted, peer_address = server.accept()
        channel = await TcpChannel.from_accepted_stream(accepted, peer_address)
        assert await channel.state() is ConnectionState.CONNECTED
        client.sendall(encode_frame(1, b"hi", 10))
        assert (await soon(channel.receive())).data == b"hi"
        client.close()

        for action in (channel.receive, lambda: channel.send(message("x"))):
            with pytest.raises(ConnectionClosed):
                await soon(action())
        with pytest.raises(InvalidConfig, match="only its peer can"):
            await channel.connect()
        await channel.disconnect()

    async def test_a_connected_stream_is_made_again_like_any(
        self, tcp_peer: Peer, soon: Any, until: Any
    ) -> None:
        stream = socket.create_connection(("127.0.0.1", tcp_peer.port))
        channel = await TcpChannel.from_connected_stream(
            stream, ConnectionConfig("127.0.0.1", tcp_peer.port, reconnect_policy=FAST)
        )
        await until(lambda: len(tcp_peer.accepted) == 1)
        await tcp_peer.accepted[0].close()
        await until(lambda: not channel.is_connected)
        await soon(channel.send(message("again")))
        await until(lambda: len(tcp_peer.accepted) == 2)

        assert await soon(tcp_peer.accepted[1].receive()) == (1, b"again")
        await channel.disconnect()


class TestConfiguration:
    def test_defaults_are_those_of_the_reference(self) -> None:
        tcp, ipc = ConnectionConfig(), IpcConnectionConfig()

        assert (tcp.host, tcp.port, tcp.timeout, tcp.tls_config) == ("localhost", 9000, 30.0, None)
        assert tcp.reconnect_policy == ReconnectPolicy.exponential_backoff()
        assert (ipc.socket_path, ipc.timeout) == ("/tmp/pywatt.sock", 30.0)

    def test_builders_make_changed_copies(self) -> None:
        config = ConnectionConfig("h", 1)
        tls = TlsConfig(server_name="s")
        changed = config.with_timeout(2.0).with_tls_config(tls).with_reconnect_policy(ONCE)

        assert changed == ConnectionConfig("h", 1, 2.0, tls, ONCE)
        assert config == ConnectionConfig("h", 1)
        assert IpcConnectionConfig("/x").with_timeout(3.0).with_reconnect_policy(ONCE) == IpcConnectionConfig(
            "/x", 3.0, ONCE
        )

    def test_types_states_and_capabilities(self) -> None:
        assert [each.value for each in ChannelType] == ["Tcp", "Ipc"]
        assert {each.value for each in ConnectionState} == {
            "Connected", "Disconnected", "Connecting", "Failed",
        }  # fmt: skip
        assert TcpChannel().capabilities == ChannelCapabilities.tcp_standard()
        assert IpcChannel().capabilities == ChannelCapabilities.ipc_standard()
        assert TcpChannel().max_message_size == 64 << 20
        assert IpcChannel().max_message_size == 128 << 20

    def test_every_state_can_be_left_for_connecting_and_for_disconnected(self) -> None:
        for state in ConnectionState:
            assert TRANSITIONS[state, ChannelEvent.BEGIN] is ConnectionState.CONNECTING
            assert TRANSITIONS[state, ChannelEvent.DISCONNECT] is ConnectionState.DISCONNECTED
