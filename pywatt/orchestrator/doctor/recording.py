"""What stands around a module under examination and keeps what it does: its log, its secrets, its calls."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from pywatt.errors import CallError
from pywatt.messaging.calls import RESPONSE_ENDPOINT, read_request
from pywatt.observe.redaction import is_hidden, redact
from pywatt.orchestrator.doctor.evidence import AskedSecret, CallAway, LogLine
from pywatt.orchestrator.links.control_operations import SecretDesk
from pywatt.orchestrator.secrets.secret_sources import SecretSources
from pywatt_fast.operations.types import RouteToModule

MAX_LINES: Final = 5000
MAX_LINE: Final = 16 * 1024
MAX_NOISE: Final = 20
MAX_QUOTE: Final = 200
MAX_CALLS: Final = 1000
MAX_SECRETS: Final = 500
MAX_WARNINGS: Final = 50
_GRAVE: Final = ("WARN", "ERROR")


class ModuleRecorder:
    """Takes the lines and the story of a module where a console would.

    Attributes:
        lines: the last that it wrote.
        noise: the first lines on its standard output that are not the protocol.
        noise_count: how many there were.
        calls: messages to modules that do not run here.
        warnings: what its supervision told that a person would want to know.
    """

    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque(maxlen=MAX_LINES)
        self.noise: list[str] = []
        self.noise_count = 0
        self.calls: list[CallAway] = []
        self.warnings: list[str] = []

    def module_lines(self, module: str, lines: bytes) -> None:
        """Keep lines of its log; called on the collector's thread."""
        now = time.monotonic()
        for line in lines.splitlines():
            self.lines.append(LogLine(now, redact(line.decode(errors="replace"))[:MAX_LINE]))

    def tell_unshown(self) -> bool:
        """Nothing waits to be shown."""
        return False

    def event(self, level: str, message: str, module: str | None = None, **fields: object) -> None:
        """Keep what its supervision warns of."""
        text = redact(message)
        if level in _GRAVE and len(self.warnings) < MAX_WARNINGS and text not in self.warnings:
            self.warnings.append(text)

    def unreadable(self, payload: bytes) -> None:
        """Keep a line of its standard output, or a frame, that is no operation."""
        self.noise_count += 1
        if len(self.noise) < MAX_NOISE:
            self.noise.append(redact(payload[:MAX_LINE].decode(errors="replace"))[:MAX_QUOTE])

    def call(self, operation: RouteToModule) -> None:
        """Keep that it called another module."""
        if operation.target_endpoint == RESPONSE_ENDPOINT or len(self.calls) >= MAX_CALLS:
            return
        try:
            endpoint = read_request(operation.payload, operation.target_endpoint).endpoint
        except CallError:
            endpoint = operation.target_endpoint or ""
        self.calls.append(CallAway(time.monotonic(), operation.target_module_id, endpoint))


class RecordingDesk(SecretDesk):
    """Hands out secrets as in earnest, and keeps which were asked for.

    Args:
        module: its name.
        allowed: as for SecretDesk.
        source: where the values are.
        any_name: whether a name that nobody has listed is handed out too.
    """

    def __init__(
        self, module: str, allowed: Collection[str] | None, source: SecretSources, *, any_name: bool
    ) -> None:
        super().__init__(module, allowed, source)
        self._allowed_names = allowed
        self._sources = source
        self._any_name = any_name
        self.asked: dict[str, AskedSecret] = {}

    def look_up(self, name: str) -> tuple[str | None, str]:
        """Returns what a SecretDesk would, and keeps it."""
        listed = self._allowed_names is not None and name in self._allowed_names
        value, reason = super().look_up(name)
        found = self._sources.find(name)
        if value is None and self._any_name and not listed and found is not None:
            value, reason = found[0], ""
        if len(self.asked) < MAX_SECRETS:
            self.asked[name] = AskedSecret(
                name=name,
                source=None if value is None or found is None else found[1],
                reason=reason,
                refused=value is None and found is not None,
                hidden=found is None or is_hidden(found[0]),
                listed=listed,
            )
        return value, reason


class QuietLogging(logging.Handler):
    """Keeps what the orchestrator's own code logs during an examination away from the terminal.

    Args:
        keep: is called with each text.
    """

    def __init__(self, keep: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._keep = keep

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if record.name.partition(".")[0] == "pywatt":
            self._keep(redact(record.getMessage()))

    def __enter__(self) -> QuietLogging:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
