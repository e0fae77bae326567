"""`pywatt call` and `pywatt get` against a real orchestrator."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from orchestrators import Orchestrator, Start

DEADLINE = 30.0

SHOP = """
    import asyncio
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from pywatt import ApplicationError, pywatt_module

    @pywatt_module
    async def main(state):
        app = FastAPI()
        told = []

        @state.on("price")
        async def price(item: dict):
            if item["sku"] == "none":
                raise ApplicationError("sold_out", "there is none left", {"sku": item["sku"]})
            return {"sku": item["sku"], "cents": 1250, "name": "caf\\u00e9"}

        @state.on("remember")
        async def remember(what):
            told.append(what)
            print("remembered", what)

        @state.on("recall")
        async def recall():
            return told

        @state.on("never")
        async def never():
            print("never began")
            await asyncio.Event().wait()

        @app.api_route("/echo/{path:path}", methods=["GET", "POST", "DELETE"])
        async def echo(path: str, request: Request):
            body = (await request.body()).decode()
            return {"method": request.method, "path": path, "query": request.url.query, "body": body,
                    "x": request.headers.get("x-tea"), "type": request.headers.get("content-type")}

        @app.get("/teapot")
        async def teapot():
            return JSONResponse({"error": "short and stout"}, 418)

        @app.get("/slow")
        async def slow():
            print("slow began")
            await asyncio.Event().wait()

        return app
"""
TABLE = '[modules.shop]\nrun = "shop.py"\n'


class Outcome(NamedTuple):
    code: int
    output: str
    errors: str


Run = Callable[..., Awaitable[Outcome]]


async def began(folder: Path, *arguments: str, **options: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pywatt",
        *arguments,
        cwd=folder,
        env={**os.environ, "PYWATT_RUN_DIR": str(folder / "run")},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a verb beside the orchestrator to its end."""

    async def run_verb(*arguments: str, given: str = "") -> Outcome:
        process = await began(tmp_path, *arguments)
        async with asyncio.timeout(DEADLINE):
            output, errors = await process.communicate(given.encode())
        assert process.returncode is not None
        return Outcome(process.returncode, output.decode(), errors.decode())

    return run_verb


@pytest.fixture
async def shop(start: Start) -> Orchestrator:
    return await start({"shop.py": SHOP}, TABLE)


async def until_counted(shop: Orchestrator, line: str) -> None:
    """Wait until the page of metrics has a line."""
    async with asyncio.timeout(DEADLINE):
        while line not in (await shop.get("/metrics")).splitlines():
            await asyncio.sleep(0)


class TestCall:
    async def test_the_answer_is_json_on_one_line(self, shop: Orchestrator, run: Run) -> None:
        outcome = await run("call", "shop", "price", '{"sku":"A1"}')
        assert outcome == (0, '{"sku":"A1","cents":1250,"name":"café"}\n', "")

    async def test_it_is_json_also_where_not_every_letter_can_be_written(
        self, shop: Orchestrator, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONIOENCODING", "ascii")
        outcome = await run("call", "shop", "price", '{"sku":"A1"}')
        assert json.loads(outcome.output)["name"] == "café"

    async def test_on_a_terminal_it_is_laid_out(self, shop: Orchestrator, tmp_path: Path) -> None:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pywatt", "call", "shop", "price", '{"sku":"A1"}'),
            cwd=tmp_path,
            env={**os.environ, "PYWATT_RUN_DIR": str(tmp_path / "run")},
            stdout=theirs,
        )
        os.close(theirs)
        assert await asyncio.wait_for(process.wait(), DEADLINE) == 0
        assert os.read(ours, 4096).decode().splitlines()[:2] == ["{", '  "sku": "A1",']
        os.close(ours)

    async def test_the_payload_comes_from_standard_input(self, shop: Orchestrator, run: Run) -> None:
        outcome = await run("call", "shop", "price", "-", given='{\n"sku": "A2"}\n')
        assert json.loads(outcome.output)["sku"] == "A2"

    async def test_a_notification_expects_no_answer(self, shop: Orchestrator, run: Run) -> None:
        assert await run("call", "shop", "remember", '"tea"', "--notify") == (0, "", "")
        await shop.until_logged("remembered tea")
        assert (await run("call", "shop", "recall")).output == '["tea"]\n'

    async def test_a_failure_of_the_module_has_its_code_and_details(
        self, shop: Orchestrator, run: Run
    ) -> None:
        code, output, errors = await run("call", "shop", "price", '{"sku":"none"}')
        assert (code, output) == (1, "")
        assert errors.splitlines() == [
            "error: sold_out: there is none left",
            '  details: {"sku":"none"}',
        ]

    async def test_names_that_were_probably_meant_are_shown(self, shop: Orchestrator, run: Run) -> None:
        code, _, errors = await run("call", "shop", "prise")
        assert code == 1
        assert "endpoint_not_found: there is no message endpoint 'prise'" in errors
        assert "did you mean 'price'?" in errors
        code, _, errors = await run("call", "shpo", "price")
        assert code == 1
        assert "did you mean 'shop'?" in errors

    async def test_no_answer_in_time(self, shop: Orchestrator, run: Run) -> None:
        code, _, errors = await run("call", "shop", "never", "--timeout", "0.2")
        assert code == 4
        assert "did not answer within 0.2 s" in errors

    @pytest.mark.parametrize(
        ("payload", "said"),
        [
            ('{"sku": }', "the payload is not JSON: unexpected character"),
            ('{"sku": }', "line 1 column 9"),
            ("[NaN]", "the payload is not JSON: unexpected character"),
            ("1e999", "the payload is not JSON: number is infinity"),
            ("[" * 5000, "the payload is not JSON: depth limit exceeded"),
            ("ada", "a text needs quotes of its own: '\"ada\"'"),
        ],
    )
    async def test_a_payload_that_is_not_json_is_shown_its_place(
        self, run: Run, payload: str, said: str
    ) -> None:
        code, _, errors = await run("call", "shop", "price", payload)
        assert code == 2
        assert said in errors

    async def test_without_an_orchestrator(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "run").mkdir(mode=0o700)
        assert (await run("call", "shop", "price")).code == 3

    async def test_one_that_is_killed_leaves_nothing_behind(self, shop: Orchestrator, tmp_path: Path) -> None:
        process = await began(tmp_path, "call", "shop", "never")
        await shop.until_logged("never began")
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        await until_counted(shop, 'pywatt_calls_waiting{module="shop"} 0')


