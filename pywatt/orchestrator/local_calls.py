"""Calls by the orchestrator itself, for a person at a command line: through the broker, as any module's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pywatt.messaging.calls import read_reply, request_payload
from pywatt.messaging.requests import PendingRequests
from pywatt_fast import RouteToModule, new_identifier

if TYPE_CHECKING:
    from pywatt.errors import CallError
    from pywatt.orchestrator.broker import Broker
    from pywatt_fast import RoutedModuleResponse

LOCAL_CALLER: Final = "@orchestrator"
"""Who calls, as the called module sees it; no module can have this name."""

MAX_CALLS: Final = 256
_GRACE: Final = 5.0  # seconds after the broker's own deadline, which answers first


class LocalCaller:
    """A caller beside the modules.

    Args:
        broker: carries its calls.
    """

    def __init__(self, broker: Broker) -> None:
        self.name = LOCAL_CALLER
        self._broker = broker
        self._pending = PendingRequests(MAX_CALLS, "calls from command lines")
        self._lost: CallError | None = None
        broker.add_caller(self)

    async def call(self, module: str, endpoint: str, content: object, timeout: float) -> object:
        """Call an endpoint of a module and return its answer. A call that is cancelled is forgotten.

        Args:
            module: its name.
            endpoint: what it registered.
            content: any JSON value.
            timeout: how long to wait, in seconds.

        Raises:
            CallError: the call failed; its code says how.
            SendQueueFull: too many calls wait already.
        """
        request_id = new_identifier()
        payload = request_payload(endpoint, content, source=self.name, destination=module, timeout=timeout)
        answer = self._pending.open(request_id, timeout + _GRACE)
        try:
            self._broker.route(self, RouteToModule(module, endpoint, request_id, payload))
            return read_reply(await answer, request_id)
        finally:
            self._pending.discard(request_id)
            self._broker.give_up(self.name, request_id)

    def notify(self, module: str, endpoint: str, content: object) -> None:
        """Send a message that nobody answers.

        Args:
            module: its name.
            endpoint: what it registered.
            content: any JSON value.

        Raises:
            CallError: it could not be sent.
        """
        payload = request_payload(
            endpoint, content, source=self.name, destination=module, timeout=None, notify=True
        )
        self._lost = None
        self._broker.route(self, RouteToModule(module, endpoint, new_identifier(), payload))
        if self._lost is not None:
            raise self._lost

    def receive(self, response: RoutedModuleResponse) -> None:
        """Take the answer to a call.

        Args:
            response: from the broker.
        """
        self._pending.complete(response.request_id, response.payload)

    def lose(self, error: CallError) -> None:
        """Take note that a notification is lost.

        Args:
            error: why.
        """
        self._lost = error
