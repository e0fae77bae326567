"""What the gateway and the broker need to know of a module."""

from typing import Protocol

from pywatt.orchestrator.supervision.gate import Gate
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt.protocol.listen import ListenAddress
from pywatt.protocol.operations import Operation
from pywatt_fast import HttpRequest, HttpResponse


class Link(Protocol):
    """The live carriers to a module."""

    def send(self, operation: Operation) -> None:
        """Send on the best carrier.

        Raises:
            NetworkError: there is none, or it takes no more.
        """

    def expect_calls(self) -> None:
        """Is told of a request that the module is given on its own HTTP address."""

    async def exchange(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send a request and wait for its answer.

        Raises:
            ModuleUnavailable: the module is gone, or went while it was asked.
            NetworkError: the request could not be sent.
            TimeoutError: no answer in time.
        """
        ...


class Settings(Protocol):
    """The part of a module's configuration that concerns its requests."""

    @property
    def route(self) -> str | None: ...


class ServedModule(Protocol):
    """A module as those see it who bring it requests; `ManagedModule` is the real one."""

    @property
    def name(self) -> str: ...
    @property
    def configuration(self) -> Settings: ...
    @property
    def state(self) -> ModuleState: ...
    @property
    def is_ready(self) -> bool: ...
    @property
    def gate(self) -> Gate:
        """Decides over what comes for the module."""

    @property
    def generation(self) -> int:
        """The number of its present process; no connection to an earlier one is of any use."""

    @property
    def link(self) -> Link: ...
    @property
    def http_address(self) -> ListenAddress | None:
        """Where the module serves plain HTTP; None when it is asked over its carriers."""

    @property
    def supports_messages(self) -> bool: ...
    @property
    def last_error(self) -> str | None: ...
