"""Where a module listens: an IP address and port, a host name and port, or the path of a Unix socket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pywatt.errors import ProtocolError

_HIGHEST_PORT: Final = 65535
_IPV4: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_IPV6: Final = re.compile(r"([0-9A-Fa-f:.]+)(?:%([0-9]{1,10}))?")
_PORT: Final = re.compile(r"[0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP port.

    Args:
        host: an IP address, without the brackets of IPv6, or a host name.
        port: 0 to 65535; 0 lets the system choose.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A Unix socket.

    Args:
        path: where the socket lies in the file system.
    """

    path: str

    def __str__(self) -> str:
        return self.path


ListenAddress = TcpAddress | UnixAddress


def parse_ip_address(text: str) -> TcpAddress | None:
    """`1.2.3.4:80` or `[::1]:80`, in the spelling that Rust's SocketAddr takes; None for anything else."""
    host, colon, port_text = text.rpartition(":")
    if not colon or _PORT.fullmatch(port_text) is None:
        return None
    port = int(port_text)
    if port > _HIGHEST_PORT:
        return None
    if host.startswith("[") and host.endswith("]"):
        ipv6 = _canonical_ipv6(host[1:-1])
        return None if ipv6 is None else TcpAddress(ipv6, port)
    if _IPV4.fullmatch(host) is None or any(int(part) > 255 for part in host.split(".")):
        return None
    return TcpAddress(host, port)


def is_ip_literal(host: str) -> bool:
    """Whether a host is an IP address rather than a name; IPv6 without brackets."""
    return parse_ip_address(f"[{host}]:0" if ":" in host else f"{host}:0") is not None


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
    if _PORT.fullmatch(port_text) is None or int(port_text) > _HIGHEST_PORT:
        return None
    return TcpAddress(name, int(port_text))


def _canonical_ipv6(text: str) -> str | None:
    found = _IPV6.fullmatch(text)
    if found is None:
        return None
    import ipaddress  # a large module that only IPv6 needs

    try:
        address = ipaddress.IPv6Address(found[1])
    except ValueError:
        return None
    scope = int(found[2] or 0)
    if scope > 0xFFFF_FFFF:
        return None
    mapped = address.ipv4_mapped
    canonical = address.compressed if mapped is None else f"::ffff:{mapped}"
    return f"{canonical}%{scope}" if scope else canonical
