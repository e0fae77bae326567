"""Operations: exact text out, bare and wrapped text in, and typed refusals that name the field."""

import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

IDENTIFIER = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
LIMIT = 1 << 20

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
headers = st.dictionaries(texts, texts, max_size=4)
bodies = st.none() | st.binary(max_size=60)


def payload(core: ModuleType, data: bytes = b'{"a":1}', format: str = "Json") -> Any:
    return core.EncodedMessage(data, core.EncodingFormat(format))


def one_of_each(core: ModuleType) -> list[Any]:
    fields = {"content-type": "text/plain", "x": 'a "quoted" \\ value'}
    return [
        core.HttpRequest("q", "GET", "/a?b=1", {}, None),
        core.HttpRequest("q", "POST", "/ü", fields, bytes(range(256))),
        core.HttpResponse("q", 200, fields, b"OK\x00\xff"),
        core.HttpResponse("q", 404, {}, None),
        core.HttpResponse("q", 204, {}, b""),
        core.RouteToModule("b", "/e", IDENTIFIER, payload(core)),
        core.RouteToModule("b", "", IDENTIFIER, payload(core, b"\x00\xff", "Binary")),
        core.RoutedModuleMessage("b", IDENTIFIER, payload(core)),
        core.RoutedModuleMessage("b", IDENTIFIER, payload(core, b"", "Base64"), "price"),
        core.RoutedModuleResponse("b", IDENTIFIER, payload(core, b"null")),
        core.Heartbeat(),
        core.HeartbeatAck(),
    ]


def wrapped(text: str, metadata: str = "{}") -> str:
    return f'{{"id":"{IDENTIFIER}","content":{text},"metadata":{metadata}}}'


# --- recorded operations


def test_recorded_hot_operations_are_written_as_recorded(core: ModuleType) -> None:
    response = core.HttpResponse("q", 200, {"content-type": "text/plain"}, b"OK\x00\xff")
    assert core.write_operation(response, False) == (
        b'{"op":"http_response","request_id":"q","status_code":200,'
        b'"headers":{"content-type":"text/plain"},"body":[79,75,0,255]}'
    )
    assert (
        core.write_operation_frame(core.Heartbeat(), False, LIMIT)
        == b'\x00\x00\x00\x12\x01{"op":"heartbeat"}'
    )


def test_every_operation_survives_every_way_out_and_in(core: ModuleType) -> None:
    for operation in one_of_each(core):
        for wrap in (False, True):
            text = core.write_operation(operation, wrap)
            assert core.read_operation(text) == operation
            assert core.read_operation(text, 2) == operation
            base64 = core.EncodedMessage(text).to_format(core.EncodingFormat.BASE64).data
            assert core.read_operation(base64, 3) == operation
            assert json.loads(text)["content" if wrap else "op"]
            spaced = json.dumps(json.loads(text), indent=1).encode()
            assert core.read_operation(spaced) == operation
            frame = core.write_operation_frame(operation, wrap, LIMIT)
            assert len(frame) == len(text) + 5
            [(code, framed)] = core.FrameDecoder(LIMIT).feed(frame)
            assert (code, core.read_operation(framed)) == (1, operation)
        line = core.write_operation_line(operation, "catalog")
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert core.read_operation(line[:-1]) == operation


def test_both_variants_write_the_same_text(cores: dict[str, ModuleType]) -> None:
    compiled, interpreted = cores["compiled"], cores["interpreted"]
    for one, other in zip(one_of_each(compiled), one_of_each(interpreted), strict=True):
        assert compiled.write_operation(one, False) == interpreted.write_operation(other, False)
        assert (
            compiled.write_operation_line(one, "m")[:40] == interpreted.write_operation_line(other, "m")[:40]
        )


@given(request_id=texts, method=texts, uri=texts, fields=headers, body=bodies, wrap=st.booleans())
def test_any_request_survives(
    core: ModuleType,
    request_id: str,
    method: str,
    uri: str,
    fields: dict[str, str],
    body: bytes | None,
    wrap: bool,
) -> None:
    request = core.HttpRequest(request_id, method, uri, fields, body)
    text = core.write_operation(request, wrap)
    assert core.read_operation(text) == request
    bare = json.loads(text)["content"] if wrap else json.loads(text)
    assert list(bare) == ["op", "request_id", "method", "uri", "headers", "body"]
    assert bare["headers"] == fields


