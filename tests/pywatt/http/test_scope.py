"""ASGI scopes of requests that arrive as operations."""

from typing import Any

import pytest

from pywatt.http.headers import HeaderError
from pywatt.http.scope import operation_scope


def scope_of(uri: str = "/", headers: dict[str, str] | None = None, method: str = "GET") -> dict[str, Any]:
    return operation_scope(method, uri, headers or {}, {})


def test_the_scope_is_an_http_scope_of_asgi_3() -> None:
    scope = scope_of("/a?b=1", {"Accept": "*/*"}, "post")
    assert scope["type"] == "http"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.4"}
    assert scope["http_version"] == "1.1"
    assert scope["method"] == "POST"
    assert scope["scheme"] == "http"
    assert scope["headers"] == [(b"accept", b"*/*")]
    assert scope["root_path"] == ""
    assert scope["client"] is None
    assert scope["server"] is None


@pytest.mark.parametrize(
    ("uri", "path", "raw_path", "query"),
    [
        ("/a%20b/%C3%A9?x=%20&y", "/a b/é", b"/a%20b/%C3%A9", b"x=%20&y"),
        ("/a%2Fb", "/a/b", b"/a%2Fb", b""),
        ("/%ff", "/\ufffd", b"/%ff", b""),
        ("/100%", "/100%", b"/100%", b""),
        ("/é", "/é", "/é".encode(), b""),
        ("", "/", b"/", b""),
        ("?a=1", "/", b"/", b"a=1"),
        ("*", "*", b"*", b""),
        ("http://shop/a?b", "/a", b"/a", b"b"),
        ("/a?b?c", "/a", b"/a", b"b?c"),
        ("//a", "//a", b"//a", b""),
    ],
)
def test_the_target_is_split_and_decoded_once(uri: str, path: str, raw_path: bytes, query: bytes) -> None:
    scope = scope_of(uri)
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (path, raw_path, query)


def test_the_forwarded_prefix_becomes_the_root_path_and_stands_in_both_paths() -> None:
    scope = scope_of("/x%20y", {"x-forwarded-prefix": "/m/a%20b/"})
    assert scope["root_path"] == "/m/a b"
    assert scope["path"] == "/m/a b/x y"
    assert scope["raw_path"] == b"/m/a%20b/x%20y"


def test_the_forwarded_headers_name_client_scheme_and_host() -> None:
    headers = {
        "host": "inner:1",
        "x-forwarded-for": "1.2.3.4, 10.0.0.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example",
    }
    scope = scope_of("/", headers)
    assert scope["client"] == ("1.2.3.4", 0)
    assert scope["scheme"] == "https"
    assert scope["server"] == ("shop.example", 443)
    assert [value for name, value in scope["headers"] if name == b"host"] == [b"shop.example"]


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("shop:8080", ("shop", 8080)),
        ("[::1]:8080", ("::1", 8080)),
        ("[::1]", ("::1", 80)),
        ("::1", ("::1", 80)),
        ("shop:", ("shop", 80)),
        ("shop:x", ("shop", 80)),
        ("shop:99999999999", ("shop", 80)),
    ],
)
def test_the_host_header_names_the_server(host: str, server: tuple[str, int]) -> None:
    assert scope_of("/", {"host": host})["server"] == server


def test_every_request_has_its_own_copy_of_the_state() -> None:
    shared = {"pool": object()}
    scope = operation_scope("GET", "/", {}, shared)
    assert scope["state"] == shared
    assert scope["state"] is not shared


@pytest.mark.parametrize("headers", [{"x-a": "\u20ac"}, {"\u20ac": "1"}])
def test_characters_that_http_cannot_carry_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(HeaderError, match="cannot carry"):
        scope_of("/", {"accept": "", **headers})
