"""Logs as a process writes them."""

import json
import logging
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pywatt.observe.logging import JsonFormatter, level_from_environment, parse_level
from pywatt.observe.redaction import register_secret

ROOT = str(Path(__file__).parents[3])
START = """
import logging, sys
from pywatt.observe.logging import setup_logging, set_level, set_default_level
from pywatt.observe.redaction import register_secret
register_secret("hunter2-secret")
"""


def run(program: str, *, check: bool = True, **variables: str) -> list[dict[str, Any]]:
    """The lines that a process logs."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"RUST_LOG", "PYWATT_LOG_LEVEL"}
    }
    done = subprocess.run(
        [sys.executable, "-c", START + textwrap.dedent(program)],
        env=inherited | {"PYTHONPATH": ROOT} | variables,
        capture_output=True,
        timeout=60,
        check=check,
    )
    assert done.stdout == b""
    assert b"hunter2-secret" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def messages(program: str, **variables: str) -> list[str]:
    return [line["fields"]["message"] for line in run(program, **variables)]


EVERY_LEVEL = """
setup_logging()
log = logging.getLogger("a")
for level in (5, 10, 20, 30, 40, 50):
    log.log(level, str(level))
"""


class TestLayout:
    def test_it_is_that_of_rust(self) -> None:
        (line,) = run(
            "setup_logging()\nlogging.getLogger('shop.orders').info('hello %s', 'you', extra={'k': 1})"
        )

        assert list(line) == ["timestamp", "level", "fields", "target"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])
        assert line["level"] == "INFO"
        assert line["fields"] == {"message": "hello you", "k": 1}
        assert line["target"] == "shop::orders"

    def test_the_levels_have_rust_names(self) -> None:
        lines = run("set_level('trace')\n" + EVERY_LEVEL, PYWATT_LOG_LEVEL="trace")

        assert [line["level"] for line in lines] == ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "ERROR"]

    def test_the_module_is_a_field(self) -> None:
        program = "setup_logging()\nsetup_logging('shop')\nsetup_logging('other')\nlogging.warning('x')"

        assert run(program)[0]["fields"] == {"message": "x", "module_id": "shop"}

    def test_a_second_start_changes_nothing(self) -> None:
        assert messages("setup_logging()\nsetup_logging()\nlogging.warning('once')") == ["once"]

    def test_one_record_is_one_line_of_valid_json(self) -> None:
        program = r"""
        setup_logging()
        class Odd:
            def __str__(self): return "odd\n"
        logging.warning("two\nlines \x00 \ud800 \U0001f511", extra={
            "nested": {"list": [1, 2.5, None, True, {"deep": Odd()}], 3: "key"},
            "number": float("nan"), "bytes": b"\xff", "set": {1}, "self": logging})
        """
        (line,) = run(program)

        assert line["fields"]["message"] == "two\nlines \x00 \\ud800 \U0001f511"
        assert line["fields"]["nested"] == {"list": [1, 2.5, None, True, {"deep": "odd\n"}], "3": "key"}
        assert line["fields"]["number"] == "nan"

    def test_a_structure_without_end_is_cut(self) -> None:
        program = "setup_logging()\ne = []\ne.append(e)\nlogging.warning('x', extra={'endless': e})"

        assert "[...]" in json.dumps(run(program)[0])

    def test_exceptions_travel_in_a_field(self) -> None:
        program = """
        setup_logging()
        try:
            1 / 0
        except ZeroDivisionError:
            logging.exception("broken")
        logging.warning("where", stack_info=True)
        """
        broken, where = run(program)

        assert broken["fields"]["message"] == "broken"
        assert broken["fields"]["exception"].startswith("Traceback (most recent call last):")
        assert broken["fields"]["exception"].endswith("ZeroDivisionError: division by zero")
        assert "Stack" in where["fields"]["stack"]

    def test_of_a_record_that_cannot_be_made_the_place_is_shown_and_nothing_else(self) -> None:
        program = """
        setup_logging()
        class Bad:
            def __str__(self): raise ValueError("hunter2-secret")
        logging.warning("%s", Bad())
        logging.warning("%d", "hunter2-secret")
        """
        assert [line["fields"] for line in run(program)] == [
            {"message": "[REDACTION FAILED]", "error": "ValueError", "place": "<string>:10"},
            {"message": "[REDACTION FAILED]", "error": "TypeError", "place": "<string>:11"},
        ]


class TestLevels:
    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({}, ["20", "30", "40", "50"]),
            ({"PYWATT_LOG_LEVEL": "debug"}, ["10", "20", "30", "40", "50"]),
            ({"PYWATT_LOG_LEVEL": "WARNING", "RUST_LOG": "trace"}, ["30", "40", "50"]),
            ({"RUST_LOG": "error"}, ["40", "50"]),
            ({"RUST_LOG": "hyper=trace,warn,tokio=debug"}, ["30", "40", "50"]),
            ({"RUST_LOG": "hyper=trace"}, ["20", "30", "40", "50"]),
            ({"RUST_LOG": "off"}, []),
            ({"PYWATT_LOG_LEVEL": "loud", "RUST_LOG": "warn"}, ["30", "40", "50"]),
        ],
    )
    def test_the_environment_decides(self, variables: dict[str, str], expected: list[str]) -> None:
        assert messages(EVERY_LEVEL, **variables) == expected

    def test_the_init_line_decides_when_the_environment_does_not(self) -> None:
        program = "setup_logging()\nset_default_level('error')\nlogging.warning('w')\nlogging.error('e')"

        assert messages(program) == ["e"]
        assert messages(program, RUST_LOG="info") == ["w", "e"]
        assert messages("setup_logging()\nset_default_level('?')\nlogging.info('i')") == ["i"]

    def test_it_can_be_changed_later(self) -> None:
        assert messages("setup_logging()\nset_level('Error')\nlogging.warning('w')\nlogging.error('e')") == [
            "e"
        ]
        with pytest.raises(subprocess.CalledProcessError):
            run("setup_logging()\nset_level('loud')")

    def test_names_are_read_in_any_case(self) -> None:
        assert parse_level(" Warn ") == logging.WARNING
        assert parse_level("warning") == logging.WARNING
        assert parse_level("verbose") is None

    def test_no_variable_is_no_level(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("PYWATT_LOG_LEVEL", "RUST_LOG"):
            monkeypatch.delenv(name, raising=False)
        assert level_from_environment() is None


class TestUncaught:
    def test_an_exception_of_the_main_thread(self) -> None:
        (line,) = run("setup_logging()\nraise ValueError('hunter2-secret')", check=False)

        assert line["level"] == "ERROR"
        assert line["fields"]["message"] == "uncaught exception"
        assert line["fields"]["exception"].endswith("ValueError: [REDACTED]")

    def test_an_exception_of_another_thread(self) -> None:
        program = """
        import threading
        setup_logging()
        def work(): raise ValueError("hunter2-secret")
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        """
        (line,) = run(program)

        assert line["fields"]["message"] == "uncaught exception in thread worker"
        assert line["fields"]["exception"].endswith("ValueError: [REDACTED]")

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    def test_an_exception_of_a_callback_and_of_a_forgotten_task(self, loop: str) -> None:
        program = """
        import asyncio, gc
        from pywatt import event_loop
        setup_logging()
        def callback(): raise ValueError("hunter2-secret")
        async def fail(): raise KeyError("hunter2-secret")
        async def main():
            asyncio.get_running_loop().call_soon(callback)
            task = asyncio.create_task(fail())
            await asyncio.wait({task})
            del task
            gc.collect()
        event_loop.run(main())
        """
        lines = run(program, PYWATT_EVENT_LOOP=loop)

        assert [line["target"] for line in lines] == ["asyncio", "asyncio"]
        exceptions = sorted(line["fields"]["exception"].splitlines()[-1] for line in lines)
        assert exceptions == ["KeyError: '[REDACTED]'", "ValueError: [REDACTED]"]

    def test_warnings_are_logged(self) -> None:
        (line,) = run("import warnings\nsetup_logging()\nwarnings.warn('hunter2-secret')")

        assert line["level"] == "WARN"
        assert "UserWarning: [REDACTED]" in line["fields"]["message"]

    def test_an_interrupt_is_no_failure(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", START + "setup_logging()\nraise KeyboardInterrupt"],
            env=os.environ | {"PYTHONPATH": ROOT},
            capture_output=True,
            timeout=60,
            check=False,
        )

        assert b"uncaught" not in done.stderr
        assert done.stderr.rstrip().endswith(b"KeyboardInterrupt")


class TestSecrets:
    @pytest.mark.parametrize(
        "call",
        [
            "logging.warning('hunter2-secret')",
            "logging.warning('%s', 'hunter2-secret')",
            "logging.warning('%(a)s', {'a': 'hunter2-secret'})",
            "logging.warning('hunter2-%s', 'secret')",
            "logging.warning('x', extra={'k': 'hunter2-secret'})",
            "logging.warning('x', extra={'k': {'hunter2-secret': ['hunter2-secret']}})",
            "logging.warning('x', extra={'hunter2-secret': 1})",
            "logging.warning('x', extra={'k': b'hunter2-secret'})",
            "logging.getLogger('hunter2-secret').warning('x')",
            "logging.getLogger('deep.child.logger').warning('hunter2-secret')",
            "logging.exception('x', exc_info=ValueError('hunter2-secret'))",
        ],
    )
    def test_they_do_not_appear_wherever_they_stand(self, call: str) -> None:
        (line,) = run(f"setup_logging()\n{call}")

        assert "[REDACTED]" in json.dumps(line)

    def test_an_exception_of_a_cause(self) -> None:
        program = """
        setup_logging()
        try:
            try:
                raise ValueError("hunter2-secret")
            except ValueError as error:
                raise RuntimeError("outer") from error
        except RuntimeError:
            logging.exception("x")
        """
        assert "ValueError: [REDACTED]" in run(program)[0]["fields"]["exception"]

    def test_a_secret_that_looks_like_json_does_not_break_the_line(self) -> None:
        program = """
        for value in ('","level":"', '"fields":{', "message", "2025", "WARN", 'a"b\\\\c'):
            register_secret(value)
        setup_logging()
        logging.warning('","level":" and a"b\\\\c', extra={"other": "x"})
        """
        (line,) = run(program)

        assert line["level"] == "WARN"
        assert set(line) == {"timestamp", "level", "fields", "target"}

    def test_a_number_can_be_a_secret(self) -> None:
        program = (
            "register_secret('123456')\nsetup_logging()\nlogging.warning('x', extra={'pin': 123456, 'n': 7})"
        )

        assert run(program)[0]["fields"] == {"message": "x", "pin": "[REDACTED]", "n": 7}


def test_a_formatter_can_be_used_elsewhere() -> None:
    register_secret("formatter-secret")
    record = logging.makeLogRecord({"name": "a.b", "levelno": logging.INFO, "msg": "formatter-secret"})
    line = json.loads(JsonFormatter("shop").format(record))

    assert line["fields"] == {"message": "[REDACTED]", "module_id": "shop"}


def test_standard_error_that_is_gone_stops_nobody() -> None:
    program = START + "setup_logging()\nimport os\nos.close(2)\nlogging.warning('x')\nos.write(1, b'alive')\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == b"alive"


def test_logging_costs_nothing_that_asyncio_does_not_load_already() -> None:
    program = """
    import sys, asyncio
    before = set(sys.modules)
    import pywatt.observe.logging
    print(*sorted(name.split(".")[0] for name in set(sys.modules) - before), file=sys.stdout)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        timeout=60,
        check=True,
        text=True,
    )

    assert set(done.stdout.split()) <= {"pywatt", "json", "_json", "datetime", "_datetime", "__future__"}
