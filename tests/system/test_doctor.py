"""`pywatt doctor` on modules with the SDK that really have the defect."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from clinics import Clinic

ROOT = Path(__file__).parents[2]


class TestFilesThatCannotBeImported:
    def test_a_syntax_error_is_shown_with_its_line(self, clinic: Clinic) -> None:
        run = clinic.examine("from pywatt import pywatt_module\n\n\ndef broken(:\n    pass\n")
        finding = run.finding("syntax-error")
        assert (run.code, finding["where"]) == (1, "patient.py:4")
        assert "> 4 | def broken(:" in finding["quote"]

    def test_an_error_is_shown_with_the_line_of_the_users_file(self, clinic: Clinic) -> None:
        finding = clinic.examine("PRICES = {}\nprint(PRICES['A1'])\n").finding("import-error")
        assert finding["where"] == "patient.py:2"
        assert "KeyError: 'A1'" in finding["what"]
        assert "> 2 | print(PRICES['A1'])" in finding["quote"]

    def test_the_line_may_be_in_a_file_that_it_imports(self, clinic: Clinic) -> None:
        clinic.write("shelves.py", "COUNT = int('many')\n")
        assert clinic.examine("import shelves\n").finding("import-error")["where"] == "shelves.py:1"

    def test_a_package_that_is_not_installed_is_named_as_pip_knows_it(self, clinic: Clinic) -> None:
        finding = clinic.examine("import cv2\n").finding("missing-package")
        assert finding["where"] == "patient.py:1"
        assert "pip install opencv-python" in finding["cure"]

    def test_a_file_of_another_folder_is_found_for_the_user(self, clinic: Clinic) -> None:
        clinic.write("app/prices.py", "A1 = 1\n")
        clinic.write("app/modules/patient.py", "import prices\n")
        finding = clinic.doctor("app/modules/patient.py").finding("wrong-path")
        assert f"PYTHONPATH={clinic.folder / 'app'}" in finding["cure"]

    def test_a_relative_import_in_a_file_names_the_package_to_start(self, clinic: Clinic) -> None:
        clinic.write("app/__init__.py", "")
        clinic.write("app/patient.py", "from . import prices\n")
        finding = clinic.doctor("app/patient.py").finding("wrong-path")
        assert "pywatt doctor app.patient" in finding["cure"]

    def test_two_files_that_import_each_other(self, clinic: Clinic) -> None:
        clinic.write("left.py", "from right import B\nA = 1\n")
        clinic.write("right.py", "from left import A\nB = 1\n")
        assert "import each other" in clinic.examine("import left\n").finding("import-error")["what"]

    def test_a_script_that_leaves(self, clinic: Clinic) -> None:
        finding = clinic.examine("import sys\nsys.exit(3)\n").finding("exited")
        assert (finding["where"], "sys.exit(3)" in finding["what"]) == ("patient.py:2", True)

    def test_a_server_of_its_own(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from http.server import HTTPServer, BaseHTTPRequestHandler
            HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler).serve_forever()
            """,
            "--time",
            "4",
        )
        assert run.finding("own-server")["where"] == "patient.py:3"


class TestFilesThatAreNoModules:
    def test_five_lines_make_one(self, clinic: Clinic) -> None:
        finding = clinic.examine("def main(state):\n    return None\n").finding("not-a-module")
        assert "@pywatt_module" in finding["quote"]

    def test_an_application_can_be_served_as_it_is(self, clinic: Clinic) -> None:
        finding = clinic.examine("from fastapi import FastAPI\nshop = FastAPI()\n").finding("not-a-module")
        assert "pywatt doctor patient:shop" in finding["cure"]

    def test_a_wrong_option(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module(secret=["API_KEY"])
            def main(state): ...
            """
        )
        finding = run.finding("wrong-option")
        assert (finding["where"], "did you mean 'secrets'" in finding["what"]) == ("patient.py:4", True)

    def test_another_framework_than_it_says(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from fastapi import FastAPI
            from pywatt import pywatt_module

            @pywatt_module(framework="flask")
            def main(state):
                return FastAPI()
            """
        )
        assert "returned FastAPI" in run.finding("wrong-framework")["what"]


