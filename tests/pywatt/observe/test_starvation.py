"""The time that a thread waits for a processor, told apart from the time that it takes by itself."""

import subprocess
import sys

import pytest

from pywatt.observe.starvation import processor_time, starved_seconds

ON_ONE_PROCESSOR = """
import os, time
from pywatt.observe.starvation import processor_time

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
begun = time.monotonic()
rival = os.fork()
while time.process_time() < 1.0 if rival == 0 else time.process_time() < 0.3:
    pass
if rival == 0:
    os._exit(0)
print(*processor_time(os.getpid()), *processor_time("thread-self"), time.monotonic() - begun)
os.kill(rival, 9)
os.waitpid(rival, 0)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_a_process_that_has_to_share_its_processor_was_starved() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_ONE_PROCESSOR], capture_output=True, text=True, timeout=60, check=True
    )
    ran, starved, ran_later, starved_later, whole = map(float, done.stdout.split())
    assert 0.2 < ran <= ran_later
    assert 0.01 < starved <= starved_later <= whole


def test_of_a_thread_that_is_not_there_nothing_is_known() -> None:
    assert (processor_time(2**30), starved_seconds(2**30)) == (None, 0.0)
