"""Every operation that is not hot: its printed form, and what it refuses."""

import json
from typing import Any

import attrs
import pytest

from pywatt.errors import ProtocolError
from pywatt.protocol.codec import Direction, identify_for, read_operation, write_operation
from pywatt.protocol.init import InitBlob
from pywatt.protocol.listen import TcpAddress
from pywatt.protocol.operations import (
    Announce,
    EndpointAnnounce,
    GetSecret,
    Identify,
    Init,
    PortRequest,
    PortResponse,
    Rotated,
    RotationAck,
    SecretValue,
    Shutdown,
)
from pywatt.protocol.records import ADDED, CONTENT, ControlOperation
from pywatt.protocol.service_operations import (
    DiscoverServiceProviders,
    DiscoverServiceProvidersResponse,
    RegisterServiceProvider,
    RegisterServiceProviderResponse,
    ServiceOperation,
    ServiceOperationResult,
    ServiceProviderInfo,
    ServiceRequest,
    ServiceResponse,
)
from pywatt.protocol.service_types import CACHE, DATABASE, JWT, ServiceType

OUT = Direction.TO_ORCHESTRATOR
IN = Direction.TO_MODULE

PROVIDER = ServiceProviderInfo("p", "m", DATABASE, "n", None, "a", {}, True)

PRINTED: list[tuple[Direction, ControlOperation, str]] = [
    (OUT, Identify("m"), '{"op":"identify","module_id":"m","identify":"m"}'),
    (
        OUT,
        Identify("m", extensions={"pywatt": {"version": 1, "features": []}}),
        '{"op":"identify","module_id":"m","identify":"m","extensions":{"pywatt":{"features":[],"version":1}}}',
    ),
    (
        OUT,
        Announce(
            "127.0.0.1:4102", [EndpointAnnounce("/a", ["GET"]), EndpointAnnounce("/b", ["POST"], "jwt")]
        ),
        '{"op":"announce","listen":"127.0.0.1:4102","endpoints":[{"path":"/a","methods":["GET"]},'
        '{"path":"/b","methods":["POST"],"auth":"jwt"}]}',
    ),
    (OUT, GetSecret("DB"), '{"op":"get_secret","name":"DB"}'),
    (OUT, RotationAck("r1", "success"), '{"op":"rotation_ack","rotation_id":"r1","status":"success"}'),
    (
        OUT,
        RotationAck("r1", "error", "não"),
        '{"op":"rotation_ack","rotation_id":"r1","status":"error","message":"não"}',
    ),
    (
        OUT,
        RegisterServiceProvider(ServiceType.custom("geo"), "n", None, "h:1"),
        '{"op":"register_service_provider","service_type":{"Custom":"geo"},"name":"n","version":null,'
        '"address":"h:1","metadata":null}',
    ),
    (
        OUT,
        RegisterServiceProvider(JWT, "n", "1", "h:1", {"k": "v"}),
        '{"op":"register_service_provider","service_type":"Jwt","name":"n","version":"1",'
        '"address":"h:1","metadata":{"k":"v"}}',
    ),
    (
        OUT,
        DiscoverServiceProviders(DATABASE, True),
        '{"op":"discover_service_providers","service_type":"Database","all_providers":true}',
    ),
    (
        OUT,
        ServiceRequest("x", CACHE),
        '{"op":"service_request","id":"x","service_type":"Cache","config":null}',
    ),
    (
        OUT,
        ServiceOperation("c", CACHE, "get", {"key": "k", "a": 1}),
        '{"op":"service_operation","connection_id":"c","service_type":"Cache","operation":"get",'
        '"params":{"a":1,"key":"k"}}',
    ),
    (
        OUT,
        ServiceOperation("c", CACHE, "get", None, "r"),
        '{"op":"service_operation","connection_id":"c","service_type":"Cache","operation":"get","params":null,'
        '"request_id":"r"}',
    ),
    (OUT, PortRequest("q"), '{"op":"port_request","request_id":"q","specific_port":null}'),
    (OUT, PortRequest("q", 65535), '{"op":"port_request","request_id":"q","specific_port":65535}'),
    (
        IN,
        Init(InitBlob("http://o:9900", "m", {}, TcpAddress("127.0.0.1", 4102))),
        '{"op":"init","orchestrator_api":"http://o:9900","module_id":"m","env":{},"listen":"127.0.0.1:4102",'
        '"security_level":"None"}',
    ),
    (IN, SecretValue("DB", "v"), '{"op":"secret","name":"DB","value":"v"}'),
    (
        IN,
        SecretValue("DB", "v", rotation_id="r1"),
        '{"op":"secret","name":"DB","value":"v","rotation_id":"r1"}',
    ),
    (IN, Rotated(["DB"], "r1"), '{"op":"rotated","keys":["DB"],"rotation_id":"r1"}'),
    (IN, Shutdown(), '{"op":"shutdown"}'),
    (
        IN,
        RegisterServiceProviderResponse(True, "p"),
        '{"op":"register_service_provider_response","success":true,"provider_id":"p","error":null}',
    ),
    (
        IN,
        DiscoverServiceProvidersResponse(True, [PROVIDER]),
        '{"op":"discover_service_providers_response","success":true,"providers":[{"provider_id":"p",'
        '"module_id":"m","service_type":"Database","name":"n","version":null,"address":"a","metadata":{},'
        '"is_healthy":true}],"error":null}',
    ),
    (
        IN,
        ServiceResponse("x", CACHE, True, connection_id="c"),
        '{"op":"service_response","id":"x","service_type":"Cache","success":true,"error":null,'
        '"connection_id":"c"}',
    ),
    (
        IN,
        ServiceOperationResult(True),
        '{"op":"service_operation_result","success":true,"result":null,"error":null}',
    ),
    (
        IN,
        ServiceOperationResult(True, [1.5], request_id="r", params={"b": 1, "a": 2}),
        '{"op":"service_operation_result","success":true,"result":[1.5],"error":null,"request_id":"r",'
        '"params":{"a":2,"b":1}}',
    ),
    (
        IN,
        PortResponse("q", True, 4102),
        '{"op":"port_response","request_id":"q","success":true,"port":4102,"error_message":null}',
    ),
]

