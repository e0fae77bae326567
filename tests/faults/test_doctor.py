"""An examination that is killed, and modules that will not be ended."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from clinics import DEADLINE, Clinic
from supervised import is_alive

WRITES_ITS_PID = """
with open("pid", "w") as file:
    print(os.getpid(), file=file)
"""


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + DEADLINE
    while is_alive(pid):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            pytest.fail("the module outlived the doctor that was killed")
        threading.Event().wait(0.02)


def test_a_killed_examination_leaves_no_module(clinic: Clinic) -> None:
    doctor, pid = clinic.start(
        f"""
import os
from pywatt import pywatt_module

@pywatt_module
def main(state): ...
{WRITES_ITS_PID}
"""
    )
    os.kill(doctor.pid, signal.SIGKILL)
    doctor.wait(DEADLINE)
    wait_until_gone(pid)


def test_the_next_one_removes_its_temporary_directory(clinic: Clinic) -> None:
    doctor, pid = clinic.start(f"import os, time\n{WRITES_ITS_PID}\ntime.sleep(300)\n")
    os.kill(doctor.pid, signal.SIGKILL)
    doctor.wait(DEADLINE)
    wait_until_gone(pid)
    (folder,) = clinic.folder.glob("pywatt-doctor-*")
    os.utime(folder, (0, 0))
    clinic.doctor("--time", "1", "--", "true", environment={"TMPDIR": str(clinic.folder)})
    assert not folder.exists()


def test_nor_does_one_that_hangs_in_its_import(clinic: Clinic) -> None:
    doctor, pid = clinic.start(f"import os, time\n{WRITES_ITS_PID}\ntime.sleep(300)\n")
    os.kill(doctor.pid, signal.SIGKILL)
    doctor.wait(DEADLINE)
    wait_until_gone(pid)


def test_a_module_that_ignores_everything_is_ended_all_the_same(clinic: Clinic) -> None:
    run = clinic.examine_program(
        f"""
import os, signal, time

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
{WRITES_ITS_PID}
while True:
    time.sleep(300)
""",
        "--time",
        "2",
    )
    assert run.finding("never-announced")
    assert not is_alive(clinic.pid())


def test_a_module_that_floods_its_log_is_examined_to_the_end(clinic: Clinic) -> None:
    run = clinic.examine(
        """
        import asyncio, sys
        from pywatt import pywatt_module

        async def flood():
            while True:
                print("x" * 200)
                sys.stderr.write("y" * 200 + "\\n")
                await asyncio.sleep(0)

        @pywatt_module
        async def main(state):
            state.run(flood())
        """
    )
    assert run.code == 0, run.output
    assert run.finding("print-on-stdout")["where"] == "patient.py:7"
