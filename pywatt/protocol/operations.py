"""The operations of a module's life that are not hot: identity, announcement, secrets, ports, stopping.

The hot ones (HTTP, routed messages, heartbeats) are native classes of the core.
"""

# Annotations stay real types here: the strict converter reads them.

from typing import Annotated, ClassVar, Self

from pywatt.protocol.handshake import read_init_fields
from pywatt.protocol.init import InitBlob
from pywatt.protocol.records import ControlOperation, Record
from pywatt.protocol.strict_values import MISSING, RefusedFieldError, RefusedValueError, read_text
from pywatt.protocol.structuring import U16
from pywatt_fast import HotOperation

Operation = HotOperation | ControlOperation


class Identify(ControlOperation):
    """Says which module is at the other end of a connection.

    Args:
        module_id: the module's name.
        identify: the same name, for older orchestrators; taken from `module_id` when not given.
        extensions: what the module accepts of the orchestrator's offer.
    """

    op: ClassVar[str] = "identify"
    omitted: ClassVar[frozenset[str]] = frozenset(("extensions",))
    content: ClassVar[frozenset[str]] = frozenset(("extensions",))
    added: ClassVar[dict[str, type]] = {"extensions": dict}

    module_id: str
    identify: str
    extensions: dict[str, object] | None = None

    def __init__(
        self, module_id: str, identify: str | None = None, extensions: dict[str, object] | None = None
    ) -> None:
        super().__init__(module_id, module_id if identify is None else identify, extensions)

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> Self:
        """The identity in a decoded object; both spellings must agree."""
        module_id = _text(fields, "module_id")
        if "identify" in fields and _text(fields, "identify") != module_id:
            raise RefusedFieldError("identify", "differs from `module_id`")
        extensions = fields.get("extensions")
        return cls(module_id, module_id, extensions if isinstance(extensions, dict) else None)


class EndpointAnnounce(Record):
    """One announced HTTP endpoint.

    Args:
        path: with `:name` for a segment and `*name` for the rest.
        methods: in upper case.
        auth: "jwt", or None.
    """

    omitted: ClassVar[frozenset[str]] = frozenset(("auth",))

    path: str
    methods: list[str]
    auth: str | None = None


class Announce(ControlOperation):
    """Says where a module listens and what it serves.

    Args:
        listen: `IP:PORT`, a Unix path, or empty when nothing is bound.
        endpoints: what it serves.
    """

    op: ClassVar[str] = "announce"

    listen: str
    endpoints: list[EndpointAnnounce]


class GetSecret(ControlOperation):
    """Asks for a secret.

    Args:
        name: which one.
    """

    op: ClassVar[str] = "get_secret"

    name: str


class RotationAck(ControlOperation):
    """Says that a rotation was dealt with.

    Args:
        rotation_id: which one.
        status: "success" or "error".
        message: why it failed.
    """

    op: ClassVar[str] = "rotation_ack"
    omitted: ClassVar[frozenset[str]] = frozenset(("message",))

    rotation_id: str
    status: str
    message: str | None = None


class PortRequest(ControlOperation):
    """Asks for a port to listen on.

    Args:
        request_id: chosen by the module.
        specific_port: the wish for a certain one.
    """

    op: ClassVar[str] = "port_request"

    request_id: str
    specific_port: Annotated[int, U16] | None = None


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

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> Self:
        """The blob in a decoded object, flat or nested."""
        return cls(read_init_fields(fields))


class SecretValue(ControlOperation):
    """A secret, or the reason why there is none.

    Args:
        name: which one.
        value: what it is; None when there is none.
        error: why there is none; a form that the reference does not know.
        rotation_id: the rotation that it belongs to.
    """

    op: ClassVar[str] = "secret"
    omitted: ClassVar[frozenset[str]] = frozenset(("value", "error", "rotation_id"))
    confidential: ClassVar[frozenset[str]] = frozenset(("value",))

    name: str
    value: str | None = None
    error: str | None = None
    rotation_id: str | None = None

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> Self:
        """The secret in a decoded object: a value, or else an error."""
        error = fields.get("error")
        no_value = fields.get("value") is None and isinstance(error, str)
        return cls(
            name=_text(fields, "name"),
            value=None if no_value else _text(fields, "value"),
            error=str(error) if no_value else None,
            rotation_id=None if fields.get("rotation_id") is None else _text(fields, "rotation_id"),
        )


class Rotated(ControlOperation):
    """Says that secrets have new values.

    Args:
        keys: their names.
        rotation_id: what the acknowledgement repeats.
    """

    op: ClassVar[str] = "rotated"

    keys: list[str]
    rotation_id: str


class Shutdown(ControlOperation):
    """Asks the module to finish its work and end."""

    op: ClassVar[str] = "shutdown"


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


def _text(fields: dict[str, object], name: str) -> str:
    if name not in fields:
        raise RefusedFieldError(name, MISSING)
    try:
        return read_text(fields[name])
    except RefusedValueError as error:
        raise RefusedFieldError(name, str(error)) from None
