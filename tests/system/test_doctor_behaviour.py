"""`pywatt doctor` on modules with the SDK that come up: secrets, streams, handlers, blocking calls."""

from __future__ import annotations

import pytest
from clinics import Clinic

SIGNING = """
    from pywatt import pywatt_module

    @pywatt_module(secrets=["API_KEY"])
    def main(state):
        state.secrets["API_KEY"]
"""


class TestSecrets:
    def test_a_missing_one_says_where_it_was_looked_for_and_how_to_give_it(self, clinic: Clinic) -> None:
        run = clinic.examine(SIGNING)
        finding = run.finding("missing-secret")
        assert (run.code, run.codes, finding["where"]) == (1, {"missing-secret"}, "API_KEY")
        assert "the environment, .env (there is no such file)" in finding["what"]
        assert "API_KEY=... pywatt doctor patient.py" in finding["cure"]

    def test_it_may_come_from_a_file(self, clinic: Clinic) -> None:
        clinic.write("dev.env", "API_KEY=long-enough\n").chmod(0o600)
        assert clinic.examine(SIGNING, "--secret-file", "dev.env").codes == set()

    def test_one_that_nobody_uses(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module(secrets=["API_KEY"])
            def main(state): ...
            """,
            environment={"API_KEY": "long-enough"},
        )
        assert run.finding("secret-not-used")["where"] == "API_KEY"

    def test_one_that_only_a_handler_uses_is_not_judged(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module(secrets=["API_KEY"])
            def main(state):
                @state.on("sign")
                def sign():
                    return state.secrets["API_KEY"]
            """,
            environment={"API_KEY": "long-enough"},
        )
        assert run.codes == set()
        assert {"the use of API_KEY", "message handlers sign"} <= set(run.unchecked)

    def test_one_that_logs_would_show(self, clinic: Clinic) -> None:
        run = clinic.examine(SIGNING, environment={"API_KEY": "abc"})
        assert (run.code, run.finding("secret-not-hidden")["severity"]) == (0, "note")

    def test_its_value_is_in_no_quoted_line(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module(secrets=["API_KEY"])
            def main(state):
                print("the key is", state.secrets["API_KEY"].expose_secret())
                raise ValueError(state.secrets["API_KEY"].expose_secret() + "hunter2-hunter2")
            """,
            environment={"API_KEY": "hunter2-hunter2"},
        )
        assert run.codes == {"function-failed", "print-on-stdout"}
        assert "[REDACTED]" in run.output
        assert "hunter2" not in run.output, "not even in the line of source that writes it out"


class TestStandardStreams:
    def test_a_print_is_counted_and_quoted(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module
            def main(state):
                for number in range(3):
                    print("packing", number)
            """
        )
        finding = run.finding("print-on-stdout")
        assert (finding["where"], finding["severity"]) == ("patient.py:7", "note")
        assert "3 lines" in finding["what"]

    def test_without_the_guard_it_is_an_error(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module
            def main(state):
                print("packing", flush=True)
            """,
            "--env",
            "PYWATT_STDIO_GUARD=false",
        )
        assert run.finding("print-on-stdout")["severity"] == "error"

    def test_a_module_that_asks_a_person(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import sys
            from pywatt import pywatt_module

            @pywatt_module
            def main(state):
                sys.stdin.readline()
            """
        )
        assert run.finding("reads-stdin")["where"] == "patient.py:7"


class TestHandlers:
    def test_two_handlers_for_one_endpoint_are_both_named(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            @pywatt_module
            def main(state):
                @state.on("price")
                def first(): ...

                @state.on("price")
                def second(): ...
            """
        )
        assert run.codes == {"duplicate-handler"}
        what = run.finding("duplicate-handler")["what"]
        assert "first (patient.py:6)" in what
        assert "second (patient.py:9)" in what

    @pytest.mark.parametrize("framework", ["fastapi.FastAPI", "flask.Flask"])
    def test_two_routes_for_the_same_requests(self, clinic: Clinic, framework: str) -> None:
        package, name = framework.split(".")
        run = clinic.examine(
            f"""
            from {package} import {name}
            from pywatt import pywatt_module

            @pywatt_module
            def main(state):
                app = {name}({"__name__" if name == "Flask" else ""})

                @app.get("/price")
                def first():
                    return "1"

                @app.get("/price")
                def second():
                    return "2"

                return app
            """
        )
        what = run.finding("duplicate-handler")["what"]
        assert what.startswith("GET /price has two handlers: first (patient.py:9) and second (patient.py:13)")

    def test_a_handler_that_takes_the_place_of_another(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            from pywatt import pywatt_module

            def first(*message): ...
            def second(*message): ...

            @pywatt_module
            def main(state):
                state.register_module_message_handler("till", first)
                state.register_module_message_handler("till", second)
            """
        )
        what = run.finding("duplicate-handler")["what"]
        assert "second (patient.py:5) takes the place of first (patient.py:4)" in what


class TestBlockingCalls:
    def test_in_a_handler_the_users_line_comes_first(self, clinic: Clinic) -> None:
        run = clinic.examine_routes(
            """
            import time

            @app.get("/slow")
            async def slow():
                time.sleep(0.4)
            """
        )
        finding = run.finding("blocking-call")
        assert (finding["where"], "under GET /slow" in finding["what"]) == ("patient.py:16", True)
        assert finding["quote"][0] == "> patient.py:16 in slow: time.sleep(0.4)"

    def test_while_it_starts(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import time
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                time.sleep(0.8)
            """
        )
        assert "while the module starts" in run.finding("blocking-call")["what"]

    def test_while_nothing_is_asked_of_it(self, clinic: Clinic) -> None:
        run = clinic.examine(
            """
            import asyncio, time
            from pywatt import pywatt_module

            async def poll():
                while True:
                    await asyncio.sleep(0.1)
                    time.sleep(0.3)

            @pywatt_module
            async def main(state):
                state.run(poll())
            """
        )
        finding = run.finding("blocking-call")
        assert (finding["where"], "nothing was asked" in finding["what"]) == ("patient.py:8", True)
