"""What the author of a module sees while it does not start."""

from __future__ import annotations

import json
from typing import Any

from gateways import Answer, StandInModule, StartGateway, refusal

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.supervision.module_state import ModuleState

BROWSER = "Accept: text/html,application/xhtml+xml"


async def ask(start_gateway: StartGateway, explanation: str | None, *headers: str) -> Answer:
    shop = StandInModule("shop", state=ModuleState.FAILED)

    def explain(module: str) -> str | None:
        assert module == "shop"
        return explanation

    gateway = await start_gateway(shop, explain=explain)
    return await gateway.ask("/m/shop/", *headers)


async def test_a_browser_gets_a_page_that_loads_itself_again(start_gateway: StartGateway) -> None:
    answer = await ask(start_gateway, "SyntaxError: line 3", BROWSER)
    assert answer.status == 503
    assert answer.get(b"content-type") == b"text/html; charset=utf-8"
    assert answer.get(b"cache-control") == b"no-store"
    assert answer.get(b"retry-after") == b"1"
    assert b"<h1>shop does not start</h1>" in answer.body
    assert b"SyntaxError: line 3" in answer.body
    assert b'http-equiv="refresh"' in answer.body


async def test_nothing_in_the_reason_is_markup(start_gateway: StartGateway) -> None:
    answer = await ask(start_gateway, "<script>alert('x')</script> & more", BROWSER)
    assert b"&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; more" in answer.body
    assert b"<script" not in answer.body


async def test_no_secret_is_on_the_page(start_gateway: StartGateway) -> None:
    register_secret("open-sesame-17")
    for headers in ([BROWSER], []):
        answer = await ask(start_gateway, "bad password open-sesame-17", *headers)
        assert b"open-sesame-17" not in answer.body
        assert b"bad password [REDACTED]" in answer.body


async def test_everybody_else_gets_the_same_text_as_json(start_gateway: StartGateway) -> None:
    answer = await ask(start_gateway, "SyntaxError: line 3")
    body: Any = refusal(answer)
    assert (body["error"], body["module"], body["state"]) == ("SyntaxError: line 3", "shop", "failed")


async def test_a_module_that_is_only_not_ready_yet_says_so(start_gateway: StartGateway) -> None:
    answer = await ask(start_gateway, None, BROWSER)
    assert b"<h1>shop is failed</h1>" in answer.body
    assert b"the module is not ready" in answer.body


async def test_clients_of_a_module_that_nobody_works_on_are_told_nothing(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop", state=ModuleState.FAILED, last_error="SyntaxError"))
    answer = await gateway.ask("/m/shop/", BROWSER)
    assert json.loads(answer.body)["error"] == "the module is not ready"