REQUIRED = {
    "identify": "module_id",
    "announce": "listen endpoints",
    "get_secret": "name",
    "rotation_ack": "rotation_id status",
    "register_service_provider": "service_type name address",
    "discover_service_providers": "service_type",
    "service_request": "id service_type",
    "service_operation": "connection_id service_type operation params",
    "port_request": "request_id",
    "init": "orchestrator_api module_id listen",
    "secret": "name value",
    "rotated": "keys rotation_id",
    "shutdown": "",
    "register_service_provider_response": "success",
    "discover_service_providers_response": "success providers",
    "service_response": "id service_type success",
    "service_operation_result": "success",
    "port_response": "request_id success port",
}


def read(fields: dict[str, Any], direction: Direction) -> Any:
    return read_operation(json.dumps(fields).encode(), direction)


@pytest.mark.parametrize(("direction", "operation", "text"), PRINTED, ids=lambda value: type(value).__name__)
def test_an_operation_prints_as_written_here_and_reads_back(
    direction: Direction, operation: ControlOperation, text: str
) -> None:
    assert write_operation(operation).decode() == text
    assert read_operation(text.encode(), direction) == operation


@pytest.mark.parametrize(("direction", "operation", "text"), PRINTED, ids=lambda value: type(value).__name__)
def test_a_required_field_that_is_missing_is_named(
    direction: Direction, operation: ControlOperation, text: str
) -> None:
    fields = json.loads(text)
    for name in REQUIRED[operation.op].split():
        with pytest.raises(ProtocolError) as refused:
            read({key: value for key, value in fields.items() if key != name}, direction)
        assert refused.value.message == f"operation `{operation.op}`: field `{name}`: missing field"
        assert (refused.value.op, refused.value.field) == (operation.op, name)


@pytest.mark.parametrize(("direction", "operation", "text"), PRINTED, ids=lambda value: type(value).__name__)
def test_any_other_field_may_be_missing(direction: Direction, operation: ControlOperation, text: str) -> None:
    fields = json.loads(text)
    required = ["op", *REQUIRED[operation.op].split()]
    assert type(read({name: fields[name] for name in required}, direction)) is type(operation)


