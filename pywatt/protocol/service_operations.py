"""The operations about services: databases, caches and others, lent by the orchestrator or another module."""

# Annotations stay real types here: the strict converter reads them.

from typing import Any, ClassVar

import attrs

from pywatt.protocol.records import ADDED, CONTENT, NULL_WHEN_MISSING, OMITTED, ControlOperation, redacted
from pywatt.protocol.service_types import ServiceType


@attrs.frozen
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
    version: str | None = attrs.field(metadata={NULL_WHEN_MISSING: True})
    address: str
    metadata: dict[str, str] | None = None


@attrs.frozen
class DiscoverServiceProviders(ControlOperation):
    """Asks who offers a service.

    Args:
        service_type: its kind.
        all_providers: all of them, or the first.
    """

    op: ClassVar[str] = "discover_service_providers"

    service_type: ServiceType
    all_providers: bool | None = None


@attrs.frozen
class ServiceRequest(ControlOperation):
    """Asks for a connection to a service.

    Args:
        id: chosen by the module.
        service_type: its kind.
        config: any JSON.
    """

    op: ClassVar[str] = "service_request"

    id: str
    service_type: ServiceType
    config: Any = attrs.field(default=None, repr=redacted, metadata={CONTENT: True})


@attrs.frozen
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

    connection_id: str
    service_type: ServiceType
    operation: str
    params: Any = attrs.field(repr=redacted, metadata={CONTENT: True})
    request_id: str | None = attrs.field(default=None, metadata={OMITTED: True, ADDED: str})


@attrs.frozen
class ServiceProviderInfo:
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
    version: str | None = attrs.field(metadata={NULL_WHEN_MISSING: True})
    address: str
    metadata: dict[str, str]
    is_healthy: bool


@attrs.frozen
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


@attrs.frozen
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


@attrs.frozen
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


@attrs.frozen
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

    success: bool
    result: Any = attrs.field(default=None, repr=redacted, metadata={CONTENT: True})
    error: str | None = None
    request_id: str | None = attrs.field(default=None, metadata={OMITTED: True, ADDED: str})
    params: dict[str, object] | None = attrs.field(
        default=None, repr=redacted, metadata={OMITTED: True, CONTENT: True, ADDED: dict}
    )
