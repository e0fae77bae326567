"""ASGI scopes for requests that arrive as operations or at the plain server (ASGI 3.0, HTTP spec 2.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final

from pywatt.http.headers import HeaderError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiCallable = Callable[[Scope, Receive, Send], Awaitable[None]]

STREAMED: Final = "pywatt.streamed"  # in scopes whose response goes out as it is made, not collected
SPEC_VERSION: Final = "2.4"  # from this version on, send() raises OSError when nobody listens any more


# Names repeat with every request; the few that arrive are encoded once.
_MAX_KNOWN: Final = 512
_MAX_KNOWN_LENGTH: Final = 64
_known_names: Final[dict[str, bytes]] = {}


def operation_scope(
    method: str, uri: str, headers: Mapping[str, str], state: dict[str, Any]
) -> dict[str, Any]:
    """Build the scope of a request that arrived as an operation.

    The orchestrator is trusted: its ``x-forwarded-*`` headers say who asks, how, and below which prefix.

    Args:
        method: any case.
        uri: the raw target, percent-escapes and query as the client sent them.
        headers: one string per name, any case.
        state: what the application's lifespan left; each request gets its own shallow copy.

    Raises:
        HeaderError: a header holds characters that HTTP cannot carry.
    """
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": SPEC_VERSION},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": headers.get("x-forwarded-proto") or "http",
        "root_path": "",
        "headers": _raw_headers(headers),
        "client": None,
        "server": None,
        "state": state.copy(),
    }
    set_target(scope, uri, headers.get("x-forwarded-prefix"))
    set_peers(scope, headers.get("x-forwarded-for"), headers.get("x-forwarded-host"), headers.get("host"))
    return scope


def set_target(scope: Scope, target: str, prefix: str | None) -> None:
    """Fill in the path in its three forms, the query, and the root path.

    By the specification `path` holds the root path too; an application takes it off again.
    """
    raw_path, _, query = target.partition("?")
    if raw_path[:1] != "/":
        raw_path = _origin_form(raw_path)
    if prefix and prefix != "/":
        prefix = prefix.rstrip("/")
        scope["root_path"] = percent_decoded(prefix) if "%" in prefix else prefix
        raw_path = prefix + raw_path
    scope["path"] = percent_decoded(raw_path) if "%" in raw_path else raw_path
    scope["raw_path"] = raw_path.encode()
    scope["query_string"] = query.encode()


def set_peers(scope: Scope, forwarded_for: str | None, forwarded_host: str | None, host: str | None) -> None:
    """Fill in who asks and whom, from what the gateway forwards."""
    if forwarded_for:
        scope["client"] = _first_address(forwarded_for)
    wanted = forwarded_host or host
    if wanted:
        scope["server"] = _address(wanted, 443 if scope["scheme"] in ("https", "wss") else 80)
        if forwarded_host and forwarded_host != host:
            kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", forwarded_host.encode("latin-1")), *kept]


def _raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    known = _known_names
    try:
        return [
            (known.get(name) or _raw_name(name), value.encode("latin-1")) for name, value in headers.items()
        ]
    except UnicodeEncodeError:
        wrong = next(name for name, value in headers.items() if not _is_latin(name) or not _is_latin(value))
        raise HeaderError(wrong, "holds characters that HTTP cannot carry") from None


def _raw_name(name: str) -> bytes:
    raw = name.lower().encode("latin-1")
    if len(name) <= _MAX_KNOWN_LENGTH and len(_known_names) < _MAX_KNOWN:
        _known_names[name] = raw
    return raw


def _is_latin(text: str) -> bool:
    return not text or max(text) <= "\xff"


def percent_decoded(path: str) -> str:
    """Decode percent-escapes; bytes that are not UTF-8 become the replacement character."""
    from urllib.parse import unquote_to_bytes  # few paths need it, and every module would load it

    return unquote_to_bytes(path).decode("utf-8", "replace")


def _origin_form(target: str) -> str:
    scheme, separator, rest = target.partition("://")
    if separator and scheme.isalpha():
        return "/" + rest.partition("/")[2]
    return target if target == "*" else "/" + target


@lru_cache(maxsize=256)
def _first_address(chain: str) -> tuple[str, int]:
    return _address(chain.partition(",")[0].strip(), 0)


@lru_cache(maxsize=256)
def _address(text: str, default_port: int) -> tuple[str, int]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        return text, default_port
    return host, int(port) if port.isascii() and port.isdigit() and len(port) < 6 else default_port