@pytest.mark.parametrize(("direction", "operation", "text"), PRINTED, ids=lambda value: type(value).__name__)
def test_a_field_of_another_type_is_refused_and_its_content_not_shown(
    direction: Direction, operation: ControlOperation, text: str
) -> None:
    fields = json.loads(text)
    free = {field.name for field in attrs.fields(type(operation)) if {CONTENT, ADDED} & set(field.metadata)}
    for name in [name for name in fields if name != "op" and name not in free]:
        for wrong in ([["s3cret"]], {"s3cret": ["s3cret"]}, 1.5):
            with pytest.raises(ProtocolError) as refused:
                read(fields | {name: wrong}, direction)
            assert name in refused.value.message
            assert refused.value.op == operation.op
            assert "s3cret" not in str(refused.value)
            assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("direction", "fields", "field"),
    [
        (OUT, {"op": "get_secret", "name": None}, "name"),
        (OUT, {"op": "get_secret", "name": True}, "name"),
        (OUT, {"op": "get_secret", "name": 1.9}, "name"),
        (OUT, {"op": "announce", "listen": "", "endpoints": None}, "endpoints"),
        (
            OUT,
            {"op": "announce", "listen": "", "endpoints": [{"path": "/", "methods": "GET"}]},
            "endpoints[0].methods",
        ),
        (
            OUT,
            {"op": "announce", "listen": "", "endpoints": [{"path": "/", "methods": ["GET", None]}]},
            "endpoints[0].methods[1]",
        ),
        (OUT, {"op": "port_request", "request_id": "q", "specific_port": 65536}, "specific_port"),
        (OUT, {"op": "port_request", "request_id": "q", "specific_port": -1}, "specific_port"),
        (OUT, {"op": "port_request", "request_id": "q", "specific_port": True}, "specific_port"),
        (OUT, {"op": "port_request", "request_id": "q", "specific_port": 80.0}, "specific_port"),
        (
            OUT,
            {"op": "discover_service_providers", "service_type": "Database", "all_providers": 1},
            "all_providers",
        ),
        (OUT, {"op": "service_request", "id": "x", "service_type": "database"}, "service_type"),
        (OUT, {"op": "service_request", "id": "x", "service_type": "Custom"}, "service_type"),
        (OUT, {"op": "service_request", "id": "x", "service_type": {"Custom": 1}}, "service_type"),
        (OUT, {"op": "service_request", "id": "x", "service_type": {"Custom": "a", "x": 1}}, "service_type"),
        (OUT, {"op": "identify", "module_id": "m", "identify": "other"}, "identify"),
        (OUT, {"op": "identify", "identify": "m"}, "module_id"),
        (IN, {"op": "secret", "name": "DB", "value": None}, "value"),
        (IN, {"op": "secret", "name": "DB"}, "value"),
        (IN, {"op": "secret", "name": "DB", "value": 5, "error": "x"}, "value"),
        (IN, {"op": "secret", "name": "DB", "error": 5}, "value"),
        (IN, {"op": "rotated", "keys": "DB", "rotation_id": "r"}, "keys"),
        (IN, {"op": "init", "module_id": "m"}, "orchestrator_api"),
        (IN, {"op": "port_response", "request_id": "q", "success": 1, "port": 1}, "success"),
    ],
)
def test_nothing_is_coerced(direction: Direction, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        read(fields, direction)
    assert refused.value.field == field
    assert refused.value.op == fields["op"]


def test_a_secret_may_be_refused_with_a_reason() -> None:
    refused = SecretValue("DB", error="unknown")
    text = b'{"op":"secret","name":"DB","error":"unknown"}'
    assert write_operation(refused) == text
    assert read_operation(text, IN) == refused


def test_null_is_none_where_a_field_is_optional() -> None:
    announce = {"op": "announce", "listen": "", "endpoints": [{"path": "/", "methods": [], "auth": None}]}
    assert read(announce, OUT) == Announce("", [EndpointAnnounce("/", [])])
    assert read(
        {"op": "rotation_ack", "rotation_id": "r", "status": "s", "message": None}, OUT
    ) == RotationAck("r", "s")
    assert read({"op": "secret", "name": "K", "value": "v", "rotation_id": None}, IN) == SecretValue("K", "v")
    assert read({"op": "secret", "name": "K", "value": None, "error": "no"}, IN) == SecretValue(
        "K", error="no"
    )


def test_fields_that_the_reference_does_not_know_are_ignored_when_they_mean_something_else() -> None:
    operation = {"op": "service_operation", "connection_id": "c", "service_type": "Cache", "operation": "get"}
    assert read(operation | {"params": 1, "request_id": 5}, OUT) == ServiceOperation("c", CACHE, "get", 1)
    result = {"op": "service_operation_result", "success": True, "params": [1], "request_id": None}
    assert read(result, IN) == ServiceOperationResult(True)
    assert read({"op": "identify", "module_id": "m", "extensions": 5}, OUT) == identify_for("m")


def test_a_unit_variant_may_be_written_as_an_object() -> None:
    assert (
        read({"op": "service_request", "id": "x", "service_type": {"Cache": None}}, OUT).service_type == CACHE
    )


def test_service_types_have_a_text_for_people() -> None:
    assert [str(kind) for kind in (DATABASE, CACHE, JWT, ServiceType.custom("geo"))] == [
        "database",
        "cache",
        "jwt",
        "custom:geo",
    ]
    assert len({DATABASE, ServiceType("Database")}) == 1


@pytest.mark.parametrize(
    "operation",
    [
        SecretValue("DB", "s3cret", rotation_id="r"),
        Init(InitBlob("o", "m", {"K": "s3cret"}, TcpAddress("::1", 1), auth_token="s3cret")),
        ServiceRequest("x", DATABASE, {"password": "s3cret"}),
        ServiceOperation("c", DATABASE, "query", {"password": "s3cret"}),
        ServiceOperationResult(True, ["s3cret"], params={"password": "s3cret"}),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_may_be_secret_shows_in_no_text(operation: ControlOperation) -> None:
    assert "s3cret" not in repr(operation)
    assert "[REDACTED]" in repr(operation)
    assert "s3cret" in write_operation(operation).decode()


def test_operations_compare_by_their_fields() -> None:
    assert GetSecret("A") == GetSecret("A")
    assert GetSecret("A") != GetSecret("B")
    assert GetSecret("A") != "A"
    assert repr(Rotated(["K"], "r")) == "Rotated(keys=['K'], rotation_id='r')"
    with pytest.raises(TypeError):
        hash(Rotated(["K"], "r"))
    with pytest.raises(AttributeError):
        GetSecret("A").name = "B"  # type: ignore[misc]
