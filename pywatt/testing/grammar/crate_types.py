"""The types of the crate `pywatt_sdk` 0.5.3 that travel between a module and an orchestrator, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from pywatt.testing import sections
from pywatt.testing.grammar.shapes import (
    Anything,
    ByteArray,
    Field,
    Flag,
    ListOf,
    MapOf,
    Option,
    Record,
    Shape,
    SocketAddress,
    Text,
    Uuid,
    Variants,
    Whole,
)

TEXT: Final = Text()
FLAG: Final = Flag()
UUID: Final = Uuid()
U16: Final = Whole("u16", 0, 2**16 - 1)
I64: Final = Whole("i64", -(2**63), 2**63 - 1)
BYTES: Final = ByteArray()
TEXTS: Final = MapOf(TEXT)
SERVICE_TYPE: Final = Variants(("Database", "Cache", "Jwt"), (("Custom", TEXT),))

ENCODED_MESSAGE: Final = Record(
    (Field("data", BYTES), Field("format", Variants(("Json", "Binary", "Base64", "Auto"))))
)
METADATA: Final = Record(
    (
        Field("id", Option(TEXT)),
        Field("timestamp", Option(I64)),
        Field("source", Option(TEXT)),
        Field("destination", Option(TEXT)),
        Field("properties", Option(MapOf(Anything()))),
    )
)
ENDPOINT: Final = Record((Field("path", TEXT), Field("methods", ListOf(TEXT)), Field("auth", Option(TEXT))))
PROVIDER: Final = Record(
    (
        Field("provider_id", TEXT),
        Field("module_id", TEXT),
        Field("service_type", SERVICE_TYPE),
        Field("name", TEXT),
        Field("version", Option(TEXT)),
        Field("address", TEXT),
        Field("metadata", TEXTS),
        Field("is_healthy", FLAG),
    )
)
INIT: Final = Record(
    (
        Field("orchestrator_api", TEXT),
        Field("module_id", TEXT),
        Field("env", TEXTS),
        Field("listen", TEXT),
        Field(
            "tcp_channel",
            Option(
                Record(
                    (Field("address", SocketAddress()), Field("tls_enabled", FLAG), Field("required", FLAG))
                )
            ),
        ),
        Field("ipc_channel", Option(Record((Field("socket_path", TEXT), Field("required", FLAG))))),
        Field("auth_token", Option(TEXT)),
        Field("security_level", Variants(("None", "Token", "Mtls")), may_be_missing=True),
    )
)
HTTP_RESPONSE: Final = Record(
    (
        Field("request_id", TEXT),
        Field("status_code", U16),
        Field("headers", TEXTS),
        Field("body", Option(BYTES)),
    )
)
STDIO_HTTP_RESPONSE: Final = Record(
    (
        Field("content", HTTP_RESPONSE),
        Field(
            "metadata",
            Record(
                (
                    Field("id", UUID),
                    Field("source", TEXT),
                    Field("properties", Record((Field("correlation_id", TEXT),))),
                )
            ),
        ),
    )
)
"""The answer to an HTTP request on standard output: no `op`, no `id`."""

IDENTIFY: Final = Record(
    (
        Field("module_id", TEXT),
        Field("identify", Option(TEXT)),
        Field("extensions", Option(MapOf(Anything()))),
    )
)
"""The crate's own type of `identify` can be neither printed nor read; this is what pywatt modules send."""


def message_of(content: Shape) -> Record:
    """The crate's `Message<T>`.

    Args:
        content: T.
    """
    return Record(
        (
            Field("id", UUID),
            Field("content", content),
            Field("metadata", METADATA, may_be_missing=True),
        )
    )


@frozen
class CrateOperation:
    """One variant of what a module sends: bare as a line, the content of a message as a frame.

    Args:
        record: its fields, beside `op`.
        on_lines: whether the crate sends it on standard output.
        on_frames: whether the crate sends it on channels.
        section: where the protocol describes it.
    """

    record: Record
    on_lines: bool
    on_frames: bool
    section: str = sections.MODULE_OPERATIONS


