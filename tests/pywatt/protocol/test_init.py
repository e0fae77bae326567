"""The init blob: how it prints, what it says about its channels, what it hides."""

import pytest

from pywatt.protocol.handshake import parse_init
from pywatt.protocol.init import InitBlob, IpcChannelConfig, SecurityLevel, TcpChannelConfig
from pywatt.protocol.listen import TcpAddress, UnixAddress

PLAIN = InitBlob("http://o:9900", "m", {}, UnixAddress(""))
TCP = TcpChannelConfig(TcpAddress("1.2.3.4", 5), tls_enabled=True)
IPC = IpcChannelConfig("/p", required=True)


def test_only_what_is_set_is_printed() -> None:
    assert PLAIN.to_json() == (
        b'{"orchestrator_api":"http://o:9900","module_id":"m","env":{},"listen":"","security_level":"None"}'
    )


def test_everything_is_printed_in_the_order_of_the_reference_and_then_ours() -> None:
    blob = InitBlob(
        "a",
        "m",
        {"Z": "1", "A": "2"},
        TcpAddress("::1", 80),
        TCP,
        IPC,
        "t",
        SecurityLevel.TOKEN,
        True,
        "debug",
        {},
    )
    assert blob.to_json() == (
        b'{"orchestrator_api":"a","module_id":"m","env":{"Z":"1","A":"2"},"listen":"[::1]:80",'
        b'"tcp_channel":{"address":"1.2.3.4:5","tls_enabled":true,"required":false},'
        b'"ipc_channel":{"socket_path":"/p","required":true},"auth_token":"t","security_level":"Token",'
        b'"debug_mode":true,"log_level":"debug","extensions":{}}'
    )
    assert parse_init(blob.to_json()) == blob


def test_copies_with_one_thing_more() -> None:
    blob = (
        PLAIN.with_env("K", "v")
        .with_tcp_channel(TCP)
        .with_ipc_channel(IPC)
        .with_auth_token("t")
        .with_security_level(SecurityLevel.MTLS)
    )
    assert (blob.env, blob.tcp_channel, blob.ipc_channel, blob.auth_token) == ({"K": "v"}, TCP, IPC, "t")
    assert blob.security_level is SecurityLevel.MTLS
    assert PLAIN.env == {}


@pytest.mark.parametrize(
    ("blob", "summary"),
    [
        (PLAIN, "No communication channels configured"),
        (PLAIN.with_tcp_channel(TCP), "TCP:1.2.3.4:5 (TLS)"),
        (PLAIN.with_ipc_channel(IPC), "IPC:/p"),
        (PLAIN.with_tcp_channel(TCP).with_ipc_channel(IPC), "TCP:1.2.3.4:5 (TLS), IPC:/p"),
    ],
)
def test_the_summary_of_channels(blob: InitBlob, summary: str) -> None:
    assert blob.channel_summary == summary


def test_what_it_says_about_its_channels() -> None:
    assert not PLAIN.has_channels
    assert not PLAIN.has_required_channels
    assert (PLAIN.tcp_address, PLAIN.tcp_address_string, PLAIN.ipc_socket_path) == (None, None, None)
    with_tcp = PLAIN.with_tcp_channel(TCP)
    assert with_tcp.has_channels
    assert with_tcp.has_tcp_channel
    assert not with_tcp.has_required_channels
    assert with_tcp.tcp_tls_enabled
    assert with_tcp.tcp_address_string == "1.2.3.4:5"
    assert PLAIN.with_ipc_channel(IPC).has_required_channels
    assert PLAIN.with_ipc_channel(IPC).ipc_socket_path == "/p"


def test_the_listen_address_as_text_and_as_tcp() -> None:
    assert PLAIN.listen_to_string() == ""
    assert PLAIN.listen_address is None
    on_tcp = InitBlob("a", "m", {}, TcpAddress("::1", 80))
    assert on_tcp.listen_to_string() == "[::1]:80"
    assert on_tcp.listen_address == TcpAddress("::1", 80)


def test_what_may_be_secret_shows_in_no_text() -> None:
    blob = PLAIN.with_env("API_KEY", "s3cret-value").with_auth_token("s3cret-token")
    for text in (repr(blob), str(blob), f"{blob}"):
        assert "s3cret" not in text
        assert "module_id='m'" in text
    assert "auth_token=None" in repr(PLAIN)
