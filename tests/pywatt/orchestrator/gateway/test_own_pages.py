"""The pages of the gateway itself: probes in the manner of Kubernetes, and the place of the metrics."""

from __future__ import annotations

import json

import pytest
from gateways import StandInModule, StartGateway, echo

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.supervision.module_state import ModuleState

PROBES = ["/livez", "/readyz", "/healthz"]


class TestLiveness:
    @pytest.mark.parametrize("path", ["/livez", "/healthz"])
    async def test_it_does_not_depend_on_the_modules(self, start_gateway: StartGateway, path: str) -> None:
        gateway = await start_gateway(StandInModule("shop", state=ModuleState.FAILED))
        answer = await gateway.ask(path)
        assert (answer.status, json.loads(answer.body)) == (200, {"status": "OK"})

    async def test_verbose_names_the_checks(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        answer = await gateway.ask("/livez?verbose")
        assert answer.body == b"[+]ping ok\nlivez check passed\n"
        assert answer.get(b"content-type") == b"text/plain; charset=utf-8"


class TestReadiness:
    async def test_it_tells_about_every_module(self, start_gateway: StartGateway) -> None:
        shop, bank = StandInModule("shop"), StandInModule("bank", state=ModuleState.STARTING)
        gateway = await start_gateway(shop, bank)
        bank.state, bank.last_error = ModuleState.FAILED, "no such file"
        answer = await gateway.ask("/readyz")
        assert answer.status == 503
        assert json.loads(answer.body) == {
            "ready": False,
            "modules": {
                "shop": {"ready": True, "state": "ready"},
                "bank": {"ready": False, "state": "failed", "error": "no such file"},
            },
        }
        bank.state, bank.last_error = ModuleState.READY, None
        answer = await gateway.ask("/readyz")
        assert answer.status == 200
        assert json.loads(answer.body)["ready"] is True

    async def test_verbose_is_one_line_per_module(self, start_gateway: StartGateway) -> None:
        bank = StandInModule("bank", state=ModuleState.FAILED, last_error="no such file")
        gateway = await start_gateway(StandInModule("shop"), bank)
        answer = await gateway.ask("/readyz?verbose")
        assert answer.status == 503
        assert answer.body.decode().splitlines() == [
            "[+]shutdown ok",
            "[+]shop ok",
            "[-]bank failed: failed: no such file",
            "readyz check failed",
        ]

    async def test_a_module_can_be_left_out(self, start_gateway: StartGateway) -> None:
        bank = StandInModule("bank", state=ModuleState.STARTING)
        gateway = await start_gateway(StandInModule("shop"), bank)
        assert (await gateway.ask("/readyz?exclude=shop")).status == 503
        answer = await gateway.ask("/readyz?exclude=shop&exclude=bank")
        assert answer.status == 200
        assert json.loads(answer.body)["modules"]["bank"] == {
            "ready": False,
            "state": "starting",
            "excluded": True,
        }
        answer = await gateway.ask("/readyz?verbose&exclude=bank")
        assert answer.body.decode().splitlines() == [
            "[+]shutdown ok",
            "[+]shop ok",
            "[+]bank excluded: ok",
            "readyz check passed",
        ]

    async def test_leaving_out_what_does_not_exist_is_told(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        answer = await gateway.ask("/readyz?verbose&exclude=shpo")
        assert b'cannot be excluded: no matches for "shpo"\n' in answer.body
        assert answer.status == 200

    async def test_a_line_of_log_tells_no_secret(self, start_gateway: StartGateway) -> None:
        register_secret("open-sesame")
        bank = StandInModule("bank", state=ModuleState.FAILED, last_error="bad key open-sesame")
        gateway = await start_gateway(bank)
        for target in ("/readyz", "/readyz?verbose"):
            body = (await gateway.ask(target)).body
            assert b"bad key" in body
            assert b"open-sesame" not in body

    async def test_nothing_is_ready_while_the_whole_drains(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop)
        gateway.gateway.begin_draining()
        answer = await gateway.ask("/readyz?exclude=shop")
        assert answer.status == 503
        assert b"[-]shutdown failed" in (await gateway.ask("/readyz?verbose")).body
        assert (await gateway.ask("/livez")).status == 200
        assert (await gateway.ask("/m/shop/")).status == 200


class TestMetrics:
    async def test_the_page_is_the_one_given(self, start_gateway: StartGateway) -> None:
        gateway = await start_gateway(StandInModule("shop"), metrics=lambda: b"pywatt_build_info 1\n")
        answer = await gateway.ask("/metrics")
        assert (answer.status, answer.body) == (200, b"pywatt_build_info 1\n")
        assert answer.get(b"content-type") == b"text/plain; version=0.0.4; charset=utf-8"

    async def test_without_one_the_path_is_a_path_like_any_other(self, start_gateway: StartGateway) -> None:
        shop = StandInModule("shop", route="/")
        gateway = await start_gateway(shop)
        await gateway.ask("/metrics")
        assert [request.uri for request in shop.link.requests] == ["/metrics"]


@pytest.mark.parametrize("path", PROBES)
class TestEveryPage:
    async def test_it_takes_get_and_head_only(self, start_gateway: StartGateway, path: str) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        assert (await gateway.ask(path, method="HEAD")).status == 200
        assert (await gateway.ask(path, method="POST", body=b"x")).status == 405

    async def test_a_module_at_the_root_does_not_hide_it(
        self, start_gateway: StartGateway, path: str
    ) -> None:
        shop = StandInModule("shop")
        gateway = await start_gateway(shop, single="shop")
        assert (await gateway.ask(path)).status == 200
        assert not shop.link.requests
        assert (await gateway.ask(f"/m/shop{path}")).body == echo(shop.link.requests[0]).body

    async def test_nobody_may_keep_it(self, start_gateway: StartGateway, path: str) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        assert (await gateway.ask(path)).get(b"cache-control") == b"no-store"

    async def test_a_query_of_any_size_is_answered(self, start_gateway: StartGateway, path: str) -> None:
        gateway = await start_gateway(StandInModule("shop"))
        assert (await gateway.ask(f"{path}?{'a&' * 3000}")).status == 200
