"""What a module author is promised: served, messaged, logged, and lent secrets, whatever the application."""

from __future__ import annotations

import asyncio

import pytest
from applications import APPLICATIONS
from orchestrators import Start

README_MODULE = """
from fastapi import FastAPI
from pywatt import AppState, pywatt_module

@pywatt_module(secrets=["API_KEY"])
async def main(state: AppState) -> FastAPI:
    app = FastAPI()

    @app.get("/greet/{name}")
    async def greet(name: str) -> dict[str, str]:
        return {"hello": name, "from": state.module_id}

    @state.on("price")                       # a message endpoint other modules can call
    async def price(item: dict) -> dict:
        return {"item": item["sku"], "cents": 1250}

    return app
"""

CALLER = """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from pywatt import ApplicationError, AppState, CallError, pywatt_module

@pywatt_module
async def main(state: AppState) -> Starlette:
    async def call(request: Request) -> JSONResponse:
        target, endpoint = request.path_params["target"], request.path_params["endpoint"]
        try:
            timeout = float(request.query_params.get("timeout", "5"))
            answer = await state.call(target, endpoint, await request.json(), timeout=timeout)
        except ApplicationError as error:
            return JSONResponse({"application": [error.code, error.message, error.details]})
        except CallError as error:
            return JSONResponse({"call": [type(error).__name__, error.code]})
        return JSONResponse({"answer": answer})

    async def notify(request: Request) -> JSONResponse:
        target, endpoint = request.path_params["target"], request.path_params["endpoint"]
        await state.notify(target, endpoint, await request.json())
        return JSONResponse({})

    return Starlette(routes=[
        Route("/call/{target}/{endpoint}", call, methods=["POST"]),
        Route("/notify/{target}/{endpoint}", notify, methods=["POST"]),
    ])
"""


async def test_the_module_of_the_readme_is_served_messaged_and_health_checked(start: Start) -> None:
    orchestrator = await start(
        {"hello.py": README_MODULE, "caller.py": CALLER},
        """
        [modules.hello]
        run = "hello.py"
        [modules.caller]
        run = "caller.py"
        after = ["hello"]
        """,
        environment={"API_KEY": "value-of-the-key"},
    )
    assert await orchestrator.get("/m/hello/greet/you") == {"hello": "you", "from": "hello"}
    assert (await orchestrator.get("/m/hello/health"))["status"] == "OK"
    status, answer, _ = await orchestrator.request("POST", "/m/caller/call/hello/price", json={"sku": "A1"})
    assert (status, answer) == (200, {"answer": {"item": "A1", "cents": 1250}})
    assert "value-of-the-key" not in orchestrator.transcript()


@pytest.mark.parametrize("bind_http", [False, True], ids=["carrier", "bind_http"])
@pytest.mark.parametrize("kind", APPLICATIONS)
async def test_every_kind_of_application_answers_the_same_way(
    start: Start, kind: str, bind_http: bool
) -> None:
    source = APPLICATIONS[kind]
    if bind_http:
        source = source.replace("@pywatt_module\n", "@pywatt_module(bind_http=True)\n")
    orchestrator = await start({"web.py": source}, '[modules.web]\nrun = "web.py"\nroute = "/site"\n')
    for prefix in ("/m/web", "/site"):
        status, answer, headers = await orchestrator.request("POST", f"{prefix}/echo", data=b"hello")
        assert (status, answer) == (200, {"body": "hello", "root": prefix})
        assert headers["x-request-id"]
    status, _, _ = await orchestrator.request("GET", "/m/web/no-such-page")
    assert status == (200 if kind in ("asgi", "wsgi") else 404)  # those two here answer whatever is asked


async def test_an_application_is_named_in_the_configuration_without_a_decorator(start: Start) -> None:
    orchestrator = await start(
        {
            "shop/__init__.py": "",
            "shop/web.py": """
                from starlette.applications import Starlette
                from starlette.responses import PlainTextResponse
                from starlette.routing import Route

                app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("the shop"))])
            """,
        },
        '[modules.web]\napp = "shop.web:app"\n',
    )
    assert await orchestrator.get("/m/web/") == "the shop"