@given(request_id=texts, status=st.integers(0, 65535), fields=headers, body=bodies)
def test_any_response_survives(
    core: ModuleType, request_id: str, status: int, fields: dict[str, str], body: bytes | None
) -> None:
    response = core.HttpResponse(request_id, status, fields, body)
    assert core.read_operation(core.write_operation(response, True)) == response
    line = core.write_operation_line(response, "catalog")
    assert core.read_operation(line[:-1]) == response
    assert list(json.loads(line)["content"]["headers"]) == sorted(fields)


@given(target=texts, endpoint=texts, identifier=st.uuids(), data=st.binary(max_size=60), wrap=st.booleans())
def test_any_routed_message_survives(
    core: ModuleType, target: str, endpoint: str, identifier: Any, data: bytes, wrap: bool
) -> None:
    for operation in (
        core.RouteToModule(target, endpoint, str(identifier), payload(core, data)),
        core.RoutedModuleMessage(target, str(identifier), payload(core, data), endpoint),
        core.RoutedModuleResponse(target, str(identifier), payload(core, data, "Binary")),
    ):
        assert core.read_operation(core.write_operation(operation, wrap)) == operation


# --- the line form of a response


def test_a_response_line_has_no_op_and_sorted_keys(core: ModuleType) -> None:
    response = core.HttpResponse("r-1", 200, {"content-type": "text/plain", "a": "b"}, b"OK")
    line = core.write_operation_line(response, "catalog").decode()
    start, identifier, rest = line[: line.index('"id":"') + 6], *line.split('"id":"')[1].split('"', 1)
    assert start == (
        '{"content":{"body":[79,75],"headers":{"a":"b","content-type":"text/plain"},'
        '"request_id":"r-1","status_code":200},"metadata":{"id":"'
    )
    assert core.canonical_identifier(identifier) == identifier
    assert rest == ',"properties":{"correlation_id":"r-1"},"source":"catalog"}}\n'


def test_other_lines_are_the_bare_operation(core: ModuleType) -> None:
    assert core.write_operation_line(core.HeartbeatAck(), "m") == b'{"op":"heartbeat_ack"}\n'


# --- cold operations


@pytest.mark.parametrize("text", ['{"op":"shutdown"}', '{ "name" : "DB", "op" : "get_secret" }'])
def test_a_cold_operation_leaves_as_text(core: ModuleType, text: str) -> None:
    name = json.loads(text)["op"]
    assert core.read_operation(text.encode()) == core.ColdOperation(name, text.encode(), None)
    for metadata in ("{}", '{"source":"catalog"}', ' { "source" : "catalog" } '):
        found = core.read_operation(wrapped(text, metadata).encode())
        assert found == core.ColdOperation(name, text.encode(), metadata.strip().encode())


def test_a_cold_operation_goes_into_an_envelope(core: ModuleType) -> None:
    text = b'{"op":"get_secret","name":"DB"}'
    first, second = core.wrap_operation(text), core.wrap_operation(text, b'{"source":"a"}')
    assert json.loads(first)["id"] != json.loads(second)["id"]
    assert first.endswith(b',"content":{"op":"get_secret","name":"DB"},"metadata":{}}')
    assert core.read_operation(second) == core.ColdOperation("get_secret", text, b'{"source":"a"}')


# --- refusals


REQUEST = '{"op":"http_request","request_id":"q","method":"GET","uri":"/","headers":{},"body":null}'
RESPONSE = '{"op":"http_response","request_id":"q","status_code":200,"headers":{},"body":[1]}'
ROUTE = (
    f'{{"op":"route_to_module","target_module_id":"b","target_endpoint":"e","request_id":"{IDENTIFIER}",'
    '"payload":{"data":[1],"format":"Json"}}'
)

