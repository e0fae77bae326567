"""What can go wrong between a command and the orchestrator; light enough for every command line.

ControlError                 has a code that programs read, and advice for people
|-- NotRunning               no orchestrator runs the configuration
|-- ControlTimeout           no answer, or no end, within the time allowed
`-- ConnectionLost           the orchestrator ended, or closed the connection, before it had answered
"""

from typing import Any

from pywatt.root_error import PyWattSDKError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class ControlError(PyWattSDKError):
    """A command was refused, or failed.

    Args:
        code: what programs tell it by, like "module_not_found".
        message: what happened, and to what.
        advice: what a person can do about it; empty when there is nothing to say.
        details: what belongs to it, as JSON.
    """

    def __init__(
        self, code: str, message: str, advice: str = "", details: "Mapping[str, Any] | None" = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.advice = advice or None
        self.details = dict(details or {})

    def to_json(self) -> dict[str, Any]:
        """Return the form that travels."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "advice": self.advice or ""}
        if self.details:
            error["details"] = self.details
        return error


class NotRunning(ControlError):
    """No orchestrator runs the configuration.

    Args:
        message: which one.
        advice: how to start it, and what runs instead.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__("not_running", message, advice)


class ControlTimeout(ControlError):
    """No answer, or no end, within the time allowed.

    Args:
        message: of what.
        advice: what a person can do about it.
        details: what belongs to it, as JSON.
    """

    def __init__(self, message: str, advice: str = "", details: "Mapping[str, Any] | None" = None) -> None:
        super().__init__("timed_out", message, advice, details)


class ConnectionLost(ControlError):
    """The orchestrator ended, or closed the connection, before it had answered.

    Args:
        message: what was lost.
        advice: what a person can do about it.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__("connection_lost", message, advice)
