"""What a service manager is told of real modules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_managers import NotifySocket
from supervised import Workshop, workshop

from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt.orchestrator.supervision.supervisor import Supervisor
from pywatt.orchestrator.systemd.notification import Notifier
from pywatt.orchestrator.systemd.service_manager import ServiceManager

__all__ = ["workshop"]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[NotifySocket]:
    manager = NotifySocket(str(tmp_path / "notify"))
    yield manager
    manager.close()


def serve(supervisor: Supervisor, manager: NotifySocket) -> ServiceManager:
    service = ServiceManager(Notifier(manager.address), supervisor)
    service.open()
    return service


async def test_ready_is_told_when_every_module_is(workshop: Workshop, manager: NotifySocket) -> None:
    supervisor = workshop.supervise(
        workshop.configuration("one"), workshop.configuration("two", after=["one"])
    )
    service = serve(supervisor, manager)
    supervisor.start_all()
    told = await manager.until("READY")
    assert told == {"READY": "1", "MAINPID": str(os.getpid()), "STATUS": "2 of 2 modules ready"}
    assert {"STATUS": "1 of 2 modules ready: two is starting"} in manager.received
    service.close()


async def test_ready_is_told_when_the_others_will_not_be(workshop: Workshop, manager: NotifySocket) -> None:
    supervisor = workshop.supervise(
        workshop.configuration("fine"),
        workshop.configuration("broken", "sys.exit(1)\n", restart={"exit_limit": 2}),
        workshop.configuration("later", after=["broken"]),
    )
    service = serve(supervisor, manager)
    supervisor.start_all()
    told = await manager.until("READY")
    assert told["STATUS"] == "1 of 3 modules ready: broken is crash-looping, later is waiting"
    service.close()


async def test_ready_is_told_once(workshop: Workshop, manager: NotifySocket) -> None:
    supervisor = workshop.supervise(workshop.configuration("one"))
    service = serve(supervisor, manager)
    supervisor.start_all()
    await manager.until("READY")
    await supervisor.modules["one"].stop()
    await workshop.until_state(supervisor.modules["one"], ModuleState.STOPPED)
    supervisor.modules["one"].start()
    await manager.until("STATUS", "1 of 1 modules ready")
    assert sum("READY" in told for told in manager.received) == 1
    service.close()


async def test_nothing_is_ready_any_more_once_it_stops(workshop: Workshop, manager: NotifySocket) -> None:
    notifier = Notifier(manager.address)
    service = ServiceManager(notifier, workshop.supervise(workshop.configuration("one")))
    service.stopping()
    service.open()
    notifier.tell(LAST=1)
    service.close()
    assert await manager.next() == {"STOPPING": "1", "STATUS": "stopping the modules"}
    assert await manager.next() == {"LAST": "1"}


async def test_signs_of_life_keep_coming(workshop: Workshop, manager: NotifySocket) -> None:
    supervisor = workshop.supervise(workshop.configuration("one"))
    service = ServiceManager(Notifier(manager.address, 0.02), supervisor)
    for _ in range(3):
        assert await manager.next() == {"WATCHDOG": "1"}
    service.close()
