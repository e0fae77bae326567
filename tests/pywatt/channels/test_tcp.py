"""TCP: names, addresses, options and refusals."""

import asyncio
import socket
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pywatt.channels.connection import Connection
from pywatt.channels.limits import MAX_TCP_FRAME
from pywatt.channels.tcp import listen_tcp, open_tcp
from pywatt.channels.tls import TlsConfig
from pywatt.errors import ConnectionFailed, ConnectionTimeout, InvalidConfig, MessageTooLarge
from pywatt.protocol.listen import TcpAddress
from pywatt_fast import CODE_JSON, encode_frame

CERTIFICATES = Path(__file__).parent / "certificates"


class Accepted(list[Connection]):
    """The connections a listener accepted."""

    def __call__(self, connection: Connection, sock: Any) -> None:
        self.append(connection)


@pytest.fixture
def accepted() -> Accepted:
    return Accepted()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
async def test_names_and_addresses_reach_the_listener(
    host: str, accepted: Accepted, soon: Any, until: Any
) -> None:
    try:
        listener = await listen_tcp(host, 0, accepted)
    except ConnectionFailed as error:
        pytest.skip(str(error))
    client = await open_tcp(host, listener.address.port)
    client.write(encode_frame(CODE_JSON, b"hello", 100))
    await until(lambda: len(accepted) == 1)

    assert await soon(accepted[0].receive()) == (CODE_JSON, b"hello")
    for connection in (client, accepted[0]):
        sock = connection.socket
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    await client.close()
    await soon(accepted[0].closed)
    await listener.close()


async def test_the_address_is_the_one_really_bound(accepted: Accepted) -> None:
    listener = await listen_tcp("127.0.0.1", 0, accepted)

    assert listener.address.host == "127.0.0.1"
    assert listener.address.port > 0
    assert isinstance(listener.address, TcpAddress)
    with pytest.raises(ConnectionFailed, match="in use"):
        await listen_tcp("127.0.0.1", listener.address.port, accepted)
    await listener.close()
    again = await listen_tcp("127.0.0.1", listener.address.port, accepted)
    await again.close()


async def test_a_port_nobody_listens_on_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionFailed, match=r"refused|Connect call failed"):
        await open_tcp("127.0.0.1", port)


async def test_an_address_that_answers_nothing_times_out() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        with pytest.raises(ConnectionTimeout, match=r"timed out after 0\.05 s"):
            await open_tcp("127.0.0.1", listener.getsockname()[1], timeout=0.05)
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("", 1),
        ("[", 1),
        ("a b", 1),
        ("a\0b", 1),
        ("http://x", 1),
        ("x" * 254, 1),
        ("a..b", 1),
        ("no-such-name.invalid", 1),
        ("127.0.0.1", -1),
        ("127.0.0.1", 65536),
        ("127.0.0.1", True),
    ],
)
async def test_what_cannot_be_an_address_is_a_matter_of_configuration(host: str, port: int) -> None:
    with pytest.raises(InvalidConfig):
        await open_tcp(host, port)


async def test_the_limit_of_tcp_is_64_mib(accepted: Accepted, soon: Any, until: Any) -> None:
    listener = await listen_tcp("127.0.0.1", 0, accepted)
    client = await open_tcp("127.0.0.1", listener.address.port)
    client.write((MAX_TCP_FRAME + 1).to_bytes(4) + b"\x01")
    await until(lambda: len(accepted) == 1)

    with pytest.raises(MessageTooLarge, match=r"67108865 bytes .* 67108864 bytes"):
        await soon(accepted[0].receive())
    await soon(client.closed)
    await listener.close()


class TestTls:
    """Against a server of the standard library."""

    @pytest.fixture
    async def server(self) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "localhost.pem", CERTIFICATES / "localhost.key")
        context.load_verify_locations(CERTIFICATES / "localhost.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        peers: list[Any] = []
        writers: list[asyncio.StreamWriter] = []

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            peers.append(writer.get_extra_info("peercert"))
            writer.write(await reader.readexactly(10))
            await writer.drain()
            await reader.read()
            writer.close()

        running = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
        yield SimpleNamespace(port=running.sockets[0].getsockname()[1], peers=peers)
        running.close()
        for writer in writers:
            writer.close()
        for writer in writers:
            try:
                await writer.wait_closed()
            except (ConnectionError, ssl.SSLError):
                continue

    async def exchange(self, server: Any, config: TlsConfig, soon: Any, host: str = "localhost") -> None:
        client = await open_tcp(host, server.port, tls_config=config)
        client.write(encode_frame(CODE_JSON, b"hello", 100))
        assert await soon(client.receive()) == (CODE_JSON, b"hello")
        await soon(client.close())

    async def test_a_given_authority_is_trusted(self, server: Any, soon: Any) -> None:
        await self.exchange(server, TlsConfig(ca_cert_path=str(CERTIFICATES / "localhost.pem")), soon)

    async def test_much_goes_through(self, server: Any, soon: Any) -> None:
        authority = TlsConfig(ca_cert_path=str(CERTIFICATES / "localhost.pem"))
        client = await open_tcp("localhost", server.port, tls_config=authority)
        client.write(encode_frame(CODE_JSON, b"hello", 100))
        client.write(encode_frame(CODE_JSON, b"m" * (8 << 20), 8 << 20))
        assert await soon(client.receive()) == (CODE_JSON, b"hello")
        await soon(client.flush())

        assert client.statistics().waiting_to_send == 0
        await soon(client.close())

    async def test_a_server_name_is_verified_in_the_place_of_the_host(self, server: Any, soon: Any) -> None:
        authority = str(CERTIFICATES / "localhost.pem")
        await self.exchange(
            server, TlsConfig(ca_cert_path=authority, server_name="localhost"), soon, host="127.0.0.1"
        )
        with pytest.raises(ConnectionFailed, match=r"(?i)certificate|hostname"):
            await self.exchange(server, TlsConfig(ca_cert_path=authority, server_name="elsewhere"), soon)

    async def test_an_unknown_authority_is_refused(self, server: Any, soon: Any) -> None:
        with pytest.raises(ConnectionFailed, match=r"(?i)certificate"):
            await self.exchange(server, TlsConfig(), soon)

    async def test_verification_can_be_switched_off_and_says_so(
        self, server: Any, soon: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await self.exchange(server, TlsConfig(verify_server=False), soon)

        assert "not verified" in caplog.text

    async def test_our_own_certificate_is_shown(self, server: Any, soon: Any) -> None:
        certificate, key = str(CERTIFICATES / "localhost.pem"), str(CERTIFICATES / "localhost.key")
        await self.exchange(server, TlsConfig(certificate, certificate, key), soon)

        assert server.peers[-1]["subject"]

    @pytest.mark.parametrize(
        "config",
        [
            TlsConfig(client_cert_path="only.pem"),
            TlsConfig(client_key_path="only.key"),
            TlsConfig(ca_cert_path="/nowhere.pem"),
            TlsConfig(client_cert_path="/nowhere.pem", client_key_path="/nowhere.key"),
        ],
    )
    async def test_files_that_cannot_be_used_are_a_matter_of_configuration(self, config: TlsConfig) -> None:
        with pytest.raises(InvalidConfig, match="TLS"):
            await open_tcp("127.0.0.1", 1, tls_config=config)
