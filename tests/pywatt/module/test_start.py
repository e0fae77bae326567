"""How a module process starts: the init line, the announcement, and every way in which a start fails."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTHING = """
    from pywatt import AppState, pywatt_module

    @pywatt_module
    async def main(state: AppState) -> None:
        print("from", state.module_id)

    if __name__ == "__main__":
        main.run()
"""


def only_error(module: Any) -> str:
    """The one line that a failed start leaves; it has no traceback."""
    assert module.exit_code() == 1
    (line,) = module.log_lines()
    assert line["level"] == "ERROR"
    assert set(line) == {"timestamp", "level", "fields", "target"}
    assert "exception" not in line["fields"]
    message: str = line["fields"]["message"]
    return message


def test_a_module_is_identified_announced_and_health_checked(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.run(NOTHING)
    assert module.line("identify") == {"op": "identify", "module_id": "probe", "identify": "probe"}
    assert module.line("announce") == {
        "op": "announce",
        "listen": "",
        "endpoints": [{"path": "/health", "methods": ["GET"]}],
    }
    module.send(wire.http_request("q1", "/health"))
    response = module.response()
    assert response["status_code"] == 200
    assert wire.body_of(response)["status"] == "OK"


def test_a_print_goes_to_the_log_and_not_into_the_protocol(orchestrator: Any) -> None:
    module = orchestrator.serve(NOTHING)
    module.end_input()
    assert module.exit_code() == 0
    assert "from probe\n" in module.log_text()


@pytest.mark.parametrize(
    "arguments", [["probe.py"], ["-m", "pywatt", "probe"], ["-m", "pywatt", "./probe.py"]]
)
def test_every_way_to_start_a_file(orchestrator: Any, wire: Any, arguments: list[str]) -> None:
    module = orchestrator.spawn(NOTHING, arguments=arguments)
    module.send(wire.init_line())
    module.line("identify")
    module.line("announce")


def test_what_a_script_prints_while_it_is_imported_does_not_reach_the_protocol(
    orchestrator: Any, wire: Any
) -> None:
    source = "print('early')\n" + NOTHING.replace("\n    ", "\n")
    module = orchestrator.spawn(source, arguments=["probe.py"])
    module.send(wire.init_line())
    module.line("identify")


def test_an_application_is_served_without_any_decorator(orchestrator: Any, wire: Any) -> None:
    orchestrator.write(
        "shop_web.py",
        """
        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            await send({"type": "http.response.start", "status": 201, "headers": []})
            await send({"type": "http.response.body", "body": b"served"})
        """,
    )
    module = orchestrator.start(["-m", "pywatt", "--app", "shop_web:app"])
    module.send(wire.init_line())
    module.line("identify")
    module.line("announce")
    module.send(wire.http_request("q"))
    assert module.response()["status_code"] == 201


@pytest.mark.parametrize(
    "init",
    [
        {"orchestrator_api": "http://o", "module_id": "m", "env": {}, "listen": "127.0.0.1:0"},
        {"op": "init", "orchestrator_api": "http://o", "module_id": "m", "env": {}, "listen": "127.0.0.1:0"},
        {"op": "init", "init": {"orchestrator_api": "http://o", "module_id": "m", "listen": "127.0.0.1:0"}},
    ],
    ids=["bare", "tagged", "nested"],
)
def test_every_form_of_the_init_line_starts_a_module(orchestrator: Any, init: dict[str, Any]) -> None:
    module = orchestrator.spawn(NOTHING)
    module.send(init)
    assert module.line("identify")["module_id"] == "m"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"hello\n", "handshake failed: failed to parse Init JSON"),
        (b"\n", "handshake failed: failed to parse Init JSON"),
        (b'{"module_id":"m"', "stdin closed unexpectedly during handshake"),
        (b"", "stdin closed unexpectedly during handshake"),
        (b'{"x":"' + b"y" * 1_048_576, "Init line exceeded 1 MiB"),
    ],
    ids=["garbage", "empty line", "half a line", "nothing", "1 MiB and more"],
)
def test_a_bad_init_line_is_one_line_in_the_log_and_exit_1(orchestrator: Any, data: bytes, text: str) -> None:
    module = orchestrator.spawn(NOTHING)
    try:
        module.send_raw(data)
        module.end_input()
    except BrokenPipeError:
        assert len(data) > 1_000_000  # it left before it had read it all
    assert text in only_error(module)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import no_such_package\n", ["probe.py", "No module named 'no_such_package'", "line 1"]),
        ("x = (\n", ["SyntaxError", "line 1"]),
        ("x = 1\n", ["probe.py has no function with @pywatt_module", "--app"]),
        ("1 / 0\n", ["ZeroDivisionError", "line 1"]),
        (
            "from pywatt import pywatt_module\n@pywatt_module(secret=['A'])\ndef main(state): ...\n",
            ["no argument 'secret'", "did you mean 'secrets'?", "line 2"],
        ),
        (
            "from pywatt import pywatt_module\n@pywatt_module(auth_required=True)\ndef main(state): ...\n",
            ["auth_required=True", "JWT"],
        ),
        (
            "from pywatt import pywatt_module\n@pywatt_module\ndef main(state): raise OSError('no disk')\n",
            ["bootstrap failed: main failed: OSError: no disk", "probe.py, line 3"],
        ),
        (
            "from pywatt import pywatt_module\n@pywatt_module\ndef main(state): return 42\n",
            ["'int' is not a web application"],
        ),
        (
            "from pywatt import pywatt_module\n@pywatt_module(framework='flask')\ndef main(state): ...\n",
            ["framework='flask'", "NoneType"],
        ),
        (
            "from pywatt import pywatt_module\n@pywatt_module(security_level='Token')\ndef m(state): ...\n",
            ["security_level Token", "None"],
        ),
    ],
)
def test_a_module_that_cannot_start_says_why_in_one_line(
    orchestrator: Any, source: str, expected: list[str]
) -> None:
    message = only_error(orchestrator.run(source))
    for part in expected:
        assert part in message


def test_a_missing_file_is_named_with_the_place_it_was_looked_for(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.start(["-m", "pywatt", "absent.py"])
    module.send(wire.init_line())
    assert f"there is no file absent.py (seen from {orchestrator.directory})" in only_error(module)


def test_the_traceback_of_a_failed_start_is_there_at_debug_level(orchestrator: Any) -> None:
    module = orchestrator.run("1 / 0\n", environment={"PYWATT_LOG_LEVEL": "debug"})
    assert module.exit_code() == 1
    assert "Traceback" in module.log_lines()[-1]["fields"]["exception"]


def test_the_level_of_the_init_line_holds_unless_a_variable_says_otherwise(orchestrator: Any) -> None:
    quiet = orchestrator.serve(NOTHING, init={"log_level": "error"})
    quiet.end_input()
    assert quiet.exit_code() == 0
    assert quiet.log_text() == "from probe\n"
    loud = orchestrator.serve(NOTHING, init={"log_level": "error"}, environment={"RUST_LOG": "info"})
    loud.end_input()
    assert loud.exit_code() == 0
    assert "stopping: end of standard input" in loud.log_text()


def test_on_a_terminal_it_says_how_to_run_the_module(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text("from pywatt import pywatt_module\n")
    ours, theirs = pty.openpty()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pywatt", "probe.py"],
            stdin=theirs,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            timeout=20,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.returncode == 2
    assert b"pywatt run probe.py" in ended.stderr
    assert ended.stdout == b""


def test_http_is_bound_before_it_is_announced_and_only_when_it_is_wanted(orchestrator: Any) -> None:
    import urllib.request

    module = orchestrator.run(NOTHING, environment={"IPC_ONLY": "0"})
    module.line("identify")
    listen = module.line("announce")["listen"]
    host, _, port = listen.rpartition(":")
    assert (host, port != "0") == ("127.0.0.1", True)
    with urllib.request.urlopen(f"http://{listen}/health", timeout=10) as answer:
        assert answer.status == 200
    silent = orchestrator.run(
        NOTHING.replace("@pywatt_module", "@pywatt_module(bind_http=False)"), environment={"IPC_ONLY": "0"}
    )
    silent.line("identify")
    assert silent.line("announce")["listen"] == ""


def test_declared_endpoints_are_announced_beside_those_found(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from fastapi import FastAPI
        from pywatt import AnnouncedEndpoint, pywatt_module

        @pywatt_module(endpoints=[AnnouncedEndpoint("/extra", ["POST"], "jwt"), "PUT /more"], health="/alive")
        async def main(state):
            app = FastAPI(openapi_url=None)

            @app.get("/items/{item_id}")
            async def item(item_id: int) -> int:
                return item_id

            return app
        """
    )
    module.line("identify")
    endpoints = {entry["path"]: entry for entry in module.line("announce")["endpoints"]}
    assert set(endpoints) == {"/items/:item_id", "/extra", "/more", "/alive"}
    assert endpoints["/extra"] == {"path": "/extra", "methods": ["POST"], "auth": "jwt"}
    module.wait_for_log("endpoint /extra is announced with auth 'jwt', which nothing in this module enforces")


