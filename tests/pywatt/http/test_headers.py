"""The header rules that the module and the gateway share."""

import pytest

from pywatt.http.headers import (
    HeaderError,
    join_headers,
    set_forwarded,
    split_headers,
    split_set_cookie,
    valid_request_id,
)


class TestJoining:
    def test_names_become_lower_case_and_values_latin_1(self) -> None:
        assert join_headers([(b"X-Name", b"caf\xe9")]) == {"x-name": "café"}

    def test_duplicates_are_joined_by_a_comma(self) -> None:
        assert join_headers([(b"accept", b"a"), (b"Accept", b"b")]) == {"accept": "a, b"}

    def test_cookies_are_joined_by_a_semicolon(self) -> None:
        assert join_headers([(b"cookie", b"a=1"), (b"cookie", b"b=2")]) == {"cookie": "a=1; b=2"}

    def test_set_cookie_is_joined_by_a_line_feed(self) -> None:
        pairs = [(b"set-cookie", b"a=1; Expires=Wed, 21 Oct"), (b"set-cookie", b"b=2")]
        joined = join_headers(pairs)
        assert joined == {"set-cookie": "a=1; Expires=Wed, 21 Oct\nb=2"}
        assert split_headers(joined) == pairs

    def test_what_belongs_to_one_connection_is_dropped(self) -> None:
        pairs = [
            (b"connection", b"close, X-Hop"),
            (b"x-hop", b"1"),
            (b"keep-alive", b"5"),
            (b"transfer-encoding", b"chunked"),
            (b"upgrade", b"h2c"),
            (b"te", b"trailers"),
            (b"x-end", b"2"),
        ]
        assert join_headers(pairs) == {"x-end": "2"}

    @pytest.mark.parametrize("value", [b"a\r\nb", b"a\nb", b"a\rb", b"a\0b"])
    @pytest.mark.parametrize("name", [b"x-a", b"set-cookie"])
    def test_line_breaks_and_nul_are_refused_without_showing_the_value(
        self, name: bytes, value: bytes
    ) -> None:
        with pytest.raises(HeaderError, match=name.decode()) as refusal:
            join_headers([(name, b"secret" + value)])
        assert "secret" not in str(refusal.value)

    @pytest.mark.parametrize("name", [b"", b"a\nb", b"a b", b"a:b", b"a\0"])
    def test_names_that_are_none_are_refused(self, name: bytes) -> None:
        with pytest.raises(HeaderError, match="not a header name"):
            join_headers([(name, b"1")])

    def test_a_tab_in_a_value_is_kept(self) -> None:
        assert join_headers([(b"x-a", b"a\tb")]) == {"x-a": "a\tb"}


class TestSplitting:
    def test_line_feeds_are_refused_except_between_cookies(self) -> None:
        with pytest.raises(HeaderError, match="x-a"):
            split_headers({"x-a": "1\n2"})
        with pytest.raises(HeaderError, match="set-cookie"):
            split_headers({"Set-Cookie": "a=1\r\nX: y"})

    def test_characters_outside_latin_1_are_refused(self) -> None:
        with pytest.raises(HeaderError, match="x-a"):
            split_headers({"x-a": "\u20ac"})

    @pytest.mark.parametrize("name", ["", "a b", "a\n", "\u20ac"])
    def test_names_that_are_none_are_refused(self, name: str) -> None:
        with pytest.raises(HeaderError):
            split_headers({name: "1"})

    def test_hop_by_hop_headers_are_dropped(self) -> None:
        assert split_headers({"Connection": "close", "X-A": "1"}) == [(b"x-a", b"1")]

    def test_empty_cookies_vanish(self) -> None:
        assert split_set_cookie("a=1\n\nb=2\n") == ["a=1", "b=2"]


class TestRequestIdentifier:
    @pytest.mark.parametrize("text", ["a", "x" * 128, "!~", "2f1c7f0e-31e4"])
    def test_visible_ascii_is_kept(self, text: str) -> None:
        assert valid_request_id(text)

    @pytest.mark.parametrize("text", ["", "x" * 129, "a b", "a\n", "é", "\x7f"])
    def test_anything_else_is_not(self, text: str) -> None:
        assert not valid_request_id(text)


class TestForwarding:
    def test_what_a_stranger_claims_is_replaced(self) -> None:
        headers = {
            "host": "shop.example",
            "x-forwarded-for": "6.6.6.6",
            "x-forwarded-host": "evil",
            "x-forwarded-prefix": "/evil",
            "forwarded": "for=6.6.6.6",
        }
        set_forwarded(headers, peer="10.0.0.9", scheme="http", prefix="", trusted=False)
        assert headers == {
            "host": "shop.example",
            "x-forwarded-for": "10.0.0.9",
            "x-forwarded-proto": "http",
            "x-forwarded-host": "shop.example",
        }

    def test_what_a_trusted_proxy_says_stands_and_is_added_to(self) -> None:
        headers = {
            "host": "inner",
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "shop.example",
            "x-forwarded-prefix": "/eu/",
        }
        set_forwarded(headers, peer="10.0.0.9", scheme="http", prefix="/m/a", trusted=True)
        assert headers["x-forwarded-for"] == "1.2.3.4, 10.0.0.9"
        assert headers["x-forwarded-proto"] == "https"
        assert headers["x-forwarded-host"] == "shop.example"
        assert headers["x-forwarded-prefix"] == "/eu/m/a"

    def test_a_peer_without_an_address_leaves_no_empty_header(self) -> None:
        headers: dict[str, str] = {}
        set_forwarded(headers, peer="", scheme="http", prefix="", trusted=False)
        assert headers == {"x-forwarded-proto": "http"}
