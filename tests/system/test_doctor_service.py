"""`pywatt doctor` on modules that serve or leave badly, and on programs without the SDK; its report."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from clinics import DEADLINE, Clinic
from supervised import is_alive

HEALTHY = """
    from pywatt import pywatt_module

    @pywatt_module
    def main(state): ...
"""


class TestEndpoints:
    def test_one_that_is_announced_and_not_served(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from fastapi import FastAPI
            from pywatt import pywatt_module

            @pywatt_module(endpoints=["/prices"])
            def main(state):
                return FastAPI()
            """
        )
        assert (run.code, run.finding("endpoint-not-served")["where"]) == (1, "GET /prices")

    def test_one_that_fails_is_shown_with_the_line_that_raised(self, clinic: Clinic) -> None:
        run = clinic.examine_routes(
            """
            @app.get("/sum")
            async def total():
                return {}["sum"]
            """
        )
        finding = run.finding("endpoint-fails")
        assert "GET /sum answered 500: KeyError: 'sum'" in finding["what"]
        assert finding["where"] == "GET /sum, patient.py:14"

    def test_a_slow_one(self, clinic: Clinic) -> None:
        run = clinic.examine_routes(
            """
            import asyncio

            @app.get("/slow")
            async def slow():
                await asyncio.sleep(1.1)
            """
        )
        assert (run.code, run.finding("endpoint-slow")["severity"]) == (0, "note")

    def test_what_cannot_be_asked_is_said(self, clinic: Clinic) -> None:
        run = clinic.examine_routes(
            """
            @app.get("/items/{sku}")
            async def item(sku): ...

            @app.delete("/items")
            async def clear(): ...
            """
        )
        assert "parameters" in run.unchecked["GET /items/:sku"]
        assert "change something" in run.unchecked["DELETE /items"]

    def test_none_is_asked_when_that_is_wanted(self, clinic: Clinic) -> None:
        run = clinic.examine_routes(
            """
            @app.get("/clear")
            async def clear():
                print("cleared")
            """,
            "--no-requests",
        )
        assert run.codes == set()
        assert any("GET /clear" in what for what in run.unchecked)


class TestLeaving:
    def test_a_program_that_listens_to_nothing_is_ended(self, clinic: Clinic) -> None:
        run = clinic.examine_program(
            """
            import json, signal, sys, threading

            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sys.stdin.readline()
            print(json.dumps({"op": "announce", "listen": "", "endpoints": []}), flush=True)
            while True:
                line = sys.stdin.readline()
                if "heartbeat" in line:
                    print(json.dumps({"op": "heartbeat_ack"}), flush=True)
                elif not line:
                    threading.Event().wait()
            """
        )
        assert "SIGKILL" in run.finding("ignores-stop")["what"]

    def test_processes_that_are_left_behind(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import subprocess
            from pywatt import pywatt_module

            @pywatt_module
            def main(state):
                subprocess.Popen(["sleep", "300"])
            """
        )
        assert run.finding("leaves-children")["quote"] == ["sleep 300"]

    def test_a_module_that_ends_by_itself(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import asyncio, os
            from pywatt import pywatt_module

            async def leave():
                await asyncio.sleep(0.3)
                os._exit(7)

            @pywatt_module
            async def main(state):
                state.run(leave())
            """
        )
        assert "code 7" in run.finding("exited")["what"]


