"""The file that records go to: whole lines, bounded, without secrets."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any, Final

from pywatt.observe.diagnostic_records import MAX_FILE, MAX_TEXT, RecordKind
from pywatt.observe.redaction import redact

_MAX_DEPTH: Final = 8


class RecordFile:
    """Appends records to a file; safe to use from any thread.

    A full disk or a file that is gone ends the recording, never the module. A process that the module forks
    records nothing.

    Args:
        path: the file; made if it is not there.
        limit: bytes after which nothing more is written.
    """

    def __init__(self, path: str, limit: int = MAX_FILE) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._left = limit
        # The code that writes may itself print or import, and is then observed again on the same thread.
        self._lock = threading.RLock()
        self._owner = os.getpid()

    def write(self, kind: RecordKind, **fields: Any) -> None:
        """Append one record.

        Args:
            kind: what it tells.
            fields: values that JSON can hold; secrets are removed from every text.
        """
        if os.getpid() != self._owner:
            return
        with self._lock:
            if self._left <= 0:
                return
            record = {"kind": kind.value, "at": time.monotonic(), **_clean(fields, 0)}
            line = json.dumps(record, ensure_ascii=True).encode() + b"\n"
            self._left -= len(line)
            if self._left <= 0:
                line = json.dumps({"kind": RecordKind.FULL.value, "at": time.monotonic()}).encode() + b"\n"
            try:
                os.write(self._descriptor, line)
            except OSError:
                self._left = 0


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        # Redacted before it is cut: a cut could leave half of a secret.
        return redact(value)[:MAX_TEXT]
    if depth < _MAX_DEPTH:
        if isinstance(value, dict):
            return {key: _clean(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [_clean(inner, depth + 1) for inner in value]
    return value if isinstance(value, (int, float, bool, type(None))) else redact(str(value))[:MAX_TEXT]