def _line(*fields: Field) -> CrateOperation:
    return CrateOperation(Record(fields), on_lines=True, on_frames=False)


def _frame(*fields: Field) -> CrateOperation:
    return CrateOperation(Record(fields), on_lines=False, on_frames=True)


def _both(*fields: Field) -> CrateOperation:
    return CrateOperation(Record(fields), on_lines=True, on_frames=True)


MODULE_OPERATIONS: Final[Mapping[str, CrateOperation]] = {
    "announce": _line(Field("listen", TEXT), Field("endpoints", ListOf(ENDPOINT))),
    "get_secret": _line(Field("name", TEXT)),
    "rotation_ack": _line(Field("rotation_id", TEXT), Field("status", TEXT), Field("message", Option(TEXT))),
    "register_service_provider": _frame(
        Field("service_type", SERVICE_TYPE),
        Field("name", TEXT),
        Field("version", Option(TEXT)),
        Field("address", TEXT),
        Field("metadata", Option(TEXTS)),
    ),
    "discover_service_providers": _frame(
        Field("service_type", SERVICE_TYPE), Field("all_providers", Option(FLAG))
    ),
    "service_request": _line(
        Field("id", TEXT), Field("service_type", SERVICE_TYPE), Field("config", Option(Anything()))
    ),
    "service_operation": _line(
        Field("connection_id", TEXT),
        Field("service_type", SERVICE_TYPE),
        Field("operation", TEXT),
        Field("params", Anything()),
    ),
    # On a line the crate leaves out `op`, see STDIO_HTTP_RESPONSE; its enum reads this form as well.
    "http_response": CrateOperation(HTTP_RESPONSE, on_lines=True, on_frames=True),
    "port_request": _line(Field("request_id", TEXT), Field("specific_port", Option(U16))),
    # A line only from a module without channels; the crate itself has no way to send it there.
    "route_to_module": _both(
        Field("target_module_id", TEXT),
        Field("target_endpoint", TEXT),
        Field("request_id", UUID),
        Field("payload", ENCODED_MESSAGE),
    ),
    # The crate answers on channels only; a line that answers a line is readable all the same.
    "heartbeat_ack": _both(),
}

_SECRET_FIELDS: Final = (Field("name", TEXT), Field("value", TEXT), Field("rotation_id", Option(TEXT)))

ORCHESTRATOR_OPERATIONS: Final[Mapping[str, Record]] = {
    "init": INIT,
    "secret": Record(_SECRET_FIELDS),
    "rotated": Record((Field("keys", ListOf(TEXT)), Field("rotation_id", TEXT))),
    "shutdown": Record(()),
    "register_service_provider_response": Record(
        (Field("success", FLAG), Field("provider_id", Option(TEXT)), Field("error", Option(TEXT)))
    ),
    "discover_service_providers_response": Record(
        (Field("success", FLAG), Field("providers", ListOf(PROVIDER)), Field("error", Option(TEXT)))
    ),
    "service_response": Record(
        (
            Field("id", TEXT),
            Field("service_type", SERVICE_TYPE),
            Field("success", FLAG),
            Field("error", Option(TEXT)),
            Field("connection_id", Option(TEXT)),
        )
    ),
    "service_operation_result": Record(
        (Field("success", FLAG), Field("result", Option(Anything())), Field("error", Option(TEXT)))
    ),
    "http_request": Record(
        (
            Field("request_id", TEXT),
            Field("method", TEXT),
            Field("uri", TEXT),
            Field("headers", TEXTS),
            Field("body", Option(BYTES)),
        )
    ),
    "port_response": Record(
        (
            Field("request_id", TEXT),
            Field("success", FLAG),
            Field("port", U16),
            Field("error_message", Option(TEXT)),
        )
    ),
    "routed_module_message": Record(
        (
            Field("source_module_id", TEXT),
            Field("original_request_id", UUID),
            Field("payload", ENCODED_MESSAGE),
        )
    ),
    "routed_module_response": Record(
        (Field("source_module_id", TEXT), Field("request_id", UUID), Field("payload", ENCODED_MESSAGE))
    ),
    "heartbeat": Record(()),
}
