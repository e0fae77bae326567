"""Secrets of a module process: declared, fetched before the function runs, rotated."""

from __future__ import annotations

import json
from typing import Any


def test_secrets_are_fetched_before_the_function_runs_and_never_shown(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module(secrets=["API_KEY", "OTHER"])
        async def main(state: AppState) -> None:
            print("repr", state.secrets["API_KEY"], repr(state.secrets["OTHER"]))
            print("length", len(state.secrets["API_KEY"].expose_secret()))
            import logging
            logging.getLogger("shop").warning("the key is %s", state.secrets["API_KEY"].expose_secret())
            try:
                state.secrets["UNKNOWN"]
            except KeyError as error:
                print(error)
        """
    )
    module.line("identify")
    assert [module.line("get_secret")["name"] for _ in range(2)] == ["API_KEY", "OTHER"]
    module.send({"op": "secret", "name": "OTHER", "value": "second-value"})
    module.send({"op": "secret", "name": "API_KEY", "value": "hunter2-hunter2"})
    module.line("announce")
    module.end_input()
    assert module.exit_code() == 0
    log = module.log_text()
    assert "repr Secret([REDACTED]) Secret([REDACTED])" in log
    assert "length 15" in log
    assert "the key is [REDACTED]" in log
    assert "hunter2" not in log
    assert "declare it with @pywatt_module(secrets=['UNKNOWN'])" in log


def test_a_secret_that_the_orchestrator_refuses_fails_the_start(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import pywatt_module

        @pywatt_module(secrets=["API_KEY"])
        async def main(state): ...
        """
    )
    module.line("identify")
    module.line("get_secret")
    module.send({"op": "secret", "name": "API_KEY", "error": "not allowed"})
    assert module.exit_code() == 1
    assert "secret not found: API_KEY (not allowed)" in json.dumps(module.log_lines()[-1])


def test_a_secret_that_is_never_answered_fails_the_start_in_time(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import pywatt_module

        @pywatt_module(secrets=["API_KEY"], config={"secret_timeout": 0.2})
        async def main(state): ...
        """
    )
    assert module.exit_code() == 1
    assert "API_KEY was not answered in 0.2 s" in module.log_text()


def test_the_state_function_gets_init_and_secrets_and_makes_the_user_state(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        async def build(init, secrets):
            return {"who": init.module_id, "known": sorted(secrets)}

        @pywatt_module(secrets=["KEY"], state=build)
        async def main(state: AppState) -> None:
            print(state.user_state, state.custom is state.user_state)
        """
    )
    module.line("identify")
    module.line("get_secret")
    module.send({"op": "secret", "name": "KEY", "value": "abcd"})
    module.line("announce")
    module.wait_for_log("{'who': 'probe', 'known': ['KEY']} True")


def test_a_rotation_reaches_the_module_and_is_acknowledged_once(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module(secrets=["KEY"], rotate=True)
        async def main(state: AppState) -> None:
            state.secret_client.subscribe_to_rotations(lambda name, secret: print("rotated", name))

            @state.on("length")
            async def length() -> int:
                return len(state.secrets["KEY"].expose_secret())
        """
    )
    module.line("identify")
    module.line("get_secret")
    module.send({"op": "secret", "name": "KEY", "value": "four"})
    module.line("announce")
    for is_first in (True, False):
        module.send({"op": "rotated", "keys": ["KEY", "OTHER"], "rotation_id": "r1"})
        if is_first:
            assert module.line("get_secret") == {"op": "get_secret", "name": "KEY"}
            module.send({"op": "secret", "name": "KEY", "value": "eighteen", "rotation_id": "r1"})
        acknowledged = {"op": "rotation_ack", "rotation_id": "r1", "status": "success"}
        assert module.line("rotation_ack") == acknowledged
    module.send(wire.routed_message("length", None))
    assert wire.decoded(module.line("route_to_module")["payload"]) == 8
    module.wait_for_log("rotated KEY")


def test_without_rotate_the_author_keeps_the_values_of_the_start(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module(secrets=["KEY"])
        async def main(state: AppState) -> None:
            @state.on("lengths")
            async def lengths() -> list[int]:
                newest = await state.secret_client.get_secret("KEY")
                return [len(state.secrets["KEY"].expose_secret()), len(newest.expose_secret())]
        """
    )
    module.line("identify")
    module.line("get_secret")
    module.send({"op": "secret", "name": "KEY", "value": "four"})
    module.line("announce")
    module.send({"op": "rotated", "keys": ["KEY"], "rotation_id": "r1"})
    module.line("get_secret")
    module.send({"op": "secret", "name": "KEY", "value": "eighteen", "rotation_id": "r1"})
    module.line("rotation_ack")
    module.send(wire.routed_message("lengths", None))
    assert wire.decoded(module.line("route_to_module")["payload"]) == [4, 8]


def test_values_of_the_init_line_may_seed_the_secrets(orchestrator: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module(secrets=["DB_PASSWORD"], config={"seed_from_init_env": True})
        async def main(state: AppState) -> None:
            print("the password is", len(state.secrets["DB_PASSWORD"].expose_secret()))
        """,
        init={"env": {"DB_PASSWORD": "correct-horse"}},
    )
    module.line("identify")
    module.line("announce")
    module.wait_for_log("the password is 13")
