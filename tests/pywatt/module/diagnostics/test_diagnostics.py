"""What a module process records about itself, and that it does so only when it is asked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

DEADLINE = 30.0
INIT = {
    "orchestrator_api": "http://127.0.0.1:9",
    "module_id": "patient",
    "env": {},
    "listen": "127.0.0.1:0",
}
HELLO = """
    from pywatt import pywatt_module

    @pywatt_module
    def main(state):
        print("hello")
"""


class Patient:
    """A module that is given its first line and the end of its input, and what it recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = folder / "records"

    def run(
        self, text: str, *, as_script: bool = False, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        (self.folder / "patient.py").write_text(textwrap.dedent(text))
        variables = {"IPC_ONLY": "true", "PYWATT_DIAGNOSTICS": str(self.records)}
        return subprocess.run(
            [sys.executable, *([] if as_script else ["-m", "pywatt"]), "patient.py"],
            cwd=self.folder,
            env={**os.environ, **variables, **(environment or {})},
            input=json.dumps(INIT) + "\n",
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def recorded(self, kind: str) -> list[dict[str, Any]]:
        documents = [json.loads(line) for line in self.records.read_text().splitlines()]
        return [document for document in documents if document["kind"] == kind]


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path)


def test_without_the_variable_nothing_of_it_is_loaded(patient: Patient) -> None:
    text = """
        import sys
        from pywatt import pywatt_module

        @pywatt_module
        def main(state):
            assert not [name for name in sys.modules if "diagnostic" in name]
    """
    done = patient.run(text, environment={"PYWATT_DIAGNOSTICS": ""})
    assert done.returncode == 0, done.stderr
    assert not patient.records.exists()


def test_children_of_the_module_are_not_asked(patient: Patient) -> None:
    text = """
        import os
        from pywatt import pywatt_module

        @pywatt_module
        def main(state):
            assert "PYWATT_DIAGNOSTICS" not in os.environ
            if os.fork() == 0:
                print("of a fork")
                os._exit(0)
            os.wait()
    """
    assert patient.run(text).returncode == 0
    assert patient.recorded("output") == []


def test_each_step_of_the_start_has_its_time(patient: Patient) -> None:
    assert patient.run(HELLO).returncode == 0
    phases = [record["name"] for record in patient.recorded("phase")]
    assert phases[0] == "first line"
    assert (
        phases.index("import of the module") < phases.index("module function") < phases.index("announcement")
    )
    times = [record["at"] for record in patient.recorded("phase")]
    assert times == sorted(times)


def test_a_file_that_cannot_be_written_does_not_stop_the_module(patient: Patient) -> None:
    done = patient.run(HELLO, environment={"PYWATT_DIAGNOSTICS": str(patient.folder / "absent" / "records")})
    assert done.returncode == 0
    assert "not diagnosed" in done.stderr


def test_a_disk_that_is_full_does_not_either(patient: Patient) -> None:
    assert patient.run(HELLO, environment={"PYWATT_DIAGNOSTICS": "/dev/full"}).returncode == 0


def test_only_the_owner_may_read_the_records(patient: Patient) -> None:
    patient.run(HELLO)
    assert patient.records.stat().st_mode & 0o077 == 0


def test_an_import_knows_who_asked_for_it(patient: Patient) -> None:
    (patient.folder / "outer.py").write_text("import inner\n")
    (patient.folder / "inner.py").write_text("import time\ntime.sleep(0.05)\n")
    patient.run("import outer\n" + textwrap.dedent(HELLO))
    imports = {record["name"]: record for record in patient.recorded("import")}
    assert imports["inner"]["importer"] == "outer"
    assert imports["outer"]["place"]["text"] == "import outer"
    assert imports["outer"]["whole"] >= imports["inner"]["whole"] >= 0.05


def test_a_write_to_standard_output_knows_its_place_and_its_number(patient: Patient) -> None:
    text = """
        from pywatt import pywatt_module

        @pywatt_module
        def main(state):
            for number in range(4):
                print("number", number)
    """
    done = patient.run(text)
    (place,) = [record["place"] for record in patient.recorded("output")]
    assert (place["line"], place["own"]) == (7, True)
    assert patient.recorded("output-total")[0]["places"][0]["count"] == 4
    assert "number 3" in done.stderr


def test_a_program_that_looks_for_the_buffer_of_standard_output_finds_it(patient: Patient) -> None:
    text = """
        import sys
        from pywatt import pywatt_module

        @pywatt_module
        def main(state):
            sys.stdout.buffer.write(b"raw\\n")
            sys.stdout.writelines(["one\\n", "two\\n"])
            sys.stdout.flush()
            assert sys.stdout.encoding and sys.stdin.read() == ""
    """
    done = patient.run(text)
    assert done.returncode == 0, done.stderr
    assert patient.recorded("input")[0]["place"]["line"] == 10


def test_what_blocks_the_loop_is_seen_with_its_stack(patient: Patient) -> None:
    text = """
        import time
        from pywatt import pywatt_module

        @pywatt_module
        async def main(state):
            time.sleep(0.5)
    """
    patient.run(text)
    (blocked,) = patient.recorded("blocked")
    assert blocked["stack"][-1]["text"] == "time.sleep(0.5)"
    assert patient.recorded("unblocked")[0]["number"] == blocked["number"]


def test_so_is_a_call_that_stops_all_threads(patient: Patient) -> None:
    # Several times: the thread that looks gets the lock behind each call, but may come late once.
    text = """
        from pywatt import pywatt_module

        @pywatt_module
        async def main(state):
            for _ in range(3):
                sum(range(30_000_000))
    """
    patient.run(text)
    assert "sum(range(30_000_000))" in [
        blocked["stack"][-1]["text"] for blocked in patient.recorded("blocked")
    ]


def test_the_line_that_runs_the_loop_is_not_what_blocks_it(patient: Patient) -> None:
    text = """
        import threading
        from pywatt import pywatt_module

        def hold_the_lock():
            for _ in range(3):
                sum(range(20_000_000))

        @pywatt_module
        async def main(state):
            threading.Thread(target=hold_the_lock).start()

        main.run()
    """
    assert patient.run(text, as_script=True).returncode == 0
    stacks = [blocked["stack"] for blocked in patient.recorded("blocked")]
    assert "main.run()" not in [frame["text"] for stack in stacks for frame in stack]


def test_an_error_is_told_with_what_led_to_it(patient: Patient) -> None:
    text = """
        from pywatt import pywatt_module

        @pywatt_module
        def main(state):
            return {}["absent"]
    """
    assert patient.run(text).returncode == 1
    first, last = patient.recorded("failure")[0]["errors"]
    assert (first["type"], last["type"]) == ("KeyError", "BootstrapError")
    assert first["stack"][-1]["line"] == 6


def test_a_secret_is_in_no_record(patient: Patient) -> None:
    text = """
        from pywatt import pywatt_module
        from pywatt.observe.redaction import register_secret

        register_secret("hunter2-hunter2")

        @pywatt_module
        def main(state):
            print("the key is hunter2-hunter2")
            raise ValueError("hunter2-hunter2")
    """
    patient.run(text)
    assert patient.recorded("failure")
    assert "hunter2-hunter2" not in patient.records.read_text()
