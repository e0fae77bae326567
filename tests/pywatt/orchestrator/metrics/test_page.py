"""The page of metrics of real modules, as Prometheus reads it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families
from supervised import READY, Workshop, workshop

from pywatt.orchestrator.broker import Broker
from pywatt.orchestrator.metrics.page import write_page
from pywatt.orchestrator.metrics.request_counts import RequestCounts
from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["workshop"]

Samples = dict[tuple[str, ...], float]


def write(*modules: ManagedModule, lost_lines: Mapping[str, int] | None = None) -> str:
    by_name = {module.name: module for module in modules}
    return write_page(modules, RequestCounts(by_name), Broker(by_name), lost_lines or {}).decode()


def read(page: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def test_a_module_is_shown_with_its_state(workshop: Workshop) -> None:
    samples = read(write(await workshop.start_one()))
    assert samples["pywatt_module_ready", "one"] == 1
    assert samples["pywatt_module_state", "one", "ready"] == 1
    assert samples["pywatt_module_state", "one", "failed"] == 0
    assert samples["pywatt_module_state_change_timestamp_seconds", "one"] > 1e9


async def test_restarts_are_counted(workshop: Workshop) -> None:
    module = workshop.start(
        workshop.configuration("one", "sys.exit(1)\n", restart={"exit_limit": 3})
    ).modules["one"]
    await workshop.until_state(module, ModuleState.CRASH_LOOPING)
    samples = read(write(module))
    assert samples["pywatt_module_restarts_total", "one"] == 2
    assert samples["pywatt_module_state", "one", "crash-looping"] == 1
    assert samples["pywatt_module_ready", "one"] == 0


async def test_missed_heartbeats_are_counted(workshop: Workshop) -> None:
    deaf = """
    announce()
    hear()
    say(op="heartbeat_ack")
    threading.Event().wait()
    """
    module = await workshop.start_one(deaf, heartbeat_interval=0.05, heartbeat_timeout=10.0)
    await workshop.until_state(module, ModuleState.UNREADY)
    assert read(write(module))["pywatt_module_heartbeats_missed_total", "one"] >= 3


@pytest.mark.skipif(sys.platform != "linux", reason="what processes take is read from /proc")
async def test_processes_are_shown_with_what_they_take(workshop: Workshop) -> None:
    child = "child = subprocess.Popen(['sleep', '1000'])\n"
    module = await workshop.start_one(child + READY)
    samples = read(write(module))
    assert samples["pywatt_module_processes", "one"] == 2
    assert samples["pywatt_module_cpu_seconds_total", "one"] >= 0
    assert samples["pywatt_module_resident_memory_bytes", "one"] > 1_000_000
    assert samples["process_cpu_seconds_total",] > 0
    assert samples["process_resident_memory_bytes",] > 1_000_000
    assert samples["process_open_fds",] > 3


async def test_a_module_without_a_process_takes_nothing(workshop: Workshop) -> None:
    module = workshop.supervise(workshop.configuration("one")).modules["one"]
    assert ("pywatt_module_cpu_seconds_total", "one") not in read(write(module))


@pytest.mark.parametrize(
    "series",
    [
        *(("pywatt_gateway_requests_total", code) for code in ("2xx", "4xx", "5xx", "abandoned")),
        *(("pywatt_calls_total", outcome) for outcome in ("ok", "timeout", "unavailable", "application")),
        *(("pywatt_notifications_total", outcome) for outcome in ("delivered", "lost")),
    ],
)
async def test_counters_are_there_before_they_count(workshop: Workshop, series: tuple[str, str]) -> None:
    module = workshop.supervise(workshop.configuration("one")).modules["one"]
    samples = read(write(module))
    assert samples[series[0], "one", series[1]] == 0
    assert series not in samples  # nothing of no module


async def test_lines_of_log_that_were_lost_are_counted(workshop: Workshop) -> None:
    module = workshop.supervise(workshop.configuration("one")).modules["one"]
    assert read(write(module))["pywatt_log_lines_lost_total", "one"] == 0
    assert read(write(module, lost_lines={"one": 7}))["pywatt_log_lines_lost_total", "one"] == 7


async def test_names_and_units_follow_the_conventions(workshop: Workshop) -> None:
    page = write(await workshop.start_one())
    for family in text_string_to_metric_families(page):
        assert re.fullmatch(r"(pywatt|process)_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        # The parser takes the ending off a counter's name.
        named = [sample.name for sample in family.samples]
        assert (family.type == "counter") == all(name.endswith("_total") for name in named), family.name
        if "duration" in family.name or "timestamp" in family.name:
            assert family.name.endswith("_seconds")
        assert {label for sample in family.samples for label in sample.labels} <= {
            "module",
            "state",
            "code",
            "outcome",
            "le",
            "version",
            "core",
            "python_version",
        }


async def test_every_series_stands_once(workshop: Workshop) -> None:
    page = write(await workshop.start_one())
    series = [line.rpartition(" ")[0] for line in page.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
