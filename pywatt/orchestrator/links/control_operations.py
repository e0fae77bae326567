"""What a module asks of the orchestrator itself, and the answers: one table."""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final, Protocol

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.errors import NetworkError
from pywatt.orchestrator.links.crate_peer import FIRST_REPEAT, SecretAnswers
from pywatt.protocol.operations import (
    GetSecret,
    Identify,
    PortRequest,
    PortResponse,
    RotationAck,
    SecretValue,
)
from pywatt.protocol.service_operations import (
    DiscoverServiceProviders,
    DiscoverServiceProvidersResponse,
    RegisterServiceProvider,
    RegisterServiceProviderResponse,
    ServiceOperation,
    ServiceOperationResult,
    ServiceRequest,
    ServiceResponse,
)

if TYPE_CHECKING:
    from pywatt.protocol.operations import Operation

_log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
REMEMBERED_PORTS: Final = 64
PORT_ATTEMPTS: Final = 16


class SecretSource(Protocol):
    """Where values of secrets come from."""

    def get(self, name: str) -> str | None:
        """Returns the value, None if no source has it."""


class SecretDesk:
    """Decides what one module may be told.

    Args:
        module: its name.
        allowed: the names it may ask for; None when its file declares them in a way that only running it
            would show.
        source: where the values are.
    """

    def __init__(self, module: str, allowed: Collection[str] | None, source: SecretSource) -> None:
        self._module = module
        self._allowed = allowed
        self._source = source

    def allow(self, names: Collection[str] | None) -> None:
        """Lets the module ask for these names from now on, instead of those before.

        Args:
            names: as for the constructor.
        """
        self._allowed = names

    def look_up(self, name: str) -> tuple[str | None, str]:
        """Returns the value and an empty text, or no value and the reason.

        Args:
            name: as the module asked for it.
        """
        cure = f"list it under secrets in [modules.{self._module}]"
        if self._allowed is None:
            return (
                None,
                f"the secrets that module {self._module} declares are not a plain list of names: {cure}",
            )
        if name not in self._allowed:
            return None, f"module {self._module} may not have the secret {name!r}: {cure}, or declare it"
        value = self._source.get(name)
        if value is None:
            return None, "no source has it: set it in the environment, or in a file that [secrets] from names"
        return value, ""


class PortBook:
    """Finds free ports, and does not name the same one twice in short order."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=REMEMBERED_PORTS)

    def free_port(self, wanted: int | None = None) -> int:
        """Returns a port on the loopback that nobody listens on now.

        Args:
            wanted: the one to take if it is free; None for any.

        Raises:
            OSError: if the wanted port is taken, or none can be had.
        """
        for _ in range(PORT_ATTEMPTS):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                # As a server will do that starts here: connections that linger from before do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((LOOPBACK, wanted or 0))
                port = int(probe.getsockname()[1])
            if wanted or port not in self._recent:
                self._recent.append(port)
                return port
        return port


class ControlOperations:
    """Answers one module.

    Args:
        module: its name.
        secrets: decides what it may be told.
        ports: finds ports for it.
        is_crate: whether it is built with the Rust crate, which knows no refusal and may miss an answer.
    """

    def __init__(self, module: str, secrets: SecretDesk, ports: PortBook, *, is_crate: bool) -> None:
        self._module = module
        self._secrets = secrets
        self._ports = ports
        self._is_crate = is_crate
        self._repeating: SecretAnswers | None = None

    def table(self) -> dict[type, Callable[[Any, Carrier], None]]:
        """Every operation that is answered here, and by what."""
        return {
            Identify: self._identify,
            GetSecret: self._get_secret,
            RotationAck: self._rotation_ack,
            PortRequest: self._port_request,
            ServiceRequest: self._service_request,
            ServiceOperation: self._service_operation,
            RegisterServiceProvider: self._register,
            DiscoverServiceProviders: self._discover,
        }

    def heard(self) -> None:
        """Is told that the module sent a line on its standard output."""
        if self._repeating is not None:
            self._repeating.heard()

    def _identify(self, operation: Identify, carrier: Carrier) -> None:
        if operation.module_id == self._module:
            return
        told = f"module {self._module} calls itself {operation.module_id[:64]!r} on {carrier.label}"
        if carrier.kind is CarrierKind.STDIO:  # whose it is, is beyond doubt
            _log.warning("%s", told)
        else:
            _log.warning("%s: the connection is closed", told)
            carrier.connection.abort()

    def _get_secret(self, operation: GetSecret, carrier: Carrier) -> None:
        name = operation.name
        value, reason = self._secrets.look_up(name)
        if value is None:
            if self._is_crate:
                _log.warning("module %s gets no secret %r: %s", self._module, name[:256], reason)
            else:
                # The module is told the reason, and says it if it cannot do without.
                _log.warning("module %s gets no secret %r", self._module, name[:256])
                self._reply(SecretValue(name=name, value=None, error=reason), carrier)
        elif self._is_crate:
            self.heard()
            self._repeating = SecretAnswers(lambda answer: self._reply(answer, carrier), FIRST_REPEAT)
            self._repeating.answer(SecretValue(name=name, value=value))
        else:
            self._reply(SecretValue(name=name, value=value), carrier)

    def _rotation_ack(self, operation: RotationAck, _carrier: Carrier) -> None:
        level = logging.INFO if operation.status == "success" else logging.WARNING
        _log.log(level, "module %s acknowledged a rotation: %s", self._module, operation.status[:64])

    def _port_request(self, operation: PortRequest, carrier: Carrier) -> None:
        wanted = operation.specific_port
        try:
            answer = PortResponse(
                request_id=operation.request_id,
                success=True,
                port=self._ports.free_port(wanted),
                error_message=None,
            )
        except OSError as error:
            what = f"port {wanted}" if wanted else "a free port"
            answer = PortResponse(
                request_id=operation.request_id,
                success=False,
                port=0,
                error_message=f"cannot have {what}: {error.strerror or error}",
            )
        self._reply(answer, carrier)

    def _service_request(self, operation: ServiceRequest, carrier: Carrier) -> None:
        self._reply(
            ServiceResponse(
                id=operation.id,
                service_type=operation.service_type,
                success=False,
                error=_not_offered("services"),
                connection_id=None,
            ),
            carrier,
        )

    def _service_operation(self, operation: ServiceOperation, carrier: Carrier) -> None:
        # The reference finds its caller by the operation itself, ours by the identifier.
        echo = {key: value for key, value in operation.to_fields().items() if key != "request_id"}
        self._reply(
            ServiceOperationResult(
                success=False,
                error=_not_offered("services"),
                request_id=operation.request_id,
                params=echo,
            ),
            carrier,
        )

    def _register(self, _operation: RegisterServiceProvider, carrier: Carrier) -> None:
        self._reply(
            RegisterServiceProviderResponse(
                success=False, provider_id=None, error=_not_offered("service registration")
            ),
            carrier,
        )

    def _discover(self, _operation: DiscoverServiceProviders, carrier: Carrier) -> None:
        self._reply(
            DiscoverServiceProvidersResponse(
                success=False, providers=[], error=_not_offered("service discovery")
            ),
            carrier,
        )

    def _reply(self, operation: Operation, carrier: Carrier) -> None:
        """Answers on the carrier that the question came on."""
        try:
            carrier.send(operation)
        except NetworkError as error:
            _log.warning("module %s was not told its %s: %s", self._module, operation.op, error)


def _not_offered(feature: str) -> str:
    return f"this orchestrator does not offer {feature}"