REFUSED = [
    ("{}", "missing field `op`"),
    ("[]", "expected an operation object"),
    ('["heartbeat"]', "expected an operation object"),
    ('"heartbeat"', "expected an operation object"),
    ('{"op":5}', "field `op`: expected a string"),
    ('{"op":null}', "field `op`: expected a string"),
    (REQUEST.replace('"request_id":"q",', ""), "http_request: missing field `request_id`"),
    (REQUEST.replace('"q"', "null"), "http_request: field `request_id`: expected a string"),
    (REQUEST.replace('"q"', "5"), "http_request: field `request_id`: expected a string"),
    (REQUEST.replace('"GET"', "true"), "http_request: field `method`: expected a string"),
    (REQUEST.replace(',"headers":{}', ""), "http_request: missing field `headers`"),
    (REQUEST.replace("{}", "null"), "http_request: field `headers`: expected an object"),
    (REQUEST.replace("{}", "[]"), "http_request: field `headers`: expected an object"),
    (REQUEST.replace("{}", '{"a":1}'), "http_request: field `headers`: expected string values"),
    (REQUEST.replace("{}", '{"a":null}'), "http_request: field `headers`: expected string values"),
    (REQUEST.replace('"body":null', '"body":"text"'), "http_request: field `body`: expected an array"),
    (REQUEST.replace('"body":null', '"body":[256]'), "http_request: field `body`: item 0 is not"),
    (REQUEST.replace('"body":null', '"body":[1,true]'), "http_request: field `body`: item 1 is not"),
    (REQUEST.replace('"body":null', '"body":[1.0]'), "http_request: field `body`: item 0 is not"),
    (REQUEST.replace('"body":null', '"body":{}'), "http_request: field `body`: expected an array"),
    (RESPONSE.replace("200", "65536"), "http_response: field `status_code`: expected an integer from 0 to"),
    (RESPONSE.replace("200", "-1"), "http_response: field `status_code`: expected an integer from 0 to"),
    (RESPONSE.replace("200", "200.0"), "http_response: field `status_code`: expected an integer from 0 to"),
    (RESPONSE.replace("200", "true"), "http_response: field `status_code`: expected an integer from 0 to"),
    (RESPONSE.replace("200", '"200"'), "http_response: field `status_code`: expected an integer from 0 to"),
    (RESPONSE.replace("200", "null"), "http_response: field `status_code`: expected an integer from 0 to"),
    (ROUTE.replace(IDENTIFIER, "nope"), "route_to_module: field `request_id`: expected a UUID"),
    (ROUTE.replace('"data":[1],', ""), "route_to_module: field `payload`: missing field `data`"),
    (ROUTE.replace(',"format":"Json"', ""), "route_to_module: field `payload`: missing field `format`"),
    (ROUTE.replace('"Json"', "1.5"), "route_to_module: field `payload`: format: expected Json, Binary"),
    (ROUTE.replace("Json", "json"), "route_to_module: field `payload`: format: expected Json, Binary"),
    (ROUTE.replace("[1]", '"AQ=="'), "route_to_module: field `payload`: data: expected an array"),
    (ROUTE.replace("[1]", "[-1]"), "route_to_module: field `payload`: data: item 0 is not an integer"),
    (ROUTE.replace('{"data":[1],"format":"Json"}', "null"), "route_to_module: field `payload`: expected"),
    (
        ROUTE.replace('{"data":[1],"format":"Json"}', '[[1],"Json"]'),
        "route_to_module: field `payload`: expected",
    ),
    (REQUEST.replace('"uri":"/"', '"uri":"/","uri":"/x"'), "http_request: duplicate field `uri`"),
    (REQUEST.replace('"body":null', '"body":null,"body":[1]'), "http_request: duplicate field `body`"),
    (RESPONSE.replace("{", '{"body":[2],', 1), "http_response: duplicate field `body`"),
    (RESPONSE.replace('{"op"', '{"op":"http_response","op"', 1), "http_response: duplicate field `op`"),
    (REQUEST.replace('"uri":"/"', '"uri" :"/","uri":"/x"'), "http_request: duplicate field `uri`"),
    (ROUTE.replace('"data":[1]', '"data":[1],"data" :[2]'), "route_to_module: duplicate field `data`"),
    (ROUTE.replace('"data":[1]', '"data":[1],"data":[2]'), "route_to_module: duplicate field `data`"),
    (
        ROUTE.replace('"payload"', '"payload":{"data":[],"format":"Json"},"payload"'),
        "duplicate field `payload`",
    ),
]


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_a_refusal_names_operation_and_field(core: ModuleType, text: str, problem: str) -> None:
    for form in (text, wrapped(text)) if text.startswith("{") and "op" in text else (text,):
        with pytest.raises(core.OperationError, match=problem.replace("[", r"\[")):
            core.read_operation(form.encode())