def test_the_module_that_the_documentation_shows_works_as_it_is_written(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.run(
        """
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
    )
    module.line("identify")
    assert module.line("get_secret")["name"] == "API_KEY"
    module.send({"op": "secret", "name": "API_KEY", "value": "a-long-key"})
    announced = {endpoint["path"] for endpoint in module.line("announce")["endpoints"]}
    assert {"/greet/:name", "/health"} <= announced
    module.send(wire.http_request("q1", "/greet/ada"))
    assert wire.body_of(module.response()) == {"hello": "ada", "from": "probe"}
    module.send(wire.http_request("q2", "/health"))
    assert module.response()["status_code"] == 200
    module.send(wire.routed_message("price", {"sku": "A1"}))
    reply = module.line("route_to_module")
    assert wire.decoded(reply["payload"]) == {"item": "A1", "cents": 1250}
    module.send({"op": "shutdown"})
    assert module.exit_code() == 0


def test_the_command_line_is_handed_its_verbs(orchestrator: Any) -> None:
    module = orchestrator.start(["-m", "pywatt", "version"])
    module.end_input()
    assert module.exit_code() == 0
    module = orchestrator.start(["-m", "pywatt", "--app"])
    module.end_input()
    assert module.exit_code() == 2
    assert "--app names an application" in module.log_text()


@pytest.mark.parametrize("kind", ["asgi", "aiohttp"])
def test_a_unix_path_is_bound_when_the_module_serves_itself(
    orchestrator: Any, tmp_path: Path, kind: str
) -> None:
    sources = {
        "asgi": NOTHING.replace("@pywatt_module", "@pywatt_module(bind_http=True)"),
        # It has no other form: it is bound although the orchestrator wants nothing bound.
        "aiohttp": """
            from aiohttp import web
            from pywatt import AppState, pywatt_module

            @pywatt_module
            async def main(state: AppState) -> web.Application:
                return web.Application()
        """,
    }
    path = tmp_path / "http.sock"
    module = orchestrator.run(sources[kind], init={"listen": str(path)})
    module.line("identify")
    assert module.line("announce")["listen"] == str(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"GET /health HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
        assert client.recv(64).startswith(b"HTTP/1.1 200")
    module.end_input()
    assert module.exit_code() == 0
    assert not path.exists()
