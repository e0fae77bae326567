"""The operations about services: databases, caches and others, lent by the orchestrator or another module."""

# Annotations stay real types here: the strict converter reads them.

from typing import Any, ClassVar, Final, Self

from pywatt.protocol.records import ControlOperation, Record
from pywatt.protocol.strict_values import RefusedFieldError, read_variant

_BUILT_IN: Final = ("Database", "Cache", "Jwt")
_CUSTOM: Final = "Custom"


class ServiceType(Record):
    """What kind of service is meant.

    Args:
        name: "Database", "Cache", "Jwt", or the name of a custom kind.
        is_custom: whether it is a custom kind.
    """

    reads_itself: ClassVar[bool] = True

    name: str
    is_custom: bool = False

    @classmethod
    def custom(cls, name: str) -> Self:
        """A kind that the protocol does not name."""
        return cls(name, True)

    @classmethod
    def from_value(cls, value: object) -> Self:
        """The kind that `"Database"` or `{"Custom": name}` stands for."""
        if isinstance(value, dict) and len(value) == 1 and type(value.get(_CUSTOM)) is str:
            return cls(value[_CUSTOM], True)
        try:
            return cls(read_variant(value, _BUILT_IN))
        except RefusedFieldError as error:
            raise RefusedFieldError("", f'{error.reason} or {{"Custom": name}}') from None

    def to_value(self) -> object:
        """The JSON form."""
        return {_CUSTOM: self.name} if self.is_custom else self.name

    def __str__(self) -> str:
        return f"custom:{self.name}" if self.is_custom else self.name.lower()


DATABASE: Final = ServiceType("Database")
CACHE: Final = ServiceType("Cache")
JWT: Final = ServiceType("Jwt")


class RegisterServiceProvider(ControlOperation):
    """Offers a service to other modules.

    Args:
        service_type: its kind.
        name: its name.
        version: its version.
        address: where it is reached.
        metadata: anything else about it.
    """

    op: ClassVar[str] = "register_service_provider"

    service_type: ServiceType
    name: str
    version: str | None
    address: str
    metadata: dict[str, str] | None = None


class DiscoverServiceProviders(ControlOperation):
    """Asks who offers a service.

    Args:
        service_type: its kind.
        all_providers: all of them, or the first.
    """

    op: ClassVar[str] = "discover_service_providers"

    service_type: ServiceType
    all_providers: bool | None = None


class ServiceRequest(ControlOperation):
    """Asks for a connection to a service.

    Args:
        id: chosen by the module.
        service_type: its kind.
        config: any JSON.
    """

    op: ClassVar[str] = "service_request"
    content: ClassVar[frozenset[str]] = frozenset(("config",))
    confidential: ClassVar[frozenset[str]] = frozenset(("config",))

    id: str
    service_type: ServiceType
    config: Any = None


class ServiceOperation(ControlOperation):
    """Does something over a connection to a service.

    Args:
        connection_id: the connection.
        service_type: its kind.
        operation: what to do.
        params: any JSON.
        request_id: what the result repeats; the reference does not know it.
    """

    op: ClassVar[str] = "service_operation"
    omitted: ClassVar[frozenset[str]] = frozenset(("request_id",))
    content: ClassVar[frozenset[str]] = frozenset(("params",))
    confidential: ClassVar[frozenset[str]] = frozenset(("params",))
    added: ClassVar[dict[str, type]] = {"request_id": str}

    connection_id: str
    service_type: ServiceType
    operation: str
    params: Any
    request_id: str | None = None


class ServiceProviderInfo(Record):
    """A module that offers a service.

    Args:
        provider_id: given by the orchestrator.
        module_id: the module.
        service_type: the kind of service.
        name: its name.
        version: its version.
        address: where it is reached.
        metadata: anything else about it.
        is_healthy: whether it answers.
    """

    provider_id: str
    module_id: str
    service_type: ServiceType
    name: str
    version: str | None
    address: str
    metadata: dict[str, str]
    is_healthy: bool


class RegisterServiceProviderResponse(ControlOperation):
    """Answers an offer.

    Args:
        success: whether it was taken.
        provider_id: what it is called.
        error: why it was not.
    """

    op: ClassVar[str] = "register_service_provider_response"

    success: bool
    provider_id: str | None = None
    error: str | None = None


class DiscoverServiceProvidersResponse(ControlOperation):
    """Says who offers a service.

    Args:
        success: whether the question could be answered.
        providers: who.
        error: why it could not.
    """

    op: ClassVar[str] = "discover_service_providers_response"

    success: bool
    providers: list[ServiceProviderInfo]
    error: str | None = None


class ServiceResponse(ControlOperation):
    """Answers a request for a connection.

    Args:
        id: of the request.
        service_type: its kind.
        success: whether there is a connection.
        error: why there is none.
        connection_id: the connection.
    """

    op: ClassVar[str] = "service_response"

    id: str
    service_type: ServiceType
    success: bool
    error: str | None = None
    connection_id: str | None = None


class ServiceOperationResult(ControlOperation):
    """Answers an operation.

    Args:
        success: whether it was done.
        result: any JSON.
        error: why it was not.
        request_id: of the operation; the reference does not know it.
        params: the whole operation again, by which the reference finds who asked.
    """

    op: ClassVar[str] = "service_operation_result"
    omitted: ClassVar[frozenset[str]] = frozenset(("request_id", "params"))
    content: ClassVar[frozenset[str]] = frozenset(("result", "params"))
    confidential: ClassVar[frozenset[str]] = frozenset(("result", "params"))
    added: ClassVar[dict[str, type]] = {"request_id": str, "params": dict}

    success: bool
    result: Any = None
    error: str | None = None
    request_id: str | None = None
    params: dict[str, object] | None = None
