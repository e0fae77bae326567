"""The command that calls a message endpoint of a module."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from pywatt.errors import CallError, CallTimeout, SendQueueFull
from pywatt.orchestrator.control.commands import (
    FLAG,
    SECONDS,
    Arguments,
    Command,
    CommandTable,
    Parameter,
    SendItem,
    check_names,
    meant,
)
from pywatt.orchestrator.control.errors import ControlError, ControlTimeout
from pywatt_fast import encode_json

if TYPE_CHECKING:
    from pywatt.orchestrator.local_calls import LocalCaller

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds that a call waits where the client says nothing."""
LONGEST_TIMEOUT: Final = 86_400.0
LONGEST_DETAILS: Final = 1000  # bytes; all of them are in the error for programs

_NAME: Final = Parameter("a text", lambda value: isinstance(value, str) and value != "")
_ANY_VALUE: Final = Parameter("any value", lambda _value: True)


class CallCommands:
    """Calls modules for a person.

    Args:
        modules: the names there are.
        caller: calls.
    """

    def __init__(self, modules: Collection[str], caller: LocalCaller) -> None:
        self._modules = modules
        self._caller = caller

    def table(self) -> CommandTable:
        """Return the commands by name."""
        parameters = {
            "module": _NAME,
            "endpoint": _NAME,
            "payload": _ANY_VALUE,
            "timeout": SECONDS,
            "notify": FLAG,
        }
        return {"call": Command(self._call, parameters)}

    async def _call(self, arguments: Arguments, _send_item: SendItem) -> dict[str, Any]:
        module, endpoint = arguments["module"], arguments["endpoint"]
        for key in ("module", "endpoint"):
            if arguments[key] is None:
                raise ControlError("bad_argument", f"call needs the argument {key!r}")
        check_names(self._modules, [module])
        given = arguments["timeout"]
        seconds = DEFAULT_TIMEOUT if given is None else min(given, LONGEST_TIMEOUT)
        try:
            if arguments["notify"]:
                self._caller.notify(module, endpoint, arguments["payload"])
                return {}
            return {"result": await self._caller.call(module, endpoint, arguments["payload"], seconds)}
        except CallTimeout as error:
            raise ControlTimeout(error.message, f"see what it does: pywatt logs {module}") from None
        except CallError as error:
            details = {} if error.details is None else {"details": error.details}
            advice = _advice(error, module, endpoint)
            raise ControlError(error.code, str(error), advice, details) from None
        except SendQueueFull as error:
            raise ControlError("unavailable", error.message, "try again in a moment") from None


def _advice(error: CallError, module: str, endpoint: str) -> str:
    if error.code == "unavailable":
        return f"see why: pywatt ps {module}"
    if error.code == "internal":
        return f"see why: pywatt logs {module}"
    endpoints = error.details.get("endpoints") if isinstance(error.details, dict) else None
    if error.code == "endpoint_not_found" and isinstance(endpoints, list):
        names = [name for name in endpoints if isinstance(name, str)]
        return meant(endpoint, names) if names else f"{module} has no message endpoint at all"
    if error.details is None:
        return ""
    return f"details: {encode_json(error.details)[:LONGEST_DETAILS].decode(errors='replace')}"