ENVELOPES = [
    ('{"id":"nope","content":{"op":"heartbeat"},"metadata":{}}', "envelope: field `id` is not a UUID"),
    ('{"id":5,"content":{"op":"heartbeat"}}', "envelope: field `id` is not a UUID"),
    ('{"id":"ID","content":{"op":"heartbeat"},"metadata":null}', "envelope: metadata: expected an object"),
    (
        '{"id":"ID","content":{"op":"heartbeat"},"metadata":{"source":5}}',
        r"envelope: metadata\.source: expected",
    ),
    ('{"id":"ID","content":{"op":"heartbeat"},"metadata":{},"metadata":{}}', "duplicate field `metadata`"),
    (
        '{"id":"ID","content":{"op":"heartbeat"},"content":{"op":"heartbeat"},"metadata":{}}',
        "duplicate field",
    ),
    ('{"id":"ID","content":{"op":"heartbeat"},"metadata":{"id":"a","id":"b"}}', "duplicate field `id`"),
    ('{"id":"ID","content":[1],"metadata":{}}', "content: missing field `op`"),
    ('{"id":"ID","content":{},"metadata":{}}', "content: missing field `op`"),
    ('{"content":{"op":"heartbeat"},"metadata":{}}', "envelope: missing field `id`"),
    ('{"content":{"status_code":200,"request_id":"q","headers":{}},"metadata":[]}', "metadata: expected an"),
    ('{"content":{"status_code":200,"request_id":"q"},"metadata":{}}', "missing field `headers`"),
]


@pytest.mark.parametrize(("text", "problem"), ENVELOPES)
def test_a_bad_envelope_is_refused(core: ModuleType, text: str, problem: str) -> None:
    with pytest.raises(core.OperationError, match=problem):
        core.read_operation(text.replace("ID", IDENTIFIER).encode())


@pytest.mark.parametrize(
    "text", ["", "{", "nope", '{"op":"http_request",}', REQUEST[:-1], wrapped(REQUEST)[:-1]]
)
def test_what_is_not_json_is_refused_as_such(core: ModuleType, text: str) -> None:
    with pytest.raises(core.JsonSerializationError):
        core.read_operation(text.encode())


@pytest.mark.parametrize("code", [0, 4, 255, -1])
def test_other_frame_codes_hold_no_operation(core: ModuleType, code: int) -> None:
    with pytest.raises(core.OperationError, match=f"a frame with code {code} cannot hold an operation"):
        core.read_operation(b'{"op":"heartbeat"}', code)


def test_code_3_takes_canonical_base64_only(core: ModuleType) -> None:
    with pytest.raises(core.OperationError, match="not canonical base64"):
        core.read_operation(b"eyJvcCI6ImhlYXJ0YmVhdCJ9\n", 3)


def test_a_refusal_never_shows_what_was_received(core: ModuleType) -> None:
    for text, _ in [*REFUSED, *ENVELOPES]:
        secret = text.replace('"q"', '"s3cr3t"').replace('"/"', '"s3cr3t"')
        with pytest.raises(core.CoreError) as caught:
            core.read_operation(secret.encode())
        assert "s3cr3t" not in str(caught.value)


# --- the same object in other clothes


def test_unknown_fields_are_ignored(core: ModuleType) -> None:
    for operation in one_of_each(core):
        text = core.write_operation(operation, False).decode()
        extended = text[:-1] + ',"extra":{"op":[1]},"extra":2}'
        assert core.read_operation(extended.encode()) == operation
        assert core.read_operation(wrapped(extended).encode()) == operation


def test_missing_options_are_none(core: ModuleType) -> None:
    assert core.read_operation(REQUEST.replace(',"body":null', "").encode()).body is None
    text = core.write_operation(core.RoutedModuleMessage("b", IDENTIFIER, payload(core)), False).decode()
    with_null = text.replace('"payload"', '"target_endpoint":null,"payload"')
    assert core.read_operation(with_null.encode()).target_endpoint is None


def test_identifiers_are_read_in_any_form_and_written_in_one(core: ModuleType) -> None:
    for form in (
        IDENTIFIER.upper(),
        IDENTIFIER.replace("-", ""),
        "{" + IDENTIFIER + "}",
        "urn:uuid:" + IDENTIFIER,
    ):
        found = core.read_operation(ROUTE.replace(IDENTIFIER, form).encode())
        assert found.request_id == IDENTIFIER
        found.request_id = form
        assert core.write_operation(found, False) == ROUTE.encode()