class TestGet:
    async def test_the_body_is_printed(self, shop: Orchestrator, run: Run) -> None:
        code, output, errors = await run("get", "/m/shop/echo/a b?x=1")
        assert (code, errors) == (0, "")
        assert json.loads(output) == {
            "method": "GET",
            "path": "a b",
            "query": "x=1",
            "body": "",
            "x": None,
            "type": None,
        }

    async def test_a_path_need_not_be_utf_8(self, shop: Orchestrator, run: Run) -> None:
        answer = json.loads((await run("get", os.fsdecode(b"/m/shop/echo/?x=\xff"))).output)
        assert answer["query"] == "x=%FF"

    async def test_method_headers_and_body_are_sent(self, shop: Orchestrator, run: Run) -> None:
        outcome = await run(
            *("get", "/m/shop/echo/", "-X", "DELETE", "-H", "X-Tea: green", "-d", "-"), given="cups"
        )
        answer = json.loads(outcome.output)
        assert (answer["method"], answer["x"], answer["body"]) == ("DELETE", "green", "cups")
        assert json.loads((await run("get", "/m/shop/echo/", "-d", "{}")).output)["method"] == "POST"

    async def test_status_and_headers_are_included(self, shop: Orchestrator, run: Run) -> None:
        head, _, body = (await run("get", "-i", "/livez")).output.partition("\r\n\r\n")
        assert head.splitlines()[0] == "HTTP/1.1 200 OK"
        assert "content-type: application/json" in head
        assert body == '{"status":"OK"}'

    async def test_a_failure_of_the_gateway_is_explained(self, shop: Orchestrator, run: Run) -> None:
        code, output, errors = await run("get", "/m/nobody/")
        assert code == 1
        assert json.loads(output)["module"] == "nobody"
        assert errors == "error: HTTP 404: there is no module 'nobody'\n"

    async def test_a_failure_of_the_module_is_its_own_affair(self, shop: Orchestrator, run: Run) -> None:
        code, output, errors = await run("get", "/m/shop/teapot")
        assert (code, output) == (1, '{"error":"short and stout"}')
        assert errors.startswith("error: HTTP 418")

    async def test_one_that_is_killed_leaves_nothing_behind(self, shop: Orchestrator, tmp_path: Path) -> None:
        process = await began(tmp_path, "get", "/m/shop/slow")
        await shop.until_logged("slow began")
        await until_counted(shop, 'pywatt_gateway_requests_in_flight{module="shop"} 1')
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        await until_counted(shop, 'pywatt_gateway_requests_in_flight{module="shop"} 0')

    async def test_nothing_comes_in_time(self, shop: Orchestrator, run: Run) -> None:
        code, _, errors = await run("get", "/m/shop/slow", "--timeout", "0.3")
        assert code == 4
        assert "nothing came from http://127.0.0.1:" in errors

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["m/shop/"], "begins with a slash: /m/shop/"),
            (["http://127.0.0.1:9900/m/shop/"], "begins with a slash: /m/shop/"),
            (["/m/shop/", "-H", "no colon"], 'expected "Name: value"'),
        ],
    )
    async def test_wrong_usage(self, run: Run, arguments: list[str], said: str) -> None:
        code, _, errors = await run("get", *arguments)
        assert code == 2
        assert said in errors

    async def test_a_gateway_on_a_unix_socket(self, start: Start, run: Run, tmp_path: Path) -> None:
        (tmp_path / "pywatt.toml").write_text('[gateway]\nlisten = "unix:g.sock"\n' + TABLE)
        orchestrator = await start({"shop.py": SHOP}, ready=False)
        await orchestrator.until(lambda: any(line.startswith("Ready  all") for line in orchestrator.output))
        outcome = await run("get", "/livez")
        assert outcome == (0, '{"status":"OK"}', "")

    async def test_a_reader_that_has_seen_enough_is_no_failure(
        self, shop: Orchestrator, tmp_path: Path
    ) -> None:
        process = await began(tmp_path, "get", "/m/shop/echo/x")
        assert process.stdout is not None
        process.stdout._transport.close()  # type: ignore[attr-defined]
        _, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
        assert (process.returncode, errors) == (0, b"")
