"""Where a module listens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.errors import ProtocolError
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress, is_ip_literal, parse_listen

HIGHEST_PORT = 65535


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:4102", TcpAddress("127.0.0.1", 4102)),
        ("0.0.0.0:0", TcpAddress("0.0.0.0", 0)),
        ("127.0.0.1:00080", TcpAddress("127.0.0.1", 80)),
        ("[::1]:80", TcpAddress("::1", 80)),
        ("[0:0:0:0:0:0:0:1]:80", TcpAddress("::1", 80)),
        ("[::ffff:1.2.3.4]:80", TcpAddress("::ffff:1.2.3.4", 80)),
        ("[fe80::1%2]:80", TcpAddress("fe80::1%2", 80)),
        ("[fe80::1%0]:80", TcpAddress("fe80::1", 80)),
        ("localhost:80", TcpAddress("localhost", 80)),
        ("catalog-1.internal:65535", TcpAddress("catalog-1.internal", 65535)),
        ("/tmp/m.sock", UnixAddress("/tmp/m.sock")),
        ("/tmp/name:80", UnixAddress("/tmp/name:80")),
        ("", UnixAddress("")),
        ("127.0.0.1", UnixAddress("127.0.0.1")),
        ("127.0.0.1:", UnixAddress("127.0.0.1:")),
        ("127.0.0.1:65536", UnixAddress("127.0.0.1:65536")),
        ("127.0.0.1:-1", UnixAddress("127.0.0.1:-1")),
        ("127.0.0.1:٨٠", UnixAddress("127.0.0.1:٨٠")),
        ("256.0.0.1:80", UnixAddress("256.0.0.1:80")),
        ("01.2.3.4:80", UnixAddress("01.2.3.4:80")),
        ("1.2.3:80", UnixAddress("1.2.3:80")),
        ("localhost:65536", UnixAddress("localhost:65536")),
        ("tcp://1.2.3.4:5", UnixAddress("tcp://1.2.3.4:5")),
        ("::1:80", UnixAddress("::1:80")),
        ("[::1:80", UnixAddress("[::1:80")),
        ("[fe80::1%eth0]:80", UnixAddress("[fe80::1%eth0]:80")),
        (":80", UnixAddress(":80")),
    ],
)
def test_what_a_text_means(text: str, address: ListenAddress) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ({"Unix": "/p"}, UnixAddress("/p")),
        ({"Unix": "127.0.0.1:1"}, UnixAddress("127.0.0.1:1")),
        ({"Tcp": "127.0.0.1:1"}, TcpAddress("127.0.0.1", 1)),
        ({"Tcp": "localhost:1"}, TcpAddress("localhost", 1)),
    ],
)
def test_the_older_forms_are_read(value: object, address: ListenAddress) -> None:
    assert parse_listen(value) == address


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        True,
        [],
        {},
        {"Tcp": "/p"},
        {"Tcp": 1},
        {"Unix": None},
        {"Unix": "/p", "Tcp": "a:1"},
        {"unix": "/p"},
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ProtocolError):
        parse_listen(value)


@given(st.ip_addresses(), st.integers(0, HIGHEST_PORT))
def test_every_ip_address_and_port_is_tcp_and_prints_so_that_it_reads_back(host: object, port: int) -> None:
    text = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    address = parse_listen(text)
    assert isinstance(address, TcpAddress)
    assert address.port == port
    assert parse_listen(str(address)) == address
    assert is_ip_literal(address.host)


@given(st.text(max_size=60))
def test_any_text_is_an_address_and_prints_so_that_it_reads_back(text: str) -> None:
    address = parse_listen(text)
    assert parse_listen(str(address)) == address


def test_a_name_is_no_ip_literal() -> None:
    assert not is_ip_literal("localhost")
    assert not is_ip_literal("::1:zz")