async def test_failed_calls_arrive_typed_with_code_and_message(start: Start) -> None:
    orchestrator = await start(
        {
            "caller.py": CALLER,
            "target.py": """
                import asyncio
                from dataclasses import dataclass
                from pywatt import ApplicationError, pywatt_module

                @dataclass
                class Order:
                    sku: str
                    quantity: int

                @pywatt_module
                async def main(state):
                    @state.on("refuse")
                    async def refuse(payload):
                        raise ApplicationError("sold_out", "no more tea", {"left": 0})

                    @state.on("break")
                    async def broken(payload):
                        raise RuntimeError("a private detail")

                    @state.on("typed")
                    async def typed(order: Order) -> Order:
                        return Order(order.sku, order.quantity + 1)

                    @state.on("forever")
                    async def forever(payload):
                        await asyncio.Event().wait()

                    @state.on("envelope")
                    async def envelope(payload):
                        return {"id": "x", "content": payload}
            """,
        },
        """
        [modules.caller]
        run = "caller.py"
        [modules.target]
        run = "target.py"
        """,
    )

    async def call(target: str, endpoint: str, payload: object, query: str = "") -> object:
        path = f"/m/caller/call/{target}/{endpoint}{query}"
        status, answer, _ = await orchestrator.request("POST", path, json=payload)
        assert status == 200, answer
        return answer

    assert await call("target", "refuse", {}) == {"application": ["sold_out", "no more tea", {"left": 0}]}
    assert await call("target", "break", {}) == {"call": ["InternalCallError", "internal"]}
    assert await call("target", "nothing", {}) == {"call": ["EndpointNotFound", "endpoint_not_found"]}
    assert await call("nobody", "x", {}) == {"call": ["ModuleNotFound", "module_not_found"]}
    assert await call("target", "forever", {}, "?timeout=0.2") == {"call": ["CallTimeout", "timeout"]}
    assert await call("target", "typed", {"sku": "A1", "quantity": 1}) == {
        "answer": {"sku": "A1", "quantity": 2}
    }
    assert await call("target", "typed", {"sku": "A1"}) == {"call": ["InvalidPayload", "invalid_payload"]}
    assert await call("target", "envelope", 5) == {"answer": {"id": "x", "content": 5}}
    await orchestrator.until_logged("a private detail")


async def test_a_notification_is_delivered_without_an_answer(start: Start) -> None:
    orchestrator = await start(
        {
            "caller.py": CALLER,
            "target.py": """
                from pywatt import pywatt_module

                @pywatt_module
                async def main(state):
                    @state.on("note")
                    async def note(payload):
                        print("noted", payload["text"])
            """,
        },
        '[modules.caller]\nrun = "caller.py"\n[modules.target]\nrun = "target.py"\n',
    )
    status, _, _ = await orchestrator.request(
        "POST", "/m/caller/notify/target/note", json={"text": "tea is ready"}
    )
    assert status == 200
    await orchestrator.until_logged("noted tea is ready")


async def test_a_module_may_call_itself(start: Start) -> None:
    orchestrator = await start(
        {
            "own.py": """
                from fastapi import FastAPI
                from pywatt import pywatt_module

                @pywatt_module
                async def main(state):
                    app = FastAPI()

                    @state.on("double")
                    async def double(number: int) -> int:
                        return number * 2

                    @app.get("/")
                    async def index():
                        return await state.call("own", "double", 21)

                    return app
            """
        },
        '[modules.own]\nrun = "own.py"\n',
    )
    assert await orchestrator.get("/m/own/") == 42


async def test_what_a_module_prints_cannot_break_the_protocol(start: Start) -> None:
    orchestrator = await start(
        {
            "loud.py": """
                import os, subprocess, sys
                from fastapi import FastAPI
                from pywatt import pywatt_module

                print("printed at import")

                @pywatt_module
                async def main(state):
                    app = FastAPI()

                    @app.get("/")
                    async def index():
                        print('{"op":"announce","listen":"127.0.0.1:1","endpoints":[]}')
                        os.write(1, b"written to descriptor one\\n")
                        subprocess.run([sys.executable, "-c", "print('said by a child')"], check=True)
                        return {"stdin": sys.stdin.read()}

                    return app
            """
        },
        '[modules.loud]\nrun = "loud.py"\n',
    )
    assert await orchestrator.get("/m/loud/") == {"stdin": ""}
    for text in ("printed at import", "written to descriptor one", "said by a child"):
        await orchestrator.until_logged(text)
    assert await orchestrator.get("/m/loud/") == {"stdin": ""}


async def test_a_missing_secret_is_one_readable_line(start: Start) -> None:
    orchestrator = await start(
        {"hello.py": README_MODULE},
        '[modules.hello]\nrun = "hello.py"\n[secrets]\nfrom = ["env"]\n',
        ready=False,
    )
    line = await orchestrator.until_logged("API_KEY")
    assert "secret" in line
    assert not any("Traceback" in line for line in orchestrator.log)


async def test_many_requests_at_once_are_answered_each_with_its_own(start: Start) -> None:
    orchestrator = await start({"web.py": APPLICATIONS["fastapi"]}, '[modules.web]\nrun = "web.py"\n')
    bodies = [f"body {number}" * (number % 7) for number in range(200)]
    answers = await asyncio.gather(
        *(orchestrator.request("POST", "/m/web/echo", data=body.encode()) for body in bodies)
    )
    assert [answer["body"] for _, answer, _ in answers] == bodies
