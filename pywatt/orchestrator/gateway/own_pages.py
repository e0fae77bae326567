"""What the gateway answers itself: whether it lives, whether its modules are ready, its metrics.

The probes keep to the customs of Kubernetes (https://kubernetes.io/docs/reference/using-api/health-checks/):
200 or 503, `?verbose` for one line per check, `?exclude=NAME` to leave one out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs

from pywatt.observe.metrics_text import CONTENT_TYPE as METRICS_CONTENT
from pywatt.observe.redaction import redact
from pywatt_fast import encode_json

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.served_module import ServedModule

LIVENESS_PATH: Final = "/livez"
READINESS_PATH: Final = "/readyz"
HEALTH_PATH: Final = "/healthz"
METRICS_PATH: Final = "/metrics"
JSON_CONTENT: Final = "application/json"
TEXT_CONTENT: Final = "text/plain; charset=utf-8"
PING: Final = "ping"
SHUTDOWN: Final = "shutdown"
_MAX_PARAMETERS: Final = 1000


class Page(NamedTuple):
    """A whole answer.

    Attributes:
        status: the HTTP status.
        content_type: of the body.
        body: all of it.
    """

    status: HTTPStatus
    content_type: str
    body: bytes


class _Check(NamedTuple):
    name: str
    failure: str | None  # None: passed
    excluded: bool = False

    @property
    def passed(self) -> bool:
        return self.failure is None or self.excluded

    def __str__(self) -> str:
        if self.excluded:
            return f"[+]{self.name} excluded: ok"
        return f"[+]{self.name} ok" if self.failure is None else f"[-]{self.name} failed: {self.failure}"


class OwnPages:
    """The pages by their path.

    Args:
        modules: every module by its name; looked at anew for each answer.
        metrics: writes the page of metrics; None when there is none.

    Attributes:
        draining: whether the whole stops: not ready any more, whatever the modules are.
    """

    def __init__(
        self, modules: Mapping[str, ServedModule], metrics: Callable[[], bytes] | None = None
    ) -> None:
        self.draining = False
        self._modules = modules
        self._pages: dict[str, Callable[[str], Page]] = {
            LIVENESS_PATH: self._alive,
            HEALTH_PATH: self._alive,
            READINESS_PATH: self._ready,
        }
        if metrics is not None:
            self._pages[METRICS_PATH] = lambda _query: Page(HTTPStatus.OK, METRICS_CONTENT, metrics())

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each page."""
        return tuple(self._pages)

    def has(self, target: str) -> bool:
        """Tell whether a request target is one of these pages.

        Args:
            target: path and query.
        """
        return target.partition("?")[0] in self._pages

    def answer(self, target: str) -> Page:
        """Write the page of a request target.

        Args:
            target: path and query of a page that there is.
        """
        path, _, query = target.partition("?")
        return self._pages[path](query)

    def _alive(self, query: str) -> Page:
        # That this is answered is all there is to check: the event loop turns, the gateway accepts.
        if "verbose" in _parameters(query):
            return _text("livez", [_Check(PING, None)], [])
        return Page(HTTPStatus.OK, JSON_CONTENT, encode_json({"status": "OK"}))

    def _ready(self, query: str) -> Page:
        parameters = _parameters(query)
        excluded = parameters.get("exclude", [])
        checks = [_Check(SHUTDOWN, "the orchestrator stops" if self.draining else None)]
        modules = []
        for name, module in self._modules.items():
            failure = None if module.is_ready else module.state.value
            if failure is not None and module.last_error is not None:
                failure += f": {redact(str(module.last_error))}"
            modules.append(_Check(name, failure, name in excluded))
        checks += modules
        unknown = [name for name in excluded if name not in self._modules]
        if "verbose" in parameters:
            return _text("readyz", checks, unknown)
        passed = all(check.passed for check in checks)
        body = {"ready": passed, "modules": {check.name: self._standing(check) for check in modules}}
        return Page(_status(passed), JSON_CONTENT, encode_json(body))

    def _standing(self, check: _Check) -> dict[str, object]:
        module = self._modules[check.name]
        standing: dict[str, object] = {"ready": module.is_ready, "state": module.state.value}
        if module.last_error is not None:
            standing["error"] = redact(str(module.last_error))
        if check.excluded:
            standing["excluded"] = True
        return standing


def _parameters(query: str) -> dict[str, list[str]]:
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:  # more than that many: a probe means nothing by them
        return {}


def _text(probe: str, checks: list[_Check], unknown: list[str]) -> Page:
    """One line per check, as Kubernetes writes them."""
    lines = [str(check) for check in checks]
    if unknown:
        names = ", ".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    passed = all(check.passed for check in checks)
    lines.append(f"{probe} check {'passed' if passed else 'failed'}")
    return Page(_status(passed), TEXT_CONTENT, "\n".join([*lines, ""]).encode())


def _status(passed: bool) -> HTTPStatus:
    return HTTPStatus.OK if passed else HTTPStatus.SERVICE_UNAVAILABLE
