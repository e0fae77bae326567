"""orjson: the envelope as a dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson


def encoder(envelope: dict[str, Any]) -> Callable[[], object]:
    """A step that writes the envelope."""
    return lambda: orjson.dumps(envelope)


def decoder(envelope: dict[str, Any]) -> Callable[[], object]:
    """A step that reads the envelope."""
    text = orjson.dumps(envelope)
    return lambda: orjson.loads(text)
