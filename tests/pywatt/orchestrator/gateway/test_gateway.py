"""What the gateway makes of a request: whom it goes to, what it carries, what is answered."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from gateways import StandInLink, StandInModule, StartGateway, refusal

from pywatt_fast import HttpResponse

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def answering(status: int, headers: dict[str, str], body: bytes | None = None) -> StandInModule:
    return StandInModule(
        "shop", StandInLink(lambda request: HttpResponse(request.request_id, status, headers, body))
    )


class TestRequests:
    async def test_one_operation_carries_method_target_headers_and_body(
        self, start_gateway: StartGateway
    ) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        answer = await gateway.ask("/m/shop/orders?q=%20a", "X-One: 1", method="PUT", body=b"\x00\xff")
        assert (answer.status, answer.body) == (200, b"\x00\xff")
        (request,) = shop.link.requests
        assert (request.method, request.uri, request.body) == ("PUT", "/orders?q=%20a", b"\x00\xff")
        assert request.headers["x-one"] == "1"
        assert request.headers["host"] == "shop.example"

    async def test_a_request_without_body_has_none(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask("/m/shop/")
        assert shop.link.requests[0].body is None

    @pytest.mark.parametrize(
        "target", ["/%41b%2fc?x=%zz&y=%20+", "//double//", "/a;b=1/~!$&'()*+,=:@", "/x?"]
    )
    async def test_the_target_reaches_the_module_as_it_was_sent(
        self, start_gateway: StartGateway, target: str
    ) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask("/m/shop" + target)
        assert shop.link.requests[0].uri == target

    async def test_a_target_with_scheme_and_host_is_understood(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop", route="/")
        gateway = await start_gateway(shop)
        await gateway.ask("http://shop.example/m/shop/a?b")
        await gateway.ask("http://shop.example?b")
        assert [request.uri for request in shop.link.requests] == ["/a?b", "/?b"]

    async def test_a_configured_route_and_the_root_of_a_single_module(
        self, start_gateway: StartGateway
    ) -> None:
        shop = StandInModule("shop", route="/store")
        gateway = await start_gateway(shop, single="shop")
        for target in ("/store/a", "/m/shop/b", "/c"):
            await gateway.ask(target)
        seen = [(request.uri, request.headers.get("x-forwarded-prefix")) for request in shop.link.requests]
        assert seen == [("/a", "/store"), ("/b", "/m/shop"), ("/c", None)]

    async def test_identifiers_of_operations_differ_even_when_clients_repeat_theirs(
        self, start_gateway: StartGateway
    ) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        for _ in range(2):
            await gateway.ask("/m/shop/", "X-Request-Id: same")
        first, second = shop.link.requests
        assert first.request_id != second.request_id
        assert first.headers["x-request-id"] == second.headers["x-request-id"] == "same"

    @pytest.mark.parametrize("given", ["a b", "x" * 129, "caf\xe9", ""])
    async def test_a_request_id_that_is_not_plain_is_replaced(
        self, start_gateway: StartGateway, given: str
    ) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask("/m/shop/", f"X-Request-Id: {given}")
        assert UUID.fullmatch(shop.link.requests[0].headers["x-request-id"])


class TestRequestHeaders:
    async def test_names_are_lower_case_and_duplicates_are_joined(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask("/m/shop/", "X-Many: a", "x-many: b", "Cookie: c=1", "Cookie: d=2", "X-Caf\xe9: no")
        # A header name that is not a token never reaches a module.
        assert not shop.link.requests
        await gateway.ask(
            "/m/shop/", "X-Many: a", "x-many: b", "Cookie: c=1", "Cookie: d=2", "X-Text: caf\xe9"
        )
        headers = shop.link.requests[0].headers
        assert headers["x-many"] == "a, b"
        assert headers["cookie"] == "c=1; d=2"
        assert headers["x-text"] == "caf\xe9"

    async def test_what_belongs_to_the_connection_stays_there(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask(
            "/m/shop/",
            "Connection: keep-alive, X-Private",
            "Keep-Alive: 5",
            "X-Private: 1",
            "TE: trailers",
            "Proxy-Authorization: x",
            "Accept: */*",
        )
        assert sorted(shop.link.requests[0].headers) == [
            "accept",
            "host",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-prefix",
            "x-forwarded-proto",
            "x-request-id",
        ]

    async def test_a_client_cannot_speak_for_others(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask(
            "/m/shop/",
            "X-Forwarded-For: 6.6.6.6",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: evil",
            "X-Forwarded-Prefix: /evil",
            "Forwarded: for=6.6.6.6",
        )
        headers = shop.link.requests[0].headers
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-forwarded-host"] == "shop.example"
        assert headers["x-forwarded-prefix"] == "/m/shop"
        assert "forwarded" not in headers

    async def test_the_host_is_the_one_that_the_target_names(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        await gateway.ask("http://user:secret@other.example:81/m/shop/")
        headers = shop.link.requests[0].headers
        assert headers["host"] == headers["x-forwarded-host"] == "other.example:81"

    async def test_a_configured_proxy_can(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        proxies = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]
        gateway = await start_gateway(shop, trusted_proxies=proxies)
        await gateway.ask(
            "/m/shop/",
            "X-Forwarded-For: 6.6.6.6, 7.7.7.7, 10.0.0.9",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: shop.public",
            "X-Forwarded-Prefix: /outer",
        )
        headers = shop.link.requests[0].headers
        # 6.6.6.6 is what the client at 7.7.7.7 invented: no proxy vouches for it.
        assert headers["x-forwarded-for"] == "7.7.7.7, 10.0.0.9, 127.0.0.1"
        assert headers["x-forwarded-proto"] == "https"
        assert headers["x-forwarded-host"] == "shop.public"
        assert headers["x-forwarded-prefix"] == "/outer/m/shop"


class TestAnswers:
    async def test_status_headers_and_body_go_to_the_client(self, start_gateway: StartGateway) -> None:
        shop = answering(
            201,
            {
                "x-text": "caf\xe9",
                "set-cookie": "a=1; Path=/\nb=2, c",
                "connection": "X-Private",
                "x-private": "1",
                "transfer-encoding": "chunked",
                "content-length": "99",
            },
            b"made",
        )
        gateway = await start_gateway(shop)
        answer = await gateway.ask("/m/shop/")
        assert (answer.status, answer.body) == (201, b"made")
        assert answer.get(b"x-text") == b"caf\xe9"
        assert answer.all(b"set-cookie") == [b"a=1; Path=/", b"b=2, c"]
        assert answer.all(b"content-length") == [b"4"]
        assert answer.get(b"date") is not None
        assert (
            answer.get(b"x-private") is answer.get(b"connection") is answer.get(b"transfer-encoding") is None
        )

    async def test_only_length_date_and_request_id_are_added(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(answering(200, {"date": "then"}))
        answer = await gateway.ask("/m/shop/", "X-Request-Id: mine")
        assert answer.headers == [(b"date", b"then"), (b"x-request-id", b"mine"), (b"content-length", b"0")]

    async def test_a_request_id_that_the_module_gives_stays(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(answering(200, {"x-request-id": "the module's"}))
        answer = await gateway.ask("/m/shop/", "X-Request-Id: mine")
        assert answer.all(b"x-request-id") == [b"the module's"]

    async def test_head_has_the_length_but_not_the_body(self, start_gateway: StartGateway) -> None:
        shop = answering(200, {}, b"a body")
        gateway = await start_gateway(shop)
        client = await gateway.connect()
        for expected in (b"6", b"1234"):
            client.send(b"HEAD /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await client.answer("HEAD")
            assert answer.get(b"content-length") == expected
            shop.link.handler = lambda request: HttpResponse(
                request.request_id, 200, {"content-length": "1234"}, None
            )

    @pytest.mark.parametrize("status", [204, 304])
    async def test_answers_that_have_no_body_by_definition(
        self, start_gateway: StartGateway, status: int
    ) -> None:
        gateway = await start_gateway(answering(status, {"content-length": "4"}, b"oops"))
        client = await gateway.connect()
        for _ in range(2):
            client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await client.answer()
            assert answer.status == status
            assert answer.get(b"content-length") is None

    async def test_a_connection_serves_many_requests(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        client = await gateway.connect()
        client.send(b"".join(b"GET /m/shop/%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(50)))
        for _ in range(50):
            assert (await client.answer()).status == 200
        assert [request.uri for request in gateway.modules["shop"].link.requests] == [
            f"/{number}" for number in range(50)
        ]

    async def test_old_clients_are_told_whether_the_connection_stays(
        self, start_gateway: StartGateway
    ) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        answer = await gateway.ask("/m/shop/", "Connection: keep-alive", version="1.0")
        assert answer.get(b"connection") == b"keep-alive"
        client = await gateway.connect()
        client.send(b"GET /m/shop/ HTTP/1.0\r\n\r\n")
        assert (await client.rest()).endswith(b"nothing")

    @pytest.mark.parametrize(
        "headers",
        [
            {"x": "a\r\nset-cookie: b"},
            {"x": "a\nb"},
            {"set-cookie": "a=1\r\nx: y"},
            {"x\r\ny": "a"},
            {"": "a"},
            {"x": "\u20ac"},
            {"\u20ac": "x"},
        ],
    )
    async def test_headers_that_http_cannot_carry_are_not_sent(
        self, start_gateway: StartGateway, headers: dict[str, str]
    ) -> None:
        gateway = await start_gateway(answering(200, headers))
        answer = await gateway.ask("/m/shop/")
        assert answer.status == 502
        assert refusal(answer)["module"] == "shop"

    @pytest.mark.parametrize("status", [0, 99, 101, 199, 600, 65535])
    async def test_a_status_that_ends_no_request_is_not_sent(
        self, start_gateway: StartGateway, status: int
    ) -> None:
        gateway = await start_gateway(answering(status, {}))
        assert (await gateway.ask("/m/shop/")).status == 502

    async def test_an_event_stream_names_the_cure(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(answering(200, {"content-type": "text/event-stream"}, b"data: 1\n\n"))
        answer = await gateway.ask("/m/shop/")
        assert answer.status == 502
        assert "bind_http=True" in str(refusal(answer)["error"])
