"""The operations of a module's life that are not hot: identity, announcement, secrets, ports, stopping.

The hot ones (HTTP, routed messages, heartbeats) are native classes of the core.
"""

# Annotations stay real types here: the strict converter reads them.

from typing import Annotated, ClassVar

import attrs

from pywatt.protocol.init import InitBlob
from pywatt.protocol.records import ADDED, CONTENT, OMITTED, ControlOperation, redacted
from pywatt.protocol.strict_values import U16, RefusedFieldError
from pywatt_fast import HotOperation

Operation = HotOperation | ControlOperation


@attrs.frozen
class Identify(ControlOperation):
    """Says which module is at the other end of a connection.

    Args:
        module_id: the module's name.
        identify: the same name, for older orchestrators; taken from `module_id` when not given.
        extensions: what the module accepts of the orchestrator's offer.
    """

    op: ClassVar[str] = "identify"

    module_id: str
    identify: str = attrs.field()
    extensions: dict[str, object] | None = attrs.field(
        default=None, metadata={OMITTED: True, CONTENT: True, ADDED: dict}
    )

    @identify.default
    def _same_name(self) -> str:
        return self.module_id

    @identify.validator
    def _check_spellings(self, _field: object, value: str) -> None:
        if value != self.module_id:
            raise RefusedFieldError("identify", "differs from `module_id`")


@attrs.frozen
class EndpointAnnounce:
    """One announced HTTP endpoint.

    Args:
        path: with `:name` for a segment and `*name` for the rest.
        methods: in upper case.
        auth: "jwt", or None.
    """

    path: str
    methods: list[str]
    auth: str | None = attrs.field(default=None, metadata={OMITTED: True})


@attrs.frozen
class Announce(ControlOperation):
    """Says where a module listens and what it serves.

    Args:
        listen: `IP:PORT`, a Unix path, or empty when nothing is bound.
        endpoints: what it serves.
    """

    op: ClassVar[str] = "announce"

    listen: str
    endpoints: list[EndpointAnnounce]


@attrs.frozen
class GetSecret(ControlOperation):
    """Asks for a secret.

    Args:
        name: which one.
    """

    op: ClassVar[str] = "get_secret"

    name: str


@attrs.frozen
class RotationAck(ControlOperation):
    """Says that a rotation was dealt with.

    Args:
        rotation_id: which one.
        status: "success" or "error".
        message: why it failed.
    """

    op: ClassVar[str] = "rotation_ack"

    rotation_id: str
    status: str
    message: str | None = attrs.field(default=None, metadata={OMITTED: True})


@attrs.frozen
class PortRequest(ControlOperation):
    """Asks for a port to listen on.

    Args:
        request_id: chosen by the module.
        specific_port: the wish for a certain one.
    """

    op: ClassVar[str] = "port_request"

    request_id: str
    specific_port: Annotated[int, U16] | None = None


@attrs.frozen
class Init(ControlOperation):
    """The first message to a module.

    Args:
        blob: what it says.
    """

    op: ClassVar[str] = "init"

    blob: InitBlob

    def to_fields(self) -> dict[str, object]:
        """The blob's own fields: they stand beside `op`."""
        return self.blob.to_fields()


@attrs.frozen
class SecretValue(ControlOperation):
    """A secret, or the reason why there is none.

    Args:
        name: which one.
        value: what it is; None when there is none.
        error: why there is none; a form that the reference does not know.
        rotation_id: the rotation that it belongs to.
    """

    op: ClassVar[str] = "secret"

    name: str
    value: str | None = attrs.field(default=None, repr=redacted, metadata={OMITTED: True})
    error: str | None = attrs.field(default=None, metadata={OMITTED: True})
    rotation_id: str | None = attrs.field(default=None, metadata={OMITTED: True})


@attrs.frozen
class Rotated(ControlOperation):
    """Says that secrets have new values.

    Args:
        keys: their names.
        rotation_id: what the acknowledgement repeats.
    """

    op: ClassVar[str] = "rotated"

    keys: list[str]
    rotation_id: str


@attrs.frozen
class Shutdown(ControlOperation):
    """Asks the module to finish its work and end."""

    op: ClassVar[str] = "shutdown"


@attrs.frozen
class PortResponse(ControlOperation):
    """Gives a port, or says why not.

    Args:
        request_id: of the request.
        success: whether there is a port.
        port: which one; 0 when there is none.
        error_message: why there is none.
    """

    op: ClassVar[str] = "port_response"

    request_id: str
    success: bool
    port: Annotated[int, U16]
    error_message: str | None = None
