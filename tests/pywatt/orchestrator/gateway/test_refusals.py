"""What the gateway answers itself: refusals, failures, and its own two paths."""

from __future__ import annotations

import asyncio

import pytest
from gateways import StandInLink, StandInModule, StartGateway, failing, refusal

from pywatt.errors import ConnectionClosed, MessageTooLarge, ModuleUnavailable, SendQueueFull
from pywatt.orchestrator.supervision.module_state import ModuleState


class TestRefusals:
    @pytest.mark.parametrize("target", ["/m/", "/m", "/", "/nothing"])
    async def test_a_path_without_module(self, start_gateway: StartGateway, target: str) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        answer = await gateway.ask(target, "X-Request-Id: mine")
        assert answer.status == 404
        assert refusal(answer) == {
            "error": "no module has this path",
            "module": None,
            "state": None,
            "request_id": "mine",
        }

    @pytest.mark.parametrize("name", ["bakery", "shopping", "%22x", "a" * 64])
    async def test_a_module_that_does_not_exist(self, start_gateway: StartGateway, name: str) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        for target in (f"/m/{name}", f"/m/{name}/a?b"):
            answer = await gateway.ask(target)
            assert answer.status == 404
            body = refusal(answer)
            assert body["module"] == name
            assert name in str(body["error"])

    async def test_a_name_longer_than_any_is_cut(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        assert refusal(await gateway.ask("/m/" + "a" * 4000))["module"] == "a" * 64

    @pytest.mark.parametrize(
        "target", ["/m/shop/../x", "/m/shop/%2E%2e/x", "/m/shop/..%2Fx", "/m/shop/%252e%252e/x"]
    )
    async def test_a_path_that_leaves_its_prefix(self, start_gateway: StartGateway, target: str) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        answer = await gateway.ask(target)
        assert answer.status == 400
        assert refusal(answer)["module"] == "shop"
        assert not shop.link.requests

    @pytest.mark.parametrize(
        ("state", "text"),
        [
            (ModuleState.STARTING, "starting"),
            (ModuleState.UNREADY, "unready"),
            (ModuleState.CRASH_LOOPING, "crash-looping"),
        ],
    )
    async def test_a_module_that_is_not_ready(
        self, start_gateway: StartGateway, state: ModuleState, text: str
    ) -> None:
        gateway = await start_gateway(StandInModule("shop", state=state))
        answer = await gateway.ask("/m/shop/")
        assert answer.status == 503
        assert int(answer.get(b"retry-after") or 0) > 0
        assert refusal(answer)["state"] == text

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (ModuleUnavailable("module shop ended"), 502),
            (ConnectionClosed(), 502),
            (MessageTooLarge(100, 10), 413),
            (SendQueueFull(10), 503),
            (RuntimeError("a mistake of ours"), 500),
        ],
    )
    async def test_a_module_that_fails_under_the_request(
        self, start_gateway: StartGateway, error: Exception, status: int
    ) -> None:
        gateway = await start_gateway(failing(error))
        answer = await gateway.ask("/m/shop/")
        assert answer.status == status
        body = refusal(answer)
        assert "mistake" not in str(body)

    async def test_a_module_that_does_not_answer(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop", StandInLink(lambda request: asyncio.Event().wait()))  # type: ignore[arg-type, return-value]
        gateway = await start_gateway(shop, request_timeout=0.05)
        answer = await gateway.ask("/m/shop/")
        assert answer.status == 504
        assert refusal(answer)["module"] == "shop"

    async def test_a_websocket_over_a_carrier(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        answer = await gateway.ask(
            "/m/shop/",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        assert answer.status == 501
        assert "bind_http=True" in str(refusal(answer)["error"])

    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"\x00\x01\x02\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        ],
    )
    async def test_what_is_not_http(self, start_gateway: StartGateway, request_bytes: bytes) -> None:
        shop = StandInModule("shop", route="/")
        gateway = await start_gateway(shop)
        answer = await gateway.send(request_bytes)
        assert answer.status == 400
        refusal(answer)
        assert not shop.link.requests
        assert (await gateway.ask("/m/shop/")).status == 200

    async def test_more_headers_than_fit(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        answer = await gateway.ask("/m/shop/", *(f"X-{number}: {'a' * 8000}" for number in range(5)))
        assert answer.status == 431
        answer = await gateway.ask("/m/shop/", *(f"X-{number}: a" for number in range(200)))
        # Newer versions of aiohttp count them while they parse, and call it a broken request.
        assert answer.status in {400, 431}

    @pytest.mark.parametrize("target", ["/m/shop/caf\xe9", "/m/shop/a#b", "*", "/m/shop/a\\b\x7f"])
    async def test_targets_that_are_no_path(self, start_gateway: StartGateway, target: str) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        assert (await gateway.ask(target)).status == 400
        assert not shop.link.requests

    async def test_connect(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        assert (await gateway.ask("shop:80", method="CONNECT")).status == 501

    async def test_a_transfer_coding_that_would_be_lost(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        answer = await gateway.send(
            b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
        )
        assert answer.status == 501
        assert answer.get(b"connection") == b"close"
        assert not shop.link.requests

    @pytest.mark.parametrize("host", ["a b", "a/b", "user@a", "caf\xe9", "a?b"])
    async def test_a_host_that_is_none(self, start_gateway: StartGateway, host: str) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        answer = await gateway.send(f"GET /m/shop/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1"))
        assert answer.status == 400
        assert not shop.link.requests
