"""What is shown of an orchestrator in the background, from a process of its own: it lets go of its stderr."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, sys
from pywatt.orchestrator.console.background_console import BackgroundConsole

kept = []
console = BackgroundConsole("auto", ["one"])
console.on_own_line = lambda line, module: kept.append(line)
console.event("WARN", "before the start")
console.ready("one", "http://127.0.0.1:9900/m/one/")
console.started()
console.event("WARN", "after the start")
console.ready("one", "http://127.0.0.1:9900/m/one/")
console.close()
print("nobody reads this", file=sys.stderr)
with open(sys.argv[1], "w") as file:
    file.write(os.readlink("/proc/self/fd/2") if sys.platform == "linux" else "/dev/null")
    file.write(f" {len(kept)} {console.shows_logs}")
"""


def test_it_shows_what_comes_before_the_start_and_keeps_the_rest(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, f"{tmp_path}/told"], capture_output=True, check=True, timeout=30
    )
    shown, mark, rest = done.stderr.partition(b"\0")
    assert b"before the start" in shown
    assert (mark, rest) == (b"\0", b"")
    with open(f"{tmp_path}/told") as file:
        assert file.read() == "/dev/null 4 False"


def test_it_starts_although_nobody_reads_any_more(tmp_path: object) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, f"{tmp_path}/told"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    process.stderr.close()
    process.communicate(timeout=30)
    assert process.returncode == 0
