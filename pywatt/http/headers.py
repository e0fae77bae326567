"""Header rules shared by the module and the gateway.

The wire's header map holds one string per name, so duplicates are joined: `cookie` by `"; "` (RFC 9113,
section 8.2.3), `set-cookie` by a line feed, because its values may hold commas (RFC 9110, section 5.3), all
others by `", "`. Names are lower case, values latin-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

MAX_REQUEST_ID_LENGTH: Final = 128

# RFC 9110, section 7.6.1, and the older names that proxies still meet.
HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

_RAW_HOP_BY_HOP: Final = frozenset(name.encode() for name in HOP_BY_HOP)

# Names repeat with every message; the few that are in use are checked and converted once.
_MAX_KNOWN: Final = 1024
_MAX_KNOWN_LENGTH: Final = 64
_wire_names: Final[dict[bytes, str]] = {}
_raw_names: Final[dict[str, bytes]] = {}

FORWARDED: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-prefix",
)


class HeaderError(ValueError):
    """A header that HTTP cannot carry; the text names the header, never its value.

    Args:
        name: the header's name.
        reason: what is wrong with it.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"header {name[:64]!r} {reason}")
        self.name = name
        self.reason = reason


def join_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Turn raw header pairs into the wire's map, without what belongs to one connection only.

    Args:
        pairs: names and values as they stand in HTTP or ASGI, duplicates included.

    Raises:
        HeaderError: a name or value holds a carriage return, a line feed or a NUL, or a name is empty.
    """
    joined: dict[str, str] = {}
    connection: list[str] = []
    for raw_name, raw_value in pairs:
        name = _wire_names.get(raw_name) or _wire_name(raw_name)
        value = raw_value.decode("latin-1")
        # Printable covers nearly every value that is ever sent, at the price of one call.
        if not value.isprintable() and _has_line_break(value):
            raise HeaderError(name, "holds a line break or a NUL")
        if name in joined:
            joined[name] += _separator(name) + value
        elif name not in HOP_BY_HOP:
            joined[name] = value
        elif name == "connection":
            connection += value.lower().split(",")
    for option in connection:
        joined.pop(option.strip(), None)
    return joined


def split_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Turn the wire's map back into raw pairs, one ``set-cookie`` per cookie, without hop-by-hop headers.

    Raises:
        HeaderError: a line break stands anywhere but between cookies, or a value is outside latin-1.
    """
    pairs: list[tuple[bytes, bytes]] = []
    for name, value in headers.items():
        raw_name = _raw_names.get(name) or _raw_name(name)
        if value.isprintable() and value.isascii():
            if raw_name not in _RAW_HOP_BY_HOP:
                pairs.append((raw_name, value.encode()))
        elif raw_name not in _RAW_HOP_BY_HOP:
            for part in split_set_cookie(value) if raw_name == b"set-cookie" else (value,):
                pairs.append((raw_name, _raw_value(raw_name.decode(), part)))
    return pairs


def split_set_cookie(value: str) -> list[str]:
    """Cut a joined ``set-cookie`` value into the single cookies."""
    return [cookie for cookie in value.split("\n") if cookie]


def valid_request_id(text: str) -> bool:
    """Tell whether a client's ``x-request-id`` is kept: 1 to 128 visible ASCII characters."""
    return (
        0 < len(text) <= MAX_REQUEST_ID_LENGTH and text.isascii() and text.isprintable() and " " not in text
    )


def set_forwarded(headers: dict[str, str], *, peer: str, scheme: str, prefix: str, trusted: bool) -> None:
    """Set the ``x-forwarded-*`` headers on a request that is passed on.

    Args:
        headers: the request's lower-case map, changed in place; its ``host`` is the one the client asked for.
        peer: address of the peer, empty when it has none (a Unix socket).
        scheme: ``http`` or ``https``, as the peer used it.
        prefix: what was stripped from the path, empty when nothing was.
        trusted: the peer is a configured proxy: what it says about its own client stands, and is added to.
    """
    host = headers.get("host", "")
    chain = peer
    if trusted:
        before = headers.get("x-forwarded-for", "")
        chain = f"{before}, {peer}" if before and peer else before or peer
        scheme = headers.get("x-forwarded-proto") or scheme
        host = headers.get("x-forwarded-host") or host
        prefix = headers.get("x-forwarded-prefix", "").rstrip("/") + prefix
    for name in FORWARDED:
        headers.pop(name, None)
    if chain:
        headers["x-forwarded-for"] = chain
    headers["x-forwarded-proto"] = scheme
    if host:
        headers["x-forwarded-host"] = host
    if prefix:
        headers["x-forwarded-prefix"] = prefix


def _wire_name(raw_name: bytes) -> str:
    name = raw_name.decode("latin-1").lower()
    if not _is_name(name):
        raise HeaderError(name, "is not a header name")
    if len(name) <= _MAX_KNOWN_LENGTH and len(_wire_names) < _MAX_KNOWN:
        _wire_names[raw_name] = name
    return name


def _raw_name(name: str) -> bytes:
    if not name.isascii() or not _is_name(name):
        raise HeaderError(name, "is not a header name")
    raw_name = name.lower().encode()
    if len(name) <= _MAX_KNOWN_LENGTH and len(_raw_names) < _MAX_KNOWN:
        _raw_names[name] = raw_name
    return raw_name


def _raw_value(name: str, value: str) -> bytes:
    if not value.isprintable() and _has_line_break(value):
        raise HeaderError(name, "holds a line break or a NUL")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise HeaderError(name, "holds characters that HTTP cannot carry") from None


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and " " not in name and ":" not in name


def _separator(name: str) -> str:
    if name == "set-cookie":
        return "\n"
    return "; " if name == "cookie" else ", "


def _has_line_break(text: str) -> bool:
    return "\n" in text or "\r" in text or "\0" in text