class TestWorkBesideRequests:
    def test_one_that_fails_is_shown_with_the_line_that_raised(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            async def poll():
                raise ValueError("no rows")

            @pywatt_module
            async def main(state):
                state.run(poll())
            """
        )
        finding = run.finding("work-failed")
        assert (finding["where"], "ValueError: no rows" in finding["what"]) == ("patient.py:5", True)


class TestPrograms:
    def test_a_crate_module_that_is_not_marked(self, clinic: Clinic) -> None:
        run = clinic.examine_program(
            """
            import json, sys

            sys.stdin.readline()
            print(json.dumps({"op": "announce", "listen": "127.0.0.1:0", "endpoints": []}), flush=True)
            sys.exit(
                "other error: Failed to serialize Identify message: cannot serialize tagged newtype variant "
                "ModuleToOrchestrator::Identify containing a string"
            )
            """
        )
        assert run.codes == {"crate-without-tcp"}
        assert 'sdk = "crate"' in run.finding("crate-without-tcp")["cure"]

    def test_noise_on_standard_output_is_quoted(self, clinic: Clinic) -> None:
        run = clinic.examine_program(
            """
            import json, sys

            sys.stdin.readline()
            print("hello there", flush=True)
            print(json.dumps({"op": "announce", "listen": "", "endpoints": []}), flush=True)
            for line in sys.stdin:
                if "heartbeat" in line:
                    print(json.dumps({"op": "heartbeat_ack"}), flush=True)
                elif "shutdown" in line:
                    break
            """
        )
        assert run.finding("noise-on-stdout")["quote"] == ["hello there"]
        assert any("blocking calls" in what for what in run.unchecked)

    def test_one_that_says_nothing_is_told_the_handshake(self, clinic: Clinic) -> None:
        finding = clinic.doctor("--time", "1", "--", "sleep", "60").finding("never-announced")
        assert any('"op":"announce"' in line for line in finding["quote"])

    def test_one_that_answers_no_heartbeat(self, clinic: Clinic) -> None:
        run = clinic.examine_program(
            """
            import http.server, json, sys, threading

            class Healthy(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.end_headers()

            sys.stdin.readline()
            server = http.server.HTTPServer(("127.0.0.1", 0), Healthy)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            endpoints = [{"path": "/health", "methods": ["GET"]}]
            listen = f"127.0.0.1:{server.server_port}"
            print(json.dumps({"op": "announce", "listen": listen, "endpoints": endpoints}), flush=True)
            while "shutdown" not in sys.stdin.readline():
                pass
            """
        )
        assert "none of 2 heartbeats" in run.finding("heartbeat-unanswered")["what"]

    def test_a_python_without_pywatt(self, clinic: Clinic) -> None:
        clinic.write("patient.py", "import pywatt\n")
        run = clinic.doctor("--", sys.executable, "-I", "-S", "patient.py")
        assert "has no pywatt" in run.finding("python-mismatch")["what"]

    def test_a_secret_that_a_command_has_to_list(self, clinic: Clinic) -> None:
        run = clinic.examine_program(
            """
            from pywatt import pywatt_module

            @pywatt_module(secrets=["API_KEY"])
            def main(state):
                state.secrets["API_KEY"]

            main.run()
            """,
            environment={"API_KEY": "long-enough"},
        )
        assert (run.code, run.codes) == (0, {"secret-not-listed"})

    def test_a_web_server_marked_as_one(self, clinic: Clinic) -> None:
        server = "exec python3 -m http.server --bind 127.0.0.1 $PORT"
        run = clinic.doctor("--sdk", "none", "--", "sh", "-c", server)
        assert (run.code, run.codes) == (0, set()), run.output


class TestTheReport:
    def test_it_says_what_where_and_how_to_mend_it_and_ends_with_one_line(self, clinic: Clinic) -> None:
        lines = clinic.examine("import cv2\n", as_json=False).output.splitlines()
        assert lines[0] == "error  missing-package  patient.py:1"
        assert "    > 1 | import cv2" in lines
        assert any(line.startswith("  -> ") and "pip install" in line for line in lines)
        assert "could not check" in lines
        assert lines[-1].startswith("patient: 1 error; ")

    def test_what_the_locale_has_no_letter_for_is_spelled_out(self, clinic: Clinic) -> None:
        text, ascii_only = "raise ValueError('größer')\n", {"PYTHONIOENCODING": "ascii"}
        run = clinic.examine(text, as_json=False, environment=ascii_only)
        assert (run.code, r"gr\xf6\xdfer" in run.output) == (1, True), run.errors
        assert "größer" in clinic.examine(text, environment=ascii_only).finding("import-error")["what"]

    def test_nothing_wrong_is_said_too(self, clinic: Clinic) -> None:
        run = clinic.examine(HEALTHY, as_json=False)
        assert (run.code, run.errors) == (0, "")
        assert run.output.splitlines()[-1].startswith("patient: ")

    @pytest.mark.parametrize(
        "arguments",
        [[], ["absent.py"], ["a.py", "--", "true"], ["--"], ["x", "-f", "absent.toml"], ["--", "./absent"]],
        ids=" ".join,
    )
    def test_wrong_usage_is_an_exit_of_2(self, clinic: Clinic, arguments: list[str]) -> None:
        run = clinic.doctor(*arguments, as_json=False)
        assert (run.code, run.output) == (2, "")
        assert run.errors.startswith("error: ")

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_leaves_no_process(self, clinic: Clinic, number: signal.Signals, code: int) -> None:
        doctor, pid = clinic.start(
            """
            import os, time

            with open("pid", "w") as file:
                print(os.getpid(), file=file)
            time.sleep(300)
            """
        )
        os.kill(doctor.pid, number)
        assert doctor.wait(DEADLINE) == code
        assert not is_alive(pid)
