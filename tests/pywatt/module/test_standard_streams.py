"""A module on its standard streams: whose words they carry, and what happens when one of them is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
EMPTY = """
    from pywatt import AppState, pywatt_module

    @pywatt_module
    async def main(state: AppState) -> None: ...
"""
INIT = b'{"orchestrator_api":"o","module_id":"probe","env":{},"listen":"127.0.0.1:0"}\n'
WAITS = """
    import sys
    from pywatt import AppState, pywatt_module

    @pywatt_module
    async def main(state: AppState) -> None:
        await state.secret_client.get("GO")
"""


@pytest.mark.parametrize(
    ("environment", "source"),
    [({"PYWATT_MODULE_ID": "shop"}, "shop"), ({}, "unknown_module")],
    ids=["under an orchestrator", "not told"],
)
def test_a_response_names_the_source_that_the_environment_names(
    orchestrator: Any, wire: Any, environment: dict[str, str], source: str
) -> None:
    module = orchestrator.serve(EMPTY, environment=environment)
    module.send(wire.http_request("q"))
    metadata = module.line(None)["metadata"]
    assert metadata["source"] == source
    assert metadata["properties"] == {"correlation_id": "q"}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_orchestrator_that_reads_no_more_is_logged_and_no_error(
    orchestrator: Any, tmp_path: Path, loop: str
) -> None:
    pytest.importorskip(loop)
    orchestrator.write("probe.py", WAITS)
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "IPC_ONLY": "true", "PYWATT_EVENT_LOOP": loop}
    with subprocess.Popen(
        [sys.executable, "-m", "pywatt", "probe.py"],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as module:
        assert module.stdin is not None
        assert module.stdout is not None
        assert module.stderr is not None
        module.stdin.write(INIT)
        module.stdin.flush()
        assert b'"identify"' in module.stdout.readline()
        assert b'"get_secret"' in module.stdout.readline()
        module.stdout.close()
        module.stdin.write(b'{"op":"secret","name":"GO","value":"gone"}\n')
        module.stdin.flush()
        for line in module.stderr:
            if b"serving" in line:
                break
            assert b"WARN" in line
        module.stdin.write(b'{"op":"heartbeat"}\n{"op":"shutdown"}\n')
        module.stdin.flush()
        log = module.stderr.read()
        assert module.wait(20) == 0
        assert b"ERROR" not in log


def test_the_descriptors_stay_where_they_are_when_that_is_asked_for(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            print('{"op":"printed"}', flush=True)
        """,
        environment={"PYWATT_STDIO_GUARD": "0"},
    )
    module.wait_for_log("serving")
    module.send({"op": "shutdown"})
    assert {line["op"] for line in module.remaining_lines()} == {"printed", "identify", "announce"}
    assert module.exit_code() == 0


def test_a_module_that_serves_no_http_itself_tells_its_own_code_so(orchestrator: Any) -> None:
    source = """
        import os
        from pywatt import AppState, pywatt_module

        @pywatt_module(bind_http=False)
        async def main(state: AppState) -> None:
            print("says", os.environ["IPC_ONLY"], os.environ["PYWATT_IPC_ONLY"])
    """
    module = orchestrator.serve(source, environment={"IPC_ONLY": "0"})
    module.wait_for_log("says 0 true")  # what was set stays


def test_a_second_init_and_an_empty_line_are_passed_over(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(EMPTY)
    module.send(wire.init_line(module_id="other"))
    module.send_raw(b"\n")
    module.send({"op": "heartbeat"})
    module.line("heartbeat_ack")
    module.wait_for_log("a second init on stdio is ignored")


def test_a_late_port_is_taken_and_one_that_was_not_asked_for_is_not(orchestrator: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    module = orchestrator.run(
        EMPTY.replace("@pywatt_module", "@pywatt_module(bind_http=True)"), init={"listen": ""}
    )
    module.line("identify")
    first = module.line("port_request")
    assert first["specific_port"] is None
    module.send(port_response("of-somebody-else", 1))
    module.wait_for_log("is not taken")
    module.line("port_request")  # after three seconds
    module.send(port_response(first["request_id"], port))
    assert module.line("announce")["listen"] == f"127.0.0.1:{port}"


def port_response(request_id: str, port: int) -> dict[str, Any]:
    return {
        "op": "port_response",
        "request_id": request_id,
        "success": True,
        "port": port,
        "error_message": None,
    }
