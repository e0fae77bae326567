"""Notifications as the service manager receives them."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_managers import NotifySocket, abstract_address

from pywatt.orchestrator.systemd.notification import Notifier

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets exist on Linux only")


@pytest.fixture(params=["path", pytest.param("abstract", marks=ON_LINUX)])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotifySocket]:
    manager = NotifySocket(abstract_address() if request.param == "abstract" else str(tmp_path / "notify"))
    yield manager
    manager.close()


async def test_what_is_told_arrives_in_one_datagram(manager: NotifySocket) -> None:
    notifier = Notifier(manager.address)
    notifier.tell(READY=1, STATUS="all well")
    notifier.close()
    assert await manager.next() == {"READY": "1", "STATUS": "all well"}


async def test_a_line_feed_in_a_text_ends_no_line(manager: NotifySocket) -> None:
    notifier = Notifier(manager.address)
    notifier.tell(STATUS="one\nREADY=1")
    notifier.close()
    assert await manager.next() == {"STATUS": "one READY=1"}


def test_the_variables_are_read_and_removed() -> None:
    environment = {
        "NOTIFY_SOCKET": "/run/notify",
        "WATCHDOG_USEC": "2000000",
        "WATCHDOG_PID": str(os.getpid()),
        "TZ": "UTC",
    }
    assert Notifier.from_environment(environment).watchdog == 2.0
    assert environment == {"TZ": "UTC"}


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"},
    ],
    ids=["none", "zero", "no number", "for another process"],
)
def test_no_sign_of_life_is_wanted(watchdog: dict[str, str]) -> None:
    assert Notifier.from_environment(watchdog).watchdog is None
    assert not watchdog


def test_without_a_manager_nothing_is_told() -> None:
    Notifier.from_environment({}).tell(READY=1)


def test_a_manager_that_is_gone_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(str(tmp_path / "gone"))
    notifier.tell(READY=1)
    notifier.tell(STATUS="still here")
    notifier.close()
    assert [record.getMessage() for record in caplog.records] == [
        "the service manager cannot be told READY: [Errno 2] No such file or directory"
    ]


def test_a_manager_that_takes_nothing_does_not_hold_us_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"))
        while not caplog.records:
            notifier.tell(STATUS="x" * 1000)
        notifier.close()
    assert "timed out" in caplog.text


def test_an_address_of_another_kind_is_named(caplog: pytest.LogCaptureFixture) -> None:
    Notifier("vsock:2:1234").tell(READY=1)
    assert "NOTIFY_SOCKET=vsock:2:1234 is no Unix socket" in caplog.text
