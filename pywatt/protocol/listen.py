"""Where a module listens: an IP address and port, a host name and port, or the path of a Unix socket."""

from __future__ import annotations

from typing import Final

import attrs

from pywatt.errors import ProtocolError
from pywatt.protocol.records import OwnForm

_HIGHEST_PORT: Final = 65535
_HIGHEST_SCOPE: Final = 0xFFFF_FFFF
_HIGHEST_BYTE: Final = 255
_LONGEST_NUMBER: Final = 64


@attrs.frozen
class TcpAddress(OwnForm):
    """A TCP port.

    Args:
        host: an IP address, without the brackets of IPv6, or a host name.
        port: 0 to 65535; 0 lets the system choose.
    """

    host: str
    port: int

    def to_value(self) -> str:
        """The address as the protocol prints it."""
        return str(self)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@attrs.frozen
class UnixAddress(OwnForm):
    """A Unix socket.

    Args:
        path: where the socket lies in the file system.
    """

    path: str

    def to_value(self) -> str:
        """The address as the protocol prints it."""
        return self.path

    def __str__(self) -> str:
        return self.path


ListenAddress = TcpAddress | UnixAddress


def parse_ip_address(text: str) -> TcpAddress | None:
    """`1.2.3.4:80` or `[::1]:80`, in the spelling that Rust's SocketAddr takes; None for anything else."""
    host, colon, port_text = text.rpartition(":")
    port = _number(port_text)
    if not colon or port is None or port > _HIGHEST_PORT:
        return None
    if host.startswith("[") and host.endswith("]"):
        ipv6 = _canonical_ipv6(host[1:-1])
        return None if ipv6 is None else TcpAddress(ipv6, port)
    return TcpAddress(host, port) if _is_ipv4(host) else None


def is_ip_literal(host: str) -> bool:
    """Whether a host is an IP address rather than a name; IPv6 without brackets."""
    return _canonical_ipv6(host) is not None if ":" in host else _is_ipv4(host)


def parse_listen(value: object) -> ListenAddress:
    """The address that a text, or the older `{"Unix": path}` and `{"Tcp": address}`, stands for.

    Args:
        value: a string: `IP:PORT` and `NAME:PORT` are TCP (a name holds a letter and no `/` or `:`), all
            else is a Unix path; or a JSON object with one of the two keys.

    Raises:
        ProtocolError: the value is neither.
    """
    if type(value) is str:
        return parse_ip_address(value) or _parse_named(value) or UnixAddress(value)
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind == "Unix" and type(inner) is str:
            return UnixAddress(inner)
        if kind == "Tcp" and type(inner) is str:
            address = parse_ip_address(inner) or _parse_named(inner)
            if address is not None:
                return address
    raise ProtocolError('a listen address is a string, {"Unix": path} or {"Tcp": "host:port"}')


def _parse_named(text: str) -> TcpAddress | None:
    name, colon, port_text = text.rpartition(":")
    if not colon or "/" in name or ":" in name or not any(character.isalpha() for character in name):
        return None
    port = _number(port_text)
    return None if port is None or port > _HIGHEST_PORT else TcpAddress(name, port)


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else None


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    numbers = [_number(part) for part in parts if len(part) == 1 or not part.startswith("0")]
    return len(parts) == 4 and len([n for n in numbers if n is not None and n <= _HIGHEST_BYTE]) == 4


def _canonical_ipv6(text: str) -> str | None:
    import ipaddress  # a large module that only IPv6 needs

    bare, percent, scope_text = text.partition("%")
    scope = _number(scope_text) if percent else 0
    if scope is None or scope > _HIGHEST_SCOPE:
        return None
    try:
        address = ipaddress.IPv6Address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped
    canonical = address.compressed if mapped is None else f"::ffff:{mapped}"
    return f"{canonical}%{scope}" if scope else canonical
