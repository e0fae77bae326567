"""The announcement of a module that is written by hand."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pywatt import AnnounceBlob, AnnouncedEndpoint, AnnouncementError, send_announce

ENDPOINTS = [AnnouncedEndpoint("/a", ["GET"]), AnnouncedEndpoint("/b", ["POST"], "jwt")]

HAND_WRITTEN = """
import os, sys
from pywatt import AnnounceBlob, AnnouncedEndpoint, read_init, send_announce
init = read_init()
if sys.stdin.readline() == "cut\\n":
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.close(reading)
send_announce(AnnounceBlob(str(init.listen), [AnnouncedEndpoint("/health", ["GET"])]))
print("after", file=sys.stderr)
"""


def test_it_is_one_line_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    send_announce(AnnounceBlob("127.0.0.1:4102", ENDPOINTS))
    assert capfd.readouterr().out == (
        '{"op":"announce","listen":"127.0.0.1:4102","endpoints":[{"path":"/a","methods":["GET"]},'
        '{"path":"/b","methods":["POST"],"auth":"jwt"}]}\n'
    )


def test_a_module_by_hand_reads_init_and_nothing_behind_it() -> None:
    ended = run_by_hand("rest\n")
    assert ended.stdout == (
        '{"op":"announce","listen":"127.0.0.1:0","endpoints":[{"path":"/health","methods":["GET"]}]}\n'
    )


def test_an_orchestrator_that_closed_its_end_is_no_error() -> None:
    ended = run_by_hand("cut\n")
    assert ended.stdout == ""
    assert "the orchestrator closed its end" in ended.stderr
    assert "after" in ended.stderr


def test_what_cannot_be_written_is_an_error() -> None:
    with pytest.raises(AnnouncementError, match="Error serializing announcement"):
        send_announce(AnnounceBlob(b"\\ud800".decode("unicode_escape"), []))


def run_by_hand(rest: str) -> subprocess.CompletedProcess[str]:
    init = '{"orchestrator_api":"o","module_id":"m","env":{},"listen":"127.0.0.1:0"}\n'
    return subprocess.run(
        [sys.executable, "-c", HAND_WRITTEN],
        input=init + rest,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
