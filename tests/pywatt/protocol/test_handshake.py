"""Reading the init line from a descriptor, in every form."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pywatt.errors import InitError
from pywatt.protocol.handshake import MAX_INIT_LINE, parse_init, read_init
from pywatt.protocol.init import InitBlob, IpcChannelConfig, SecurityLevel, TcpChannelConfig
from pywatt.protocol.listen import TcpAddress, UnixAddress

BARE: dict[str, Any] = {
    "orchestrator_api": "http://o:9900",
    "module_id": "m",
    "env": {"API_KEY": "s3cret-value"},
    "listen": "127.0.0.1:4102",
}
LINE = json.dumps(BARE).encode()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def parsed(**changes: Any) -> InitBlob:
    return parse_init(json.dumps(BARE | changes).encode())


class TestForms:
    def test_bare(self) -> None:
        assert parse_init(LINE) == InitBlob(
            "http://o:9900", "m", {"API_KEY": "s3cret-value"}, TcpAddress("127.0.0.1", 4102)
        )

    def test_tagged_whatever_the_tag_says(self) -> None:
        assert parsed(op="init") == parsed(op="other") == parsed(op=5) == parse_init(LINE)

    def test_nested(self) -> None:
        assert parse_init(json.dumps({"op": "init", "init": BARE}).encode()) == parse_init(LINE)

    def test_a_bare_line_may_hold_a_field_named_init(self) -> None:
        assert parsed(init={"module_id": "other"}) == parse_init(LINE)

    def test_surrounding_whitespace_and_a_carriage_return(self) -> None:
        assert parse_init(b" \t" + LINE + b"  \r") == parse_init(LINE)

    def test_channels_by_address(self) -> None:
        blob = parsed(
            tcp_channel={"address": "[::1]:9901", "tls_enabled": True, "required": True},
            ipc_channel={"socket_path": "/run/o.sock", "required": True},
        )
        assert blob.tcp_channel == TcpChannelConfig(TcpAddress("::1", 9901), True, True)
        assert blob.ipc_channel == IpcChannelConfig("/run/o.sock", True)

    def test_a_tcp_channel_by_host_and_port(self) -> None:
        blob = parsed(tcp_channel={"host": "localhost", "port": 9901})
        assert blob.tcp_channel == TcpChannelConfig(TcpAddress("localhost", 9901), False, False)
        assert parsed(tcp_channel={"host": "[::1]", "port": 1}).tcp_address == TcpAddress("::1", 1)

    def test_null_channels_and_null_token_are_none(self) -> None:
        assert parsed(tcp_channel=None, ipc_channel=None, auth_token=None) == parse_init(LINE)

    def test_env_may_be_missing(self) -> None:
        fields = {name: value for name, value in BARE.items() if name != "env"}
        assert parse_init(json.dumps(fields).encode()).env == {}

    def test_listen_in_the_older_form(self) -> None:
        assert parsed(listen={"Unix": "/tmp/m.sock"}).listen == UnixAddress("/tmp/m.sock")

    def test_what_the_reference_does_not_know_is_kept(self) -> None:
        extensions = {"pywatt": {"version": 1, "features": []}}
        blob = parsed(debug_mode=True, log_level="debug", extensions=extensions)
        assert (blob.debug_mode, blob.log_level, blob.extensions) == (True, "debug", extensions)

    def test_what_the_reference_does_not_know_cannot_stop_a_start(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        blob = parsed(debug_mode="yes", log_level=3, extensions=[1])
        assert blob == parse_init(LINE)
        assert len(caplog.records) == 3
        assert "log_level" in caplog.text

    @pytest.mark.parametrize("level", list(SecurityLevel))
    def test_security_levels(self, level: SecurityLevel) -> None:
        assert parsed(security_level=level.value).security_level is level


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"orchestrator_api": None}, "field `orchestrator_api`: expected a string, found null"),
            ({"module_id": 5}, "field `module_id`: expected a string, found an integer"),
            ({"env": None}, "field `env`: expected an object, found null"),
            ({"env": {"A": 1}}, "field `env`: expected string values, found an integer"),
            ({"listen": 5}, "field `listen`: a listen address is"),
            ({"security_level": None}, "field `security_level`: expected one of None, Token, Mtls"),
            ({"security_level": "mtls"}, "field `security_level`"),
            ({"auth_token": 5}, "field `auth_token`: expected a string, found an integer"),
            ({"tcp_channel": []}, "field `tcp_channel`: expected an object, found an array"),
            ({"tcp_channel": {}}, "field `tcp_channel.address`: missing field"),
            (
                {"tcp_channel": {"address": "localhost:1"}},
                "field `tcp_channel.address`: expected a numeric IP",
            ),
            ({"tcp_channel": {"host": "h"}}, "field `tcp_channel.port`: missing field"),
            (
                {"tcp_channel": {"host": "h", "port": 65536}},
                "field `tcp_channel.port`: expected an integer from 0",
            ),
            ({"tcp_channel": {"host": "h", "port": True}}, "field `tcp_channel.port`: expected an integer"),
            ({"tcp_channel": {"host": "", "port": 1}}, "field `tcp_channel.host`"),
            ({"tcp_channel": {"host": "a:b", "port": 1}}, "field `tcp_channel.host`"),
            ({"ipc_channel": {"required": True}}, "field `ipc_channel.socket_path`: missing field"),
            (
                {"ipc_channel": {"socket_path": "/p", "required": 1}},
                "field `ipc_channel.required`: expected a boolean, found an integer",
            ),
        ],
    )
    def test_a_field_that_is_not_valid_is_named(self, changes: dict[str, Any], text: str) -> None:
        with pytest.raises(InitError) as refused:
            parsed(**changes)
        assert refused.value.kind == "Json"
        assert text in refused.value.message
        assert "s3cret" not in str(refused.value)

    @pytest.mark.parametrize(
        "line",
        [
            b"",
            b"\r",
            b"null",
            b"[]",
            b"{}",
            b"hello",
            LINE + b" x",
            b"\xef\xbb\xbf" + LINE,
            b"\xff" + LINE,
            LINE[:-1] + b',"module_id":"again"}',
            LINE[:-1] + b',"env":{"A":"1","A":"2"}}',
        ],
    )
    def test_what_is_no_init_line(self, line: bytes) -> None:
        with pytest.raises(InitError) as refused:
            parse_init(line)
        assert refused.value.kind == "Json"
        assert refused.value.__cause__ is None
        assert "s3cret" not in str(refused.value)


class TestReading:
    def test_nothing_behind_the_line_is_consumed(self, pipe: tuple[int, int]) -> None:
        reader, writer = pipe
        os.write(writer, LINE + b"\n" + b'{"op":"shutdown"}\n')
        assert read_init(reader) == parse_init(LINE)
        assert os.read(reader, 100) == b'{"op":"shutdown"}\n'

    def test_a_file_is_read_like_a_pipe(self, tmp_path: Path) -> None:
        (tmp_path / "stdin").write_bytes(LINE + b"\nrest")
        with (tmp_path / "stdin").open("rb", buffering=0) as file:
            assert read_init(file.fileno(), timeout=5.0) == parse_init(LINE)
            assert file.read() == b"rest"

    def test_a_line_that_comes_in_pieces(self, pipe: tuple[int, int]) -> None:
        reader, writer = pipe
        started = threading.Event()

        def write_slowly() -> None:
            started.wait(5)
            for byte in LINE + b"\n":
                os.write(writer, bytes((byte,)))

        thread = threading.Thread(target=write_slowly)
        thread.start()
        started.set()
        assert read_init(reader, timeout=30.0) == parse_init(LINE)
        thread.join()

    def test_a_descriptor_that_does_not_block(self, pipe: tuple[int, int]) -> None:
        reader, writer = pipe
        os.set_blocking(reader, False)
        thread = threading.Thread(target=lambda: os.write(writer, LINE + b"\n"))
        thread.start()
        assert read_init(reader) == parse_init(LINE)
        thread.join()

    @pytest.mark.parametrize("beginning", [b"", LINE[:20]])
    def test_the_end_of_the_stream(self, pipe: tuple[int, int], beginning: bytes) -> None:
        reader, writer = pipe
        os.write(writer, beginning)
        os.close(writer)
        with pytest.raises(InitError) as refused:
            read_init(reader)
        assert refused.value.kind == "StdinClosed"
        assert refused.value.message == "stdin closed unexpectedly during handshake"

    def test_a_descriptor_that_cannot_be_read(self, pipe: tuple[int, int]) -> None:
        with pytest.raises(InitError, match="stdin read error: Bad file descriptor") as refused:
            read_init(pipe[1])
        assert refused.value.kind == "Io"

    def test_no_line_in_time(self, pipe: tuple[int, int]) -> None:
        with pytest.raises(InitError, match="no init line in") as refused:
            read_init(pipe[0], timeout=0.01)
        assert refused.value.kind == "Io"

    def test_the_longest_line(self, tmp_path: Path) -> None:
        padded = LINE + b" " * (MAX_INIT_LINE - len(LINE))
        (tmp_path / "stdin").write_bytes(padded + b"\nrest")
        with (tmp_path / "stdin").open("rb", buffering=0) as file:
            assert read_init(file.fileno()) == parse_init(LINE)

    def test_one_byte_more_than_the_longest_line(self, tmp_path: Path) -> None:
        (tmp_path / "stdin").write_bytes(b" " * (MAX_INIT_LINE + 1) + b"\n")
        with (
            (tmp_path / "stdin").open("rb", buffering=0) as file,
            pytest.raises(InitError, match="Init line exceeded 1 MiB") as refused,
        ):
            read_init(file.fileno())
        assert refused.value.kind == "Json"
