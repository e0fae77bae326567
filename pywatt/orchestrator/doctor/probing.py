"""Asks a module that is ready: heartbeats, and a GET of every endpoint that needs nothing to be asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pywatt.errors import ModuleUnavailable, NetworkError
from pywatt.observe.starvation import starved_seconds
from pywatt.orchestrator.doctor.evidence import Probe
from pywatt.orchestrator.supervision.http_probe import ProbeError, ProbeTimeout, probe_status
from pywatt_fast import HttpRequest, new_identifier

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.protocol.operations import EndpointAnnounce

MAX_PROBES: Final = 50
PROBE_TIMEOUT: Final = 5.0
PROBING_TIME: Final = 20.0
"""Seconds after which no further endpoint is asked."""

NO_TIME_LEFT: Final = f"the others took more than {PROBING_TIME:g} s, or the module ended"
HEARTBEAT_TIMEOUT: Final = 1.0
HEARTBEATS: Final = 2
_PARAMETER_MARKS: Final = (":", "*", "{", "<")


def plan_probes(
    endpoints: list[EndpointAnnounce], *, requests: bool
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the paths to ask for, and the endpoints that are not asked, each with the reason.

    Args:
        endpoints: as announced.
        requests: whether any may be asked.
    """
    paths: list[str] = []
    skipped: list[tuple[str, str]] = []
    for endpoint in endpoints:
        others = [method for method in endpoint.methods if method.upper() != "GET"]
        if others:
            methods = ", ".join(others)
            skipped.append(
                (f"{methods} {endpoint.path}", "only GET is asked: another method may change something")
            )
        if len(others) == len(endpoint.methods):
            continue
        reason = _reason_to_skip(endpoint.path, requests=requests, asked=len(paths))
        if reason:
            skipped.append((f"GET {endpoint.path}", reason))
        else:
            paths.append(endpoint.path)
    return paths, skipped


def _reason_to_skip(path: str, *, requests: bool, asked: int) -> str:
    if any(part.startswith(_PARAMETER_MARKS) for part in path.split("/")):
        return "it has parameters in its path"
    if not requests:
        return "no requests were wanted (--no-requests)"
    return f"{MAX_PROBES} endpoints were asked already" if asked >= MAX_PROBES else ""


async def send_heartbeats(module: ManagedModule) -> tuple[int, int]:
    """Return how many heartbeats were sent, and how many were answered.

    Args:
        module: it is ready.
    """
    answered = 0
    for _ in range(HEARTBEATS):
        answered += await module.link.heartbeat(HEARTBEAT_TIMEOUT)
    return HEARTBEATS, answered


async def ask_endpoints(
    module: ManagedModule, paths: list[str], progress: Callable[[str], None]
) -> list[Probe]:
    """Send a GET to each path, one after the other, until the time for it is over or the module ends.

    Args:
        module: it is ready.
        paths: what to ask for.
        progress: is told what is asked now.
    """
    probes: list[Probe] = []
    end = time.monotonic() + PROBING_TIME
    for path in paths:
        if module.pid is None or time.monotonic() >= end:
            break
        progress(f"asking GET {path}")
        probes.append(await _ask(module, path))
    return probes


async def _ask(module: ManagedModule, path: str) -> Probe:
    began, starved = time.monotonic(), _starved(module)
    status: int | None = None
    problem = ""
    try:
        address = module.http_address
        if address is not None:
            status = await probe_status(address, path, PROBE_TIMEOUT)
        else:
            request = HttpRequest(new_identifier(), "GET", path, {"accept": "*/*", "host": "doctor"}, None)
            status = (await module.link.exchange(request, PROBE_TIMEOUT)).status_code
    except (TimeoutError, ProbeTimeout):
        pass
    except (ProbeError, ModuleUnavailable, NetworkError) as error:
        problem = str(error)
    seconds = time.monotonic() - began
    return Probe(path, began, seconds, status, problem, max(0.0, _starved(module) - starved))


def _starved(module: ManagedModule) -> float:
    """For how long the machine has kept the module's thread and this one from running."""
    return starved_seconds(module.pid or 0) + starved_seconds("thread-self")