class TestStarts:
    def test_the_modules_function_fails(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                return 1 / 0
            """
        )
        finding = run.finding("function-failed")
        assert (finding["where"], "ZeroDivisionError" in finding["what"]) == ("patient.py:6", True)

    def test_the_modules_function_takes_no_state(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module
            def main(): ...
            """
        )
        finding = run.finding("function-failed")
        assert (finding["where"], "def main(state)" in finding["cure"]) == ("patient.py:5", True)

    def test_the_modules_function_returns_something_else(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                return {"hello": "world"}
            """
        )
        finding = run.finding("function-failed")
        assert (finding["where"], "'dict' is not a web application" in finding["what"]) == (
            "patient.py:5",
            True,
        )

    def test_a_crash_in_c_code_is_shown_with_the_line_that_called_it(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import ctypes
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                ctypes.string_at(0)
            """
        )
        assert (run.code, run.codes) == (1, {"exited"})
        finding = run.finding("exited")
        assert (finding["where"], "SIGSEGV" in finding["what"]) == ("patient.py:7", True)

    def test_the_state_function_fails(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            def build(init, secrets):
                raise ValueError("no database")

            @pywatt_module(state=build)
            def main(state): ...
            """
        )
        finding = run.finding("start-failed")
        assert (finding["where"], "no database" in finding["what"]) == ("patient.py:5", True)

    def test_a_slow_import_is_named_with_its_importer(self, clinic: Clinic) -> None:
        clinic.write("heavy.py", "import time\ntime.sleep(1.2)\n")
        text = """
            import heavy
            from pywatt import pywatt_module

            @pywatt_module
            def main(state): ...
        """
        run = clinic.examine(text)
        finding = run.finding("slow-start")
        assert (run.code, finding["severity"], finding["where"]) == (0, "warning", "patient.py:2")
        assert any("import heavy, by patient.py:2" in line for line in finding["quote"])
        assert clinic.examine(text, "--strict").code == 1

    def test_a_slow_function_is_named(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import asyncio
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                await asyncio.sleep(1.5)
            """
        )
        assert "the module's function" in run.finding("slow-start")["what"]

    def test_a_function_that_never_returns_is_shown_where_it_waits(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import asyncio
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                await asyncio.Event().wait()
            """,
            "--time",
            "4",
        )
        assert run.finding("never-announced")["where"] == "patient.py:7"

    def test_a_taken_port(self, clinic: Clinic) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            run = clinic.examine(
                f"""
                from fastapi import FastAPI
                from pywatt import pywatt_module

                @pywatt_module(bind_http=True, listen_addr="127.0.0.1", specific_port={port})
                def main(state):
                    return FastAPI()
                """
            )
        assert str(port) in run.finding("port-in-use")["what"]

    def test_a_health_path_that_is_not_healthy(self, clinic: Clinic) -> None:
        run = clinic.examine_routes(
            """
            @app.get("/health")
            def health():
                return Response(status_code=503)
            """,
            "--time",
            "6",
        )
        assert "GET /health answered 503" in run.finding("not-ready")["what"]


class TestTheShop:
    @pytest.mark.parametrize("module", ["catalog", "ledger", "orders", "storefront"])
    def test_nothing_is_found_that_is_not_there(self, module: str) -> None:
        run = Clinic(ROOT / "examples" / "shop").doctor(module)
        # Its file of secrets can be read by everybody, as a checkout is, and that is said.
        assert (run.code, run.codes - {"orchestrator-warning"}) == (0, set()), run.output

    def test_calls_to_modules_that_are_not_there_are_no_errors(self) -> None:
        unchecked = Clinic(ROOT / "examples" / "shop").doctor("storefront").unchecked
        assert unchecked["GET /"] == "it calls orders, which does not run here"