def test_bodies_that_look_like_the_marks_of_the_reader(core: ModuleType) -> None:
    tricky = {'","body":[': ',"body":[1]}', "x": ',"payload":{"data":['}
    for operation in (
        core.HttpRequest('","body":[1]}', "GET", ',"body":[2]}', tricky, b"x"),
        core.HttpRequest("q", "GET", '{"body":[2]}', tricky, None),
        core.RouteToModule(',"payload":{"data":[1],"format":"Json"}}', "e", IDENTIFIER, payload(core)),
    ):
        for wrap in (False, True):
            assert core.read_operation(core.write_operation(operation, wrap)) == operation


def test_a_nested_body_is_not_the_body(core: ModuleType) -> None:
    text = REQUEST.replace('"headers":{}', '"x":{"a":1,"body":[7]},"headers":{}')
    assert core.read_operation(text.encode()).body is None
    text = REQUEST.replace('"body":null', '"x":{"a":1,"body":[7]}')
    assert core.read_operation(text.encode()).body is None


# --- what cannot be written


UNWRITABLE = [
    (lambda core: core.HttpResponse("q", 65536, {}, None), "http_response: field `status_code`"),
    (lambda core: core.HttpResponse("q", -1, {}, None), "http_response: field `status_code`"),
    (
        lambda core: core.HttpResponse("\ud800", 200, {}, None),
        "http_response: field `request_id`: not valid text",
    ),
    (
        lambda core: core.HttpRequest("q", "GET", "\udfff", {}, None),
        "http_request: field `uri`: not valid text",
    ),
    (lambda core: core.HttpRequest("q", "GET", "/", {"a": 1}, None), "field `headers`: expected string keys"),
    (lambda core: core.HttpRequest("q", "GET", "/", {1: "a"}, None), "field `headers`: expected string keys"),
    (
        lambda core: core.HttpRequest("q", "GET", "/", {"a": "\ud800"}, None),
        "field `headers`: not valid text",
    ),
    (lambda core: core.RouteToModule("b", "e", "nope", payload(core)), "field `request_id`: expected a UUID"),
    (lambda core: core.RoutedModuleMessage("b", "", payload(core)), "field `original_request_id`: expected"),
]


@pytest.mark.parametrize(("make", "problem"), UNWRITABLE)
def test_a_field_that_cannot_be_written_is_named(core: ModuleType, make: Any, problem: str) -> None:
    operation = make(core)
    with pytest.raises(core.OperationError, match=problem):
        core.write_operation(operation, True)
    with pytest.raises(core.OperationError, match=problem):
        core.write_operation_frame(operation, False, LIMIT)
    with pytest.raises(core.OperationError, match=problem):
        core.write_operation_line(operation, "m")


def test_a_frame_above_the_limit_is_refused_with_both_numbers(core: ModuleType) -> None:
    response = core.HttpResponse("q", 200, {}, b"")
    size = len(core.write_operation(response, True))
    assert len(core.write_operation_frame(response, True, size)) == size + 5
    with pytest.raises(
        core.FrameTooLarge, match=f"frame of {size} bytes exceeds the limit of {size - 1} bytes"
    ):
        core.write_operation_frame(response, True, size - 1)


def test_a_large_body_is_refused_before_it_is_converted(core: ModuleType) -> None:
    body = bytes(range(256)) * 40
    array = len(core.encode_byte_array(body))
    for operation in (
        core.HttpResponse("q", 200, {}, body),
        core.RouteToModule("b", "e", IDENTIFIER, payload(core, body)),
    ):
        with pytest.raises(core.FrameTooLarge) as caught:
            core.write_operation_frame(operation, False, len(body))
        assert caught.value.size == array


@pytest.mark.parametrize("arguments", [(1, 200, {}, None), ("q", "200", {}, None), ("q", 200, [], None)])
def test_arguments_of_another_type_are_refused(cores: dict[str, ModuleType], arguments: Any) -> None:
    texts = []
    for core in cores.values():
        with pytest.raises(TypeError) as caught:
            core.HttpResponse(*arguments)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
