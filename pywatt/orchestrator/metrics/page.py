"""The page of metrics: put together when somebody asks for it, from what is counted and what is there to see.

Each family is described in docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from pywatt.build_info import get_version_info
from pywatt.observe.metrics_text import MetricsText
from pywatt.orchestrator.metrics.call_counts import DELIVERED, LOST, USUAL_OUTCOMES
from pywatt.orchestrator.metrics.process_usage import add_module_processes, add_own_process
from pywatt.orchestrator.metrics.request_counts import USUAL
from pywatt.orchestrator.supervision.module_state import ModuleState

if TYPE_CHECKING:
    from pywatt.observe.metrics_text import Labels
    from pywatt.orchestrator.broker import Broker
    from pywatt.orchestrator.metrics.request_counts import RequestCounts
    from pywatt.orchestrator.supervision.managed_module import ManagedModule


def write_page(
    modules: Collection[ManagedModule],
    requests: RequestCounts,
    broker: Broker,
    lost_lines: Mapping[str, int],
) -> bytes:
    """Write the page.

    Args:
        modules: all of them.
        requests: what the gateway has counted.
        broker: carries the calls.
        lost_lines: by log, how many lines could not be written.
    """
    text = MetricsText()
    _add_build(text)
    _add_modules(text, modules)
    add_module_processes(text, modules)
    add_own_process(text)
    _add_requests(text, requests)
    _add_calls(text, broker)
    _add_queues(text, modules, broker)
    text.counter(
        "pywatt_log_lines_lost_total",
        "Lines that could not be written to the module's log.",
        ((_name(module), lost_lines.get(module.name, 0)) for module in modules),
    )
    return text.render()


def _add_build(text: MetricsText) -> None:
    version = get_version_info()
    labels = {
        "version": version["sdk_version"],
        "core": version["core"],
        "python_version": version["python_version"],
    }
    text.gauge("pywatt_build_info", "What runs here; the value is always 1.", [(labels, 1)])


def _add_modules(text: MetricsText, modules: Collection[ManagedModule]) -> None:
    text.gauge(
        "pywatt_module_ready",
        "Whether the module is ready: 1 or 0.",
        ((_name(module), int(module.is_ready)) for module in modules),
    )
    text.gauge(
        "pywatt_module_state",
        "1 for the state that the module is in, 0 for the others.",
        (
            ({**_name(module), "state": state.value}, int(module.state is state))
            for module in modules
            for state in ModuleState
        ),
    )
    text.gauge(
        "pywatt_module_state_change_timestamp_seconds",
        "When the module came to be in its state, in seconds since the epoch.",
        ((_name(module), module.since) for module in modules),
    )
    text.counter(
        "pywatt_module_restarts_total",
        "Processes that the module has had after its first one.",
        ((_name(module), module.restarts) for module in modules),
    )
    text.counter(
        "pywatt_module_heartbeats_missed_total",
        "Signs of life that the module was asked for and did not give.",
        ((_name(module), module.heartbeats_missed) for module in modules),
    )


def _add_requests(text: MetricsText, requests: RequestCounts) -> None:
    series = [({"module": name}, counted) for name, counted in requests.series()]
    text.counter(
        "pywatt_gateway_requests_total",
        "Requests that the gateway has served, by module and class of status.",
        (
            sample
            for labels, counted in series
            for sample in _by(labels, "code", USUAL, dict(counted.by_class()))
        ),
    )
    text.histogram(
        "pywatt_gateway_request_duration_seconds",
        "Time from the head of a request to the end of its answer.",
        ((labels, counted.durations) for labels, counted in series if labels["module"]),
    )
    text.gauge(
        "pywatt_gateway_requests_in_flight",
        "Requests that are being answered.",
        ((labels, counted.in_flight) for labels, counted in series if labels["module"]),
    )


def _add_calls(text: MetricsText, broker: Broker) -> None:
    series = [({"module": name}, counted) for name, counted in broker.counts.series()]
    text.counter(
        "pywatt_calls_total",
        "Calls between modules, by the called one and their outcome.",
        (
            sample
            for labels, counted in series
            for sample in _by(labels, "outcome", USUAL_OUTCOMES, counted.outcomes)
        ),
    )
    text.histogram(
        "pywatt_call_duration_seconds",
        "Time from a call to its answer or its time-out.",
        ((labels, counted.durations) for labels, counted in series if labels["module"]),
    )
    text.counter(
        "pywatt_notifications_total",
        "Notifications between modules, by the notified one and their outcome.",
        (
            sample
            for labels, counted in series
            for sample in _by(labels, "outcome", (DELIVERED, LOST), counted.notifications)
        ),
    )


def _add_queues(text: MetricsText, modules: Collection[ManagedModule], broker: Broker) -> None:
    waiting = broker.waiting_for()
    text.gauge(
        "pywatt_calls_waiting",
        "Calls that wait for the module's answer.",
        ((_name(module), waiting[module.name]) for module in modules),
    )
    text.gauge(
        "pywatt_module_held",
        "Requests and messages that wait for the module's next process.",
        ((_name(module), len(module.gate.holding)) for module in modules),
    )
    text.gauge(
        "pywatt_module_requests_waiting",
        "Requests that were sent over the module's carriers and are not answered.",
        ((_name(module), module.link.waiting) for module in modules),
    )
    text.gauge(
        "pywatt_module_send_queue_bytes",
        "Bytes that wait to be sent to the module.",
        ((_name(module), _bytes_to_send(module)) for module in modules),
    )


def _by(
    labels: Labels, label: str, usual: Collection[str], counted: Mapping[str, int]
) -> Iterator[tuple[Labels, int]]:
    """Samples by a further label; of a module also those of 0, or `rate` would not see the first failure."""
    counts = {**dict.fromkeys(usual, 0), **counted} if labels["module"] else counted
    return (({**labels, label: value}, count) for value, count in counts.items())


def _bytes_to_send(module: ManagedModule) -> int:
    return sum(carrier.connection.statistics().waiting_to_send for carrier in module.link.carriers)


def _name(module: ManagedModule) -> Labels:
    return {"module": module.name}
