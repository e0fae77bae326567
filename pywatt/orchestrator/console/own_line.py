"""What the orchestrator itself says, as a document of log in the layout that modules have."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pywatt.orchestrator.console.log_layout import utc_text

OWN_TARGET: Final = "pywatt.orchestrator"


def own_document(
    level: str, message: str, target: str, module: str | None, fields: Mapping[str, object]
) -> dict[str, Any]:
    """Return a document of log, written now.

    Args:
        level: "ERROR", "WARN", "INFO", "DEBUG" or "TRACE".
        message: what happened.
        target: where in the code.
        module: the module it is about.
        fields: what belongs to it.
    """
    document: dict[str, Any] = {
        "timestamp": utc_text(datetime.now(UTC)),
        "level": level,
        "fields": {"message": message, **fields},
        "target": target,
    }
    if module is not None:
        document["module"] = module
    return document


def own_line(level: str, message: str, module: str | None, **fields: object) -> str:
    """Return a line of JSON log, without its line feed.

    Args:
        level: as for `own_document`.
        message: what happened, without secrets.
        module: the module it is about.
        fields: what belongs to it.
    """
    return json.dumps(own_document(level, message, OWN_TARGET, module, fields), ensure_ascii=False)
