"""The compiled and the interpreted core are one: same results, same refusals, same words."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

IDENTIFIER = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
ENVELOPE = b'{"id":"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0","content":%b,"metadata":%b}'
HEADERS = b'{"a":"b","content-type":"text/plain"}'
BARE = [
    b'{"op":"http_request","request_id":"q","method":"GET","uri":"/a?b=1","headers":%b,"body":null}'
    % HEADERS,
    b'{"op":"http_request","request_id":"q","method":"POST","uri":"/","headers":{},"body":[0,10,255]}',
    b'{"op":"http_response","request_id":"q","status_code":200,"headers":%b,"body":[79,75]}' % HEADERS,
    b'{"op":"route_to_module","target_module_id":"b","target_endpoint":"/e","request_id":"%b","payload":'
    b'{"data":[123,125],"format":"Json"}}' % IDENTIFIER.encode(),
    b'{"op":"routed_module_message","source_module_id":"b","original_request_id":"%b","target_endpoint":"e",'
    b'"payload":{"data":[],"format":"Binary"}}' % IDENTIFIER.encode(),
    b'{"op":"routed_module_response","source_module_id":"b","request_id":"%b","payload":{"data":[1],'
    b'"format":"Base64"}}' % IDENTIFIER.encode(),
    b'{"op":"heartbeat"}',
    b'{"op":"heartbeat_ack"}',
    b'{"op":"get_secret","name":"DB"}',
    b'{"content":{"body":[1],"headers":{},"request_id":"r","status_code":200},"metadata":{"id":"x"}}',
]
METADATA = [
    b"{}",
    b'{"source":"catalog"}',
    b'{"id":"m","timestamp":5,"source":"a","destination":"b","properties":{"endpoint":"price","n":[1]}}',
]
TEXTS = BARE + [ENVELOPE % (bare, metadata) for bare in BARE for metadata in METADATA]
MESSAGES = [
    ENVELOPE % (content, metadata) for content in (b"1", b'{"a":[1,"b"]}', b'"x"') for metadata in METADATA
]
SNIPPETS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"0", b"-0", b"1.0", b"256", b"null",
    b"\x00", b"\xff", b"\xc3\xa9", b"\\u0061", b"\\ud800", b"true", b"}}", b"[[", b"9" * 30,
    b'"body":[1]', b',"body":[', b',"metadata":{}', b'"id":"x"', b',"x":{}', b'"op":"heartbeat"', b'{"op":"',
    b'"payload":{"data":[1],"format":"Json"}',
]  # fmt: skip

# What a field's value may be replaced by: every type, at its edges.
STRANGERS = [
    None,
    True,
    0,
    5,
    -1,
    256,
    65536,
    2**64,
    1.5,
    1e30,
    "",
    "x",
    IDENTIFIER,
    [],
    [1],
    [[1]],
    {},
    {"a": "b"},
]

# What to do to a text: (kind, where, which snippet, how far).
mutation = st.tuples(
    st.sampled_from(["insert", "delete", "replace", "repeat", "flip", "cut", "retype", "retype", "drop"]),
    st.integers(0, 600),
    st.sampled_from(SNIPPETS),
    st.integers(1, 30),
)


def mutated(text: bytes, kind: str, where: int, snippet: bytes, length: int) -> bytes:
    if kind in ("retype", "drop"):
        return restructured(text, kind, where, length)
    at = where % (len(text) + 1)
    end = min(len(text), at + length)
    if kind == "insert":
        return text[:at] + snippet + text[at:]
    if kind == "delete":
        return text[:at] + text[end:]
    if kind == "replace":
        return text[:at] + snippet + text[end:]
    if kind == "repeat":
        return text[:end] + text[at:]
    if kind == "flip" and at < len(text):
        return text[:at] + bytes([text[at] ^ (1 << (length % 8))]) + text[at + 1 :]
    return text[:at]


def restructured(text: bytes, kind: str, where: int, choice: int) -> bytes:
    """The same document with one of its values replaced or dropped; broken text stays as it is."""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    places = list(places_in(document))
    if not places:
        return text
    holder, key = places[where % len(places)]
    if kind == "drop":
        del holder[key]
    else:
        holder[key] = STRANGERS[choice % len(STRANGERS)]
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places_in(value[key])


def shown(value: Any) -> Any:
    """A value of either variant as something comparable."""
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if type(value).__module__.partition(".")[0].startswith("pywatt_fast"):
        if hasattr(value, "value"):
            return value.value
        names = ("op", "request_id", "method", "uri", "status_code", "headers", "body", "target_module_id")
        names += ("target_endpoint", "source_module_id", "original_request_id", "payload", "text", "metadata")
        names += ("data", "format", "id", "content", "timestamp", "source", "destination", "properties")
        fields = {name: shown(getattr(value, name)) for name in names if hasattr(value, name)}
        return type(value).__name__, fields
    return repr(value)


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return shown(action())
    except (ValueError, TypeError) as error:
        offset, limit = getattr(error, "offset", None), getattr(error, "limit", None)
        return type(error).__name__, str(error), offset, limit


def kind_of(result: Any) -> str:
    """The class that an outcome names, of a value or of an error."""
    return result[0] if isinstance(result, tuple) else ""


def compare(cores: dict[str, ModuleType], action: Callable[[ModuleType], Any]) -> Any:
    compiled = outcome(lambda: action(cores["compiled"]))
    interpreted = outcome(lambda: action(cores["interpreted"]))
    assert compiled == interpreted
    return compiled


@settings(max_examples=1500)
@given(
    text=st.sampled_from(TEXTS),
    mutations=st.lists(mutation, max_size=3),
    code=st.sampled_from([1, 1, 2, 3, 0]),
)
@example(text=TEXTS[0], mutations=[], code=1)
def test_hostile_operations_end_alike(
    cores: dict[str, ModuleType], text: bytes, mutations: list[Any], code: int
) -> None:
    for change in mutations:
        text = mutated(text, *change)
    result = compare(cores, lambda core: core.read_operation(text, code))
    if kind_of(result) == "JsonSerializationError" and code != 3:
        assert not is_json(text)


@settings(max_examples=1500)
@given(text=st.sampled_from(MESSAGES), mutations=st.lists(mutation, max_size=3))
def test_hostile_messages_end_alike_and_as_plain_json_says(
    cores: dict[str, ModuleType], text: bytes, mutations: list[Any]
) -> None:
    for change in mutations:
        text = mutated(text, *change)
    decoded = compare(cores, lambda core: core.EncodedMessage(text).decode())
    full = compare(cores, lambda core: core.EncodedMessage(text).decode_full())
    compare(cores, lambda core: core.EncodedMessage(text).peek_kind())
    for core in cores.values():
        # Found without the content, so it may be there where the content is broken; never other metadata.
        peeked = core.EncodedMessage(text).peek_metadata()
        if full[0] == "Message":
            assert shown(peeked) == full[1]["metadata"]
    if not is_json(text):
        assert kind_of(decoded) == kind_of(full) == "JsonSerializationError"
        return
    value = strict_json(text)
    if kind_of(full) == "Message":
        assert full[1]["content"] == shown(value["content"]) == decoded
    elif kind_of(decoded) not in ("JsonSerializationError", "RepeatedField"):
        assert decoded == shown(value)


def is_json(text: bytes) -> bool:
    try:
        strict_json(text)
    except ValueError:
        return False
    return True


def strict_json(text: bytes) -> Any:
    def number(digits: str) -> float | int:
        value = int(digits) if len(digits) < 30 else float(digits)
        if digits == "-0":
            return -0.0
        return value if -(2**63) <= value < 2**64 else float(value)

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    value = json.loads(text.decode(), parse_int=number, parse_constant=refuse)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    return value


@settings(max_examples=400)
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(1, 40), max_size=12), skip=st.booleans())
def test_hostile_frames_end_alike(
    cores: dict[str, ModuleType], data: bytes, cuts: list[int], skip: bool
) -> None:
    # Lengths near the limit are what matters, so the high bytes are mostly cleared.
    stream = bytes(byte if at % 7 else 0 for at, byte in enumerate(data))

    def feed(core: ModuleType) -> Any:
        decoder = core.FrameDecoder(70_000, skip)
        found, at = [], 0
        for cut in [*cuts, len(stream)]:
            found += decoder.feed(stream[at : at + cut])
            at += cut
        return found, decoder.unfinished, decoder.skipped

    compare(cores, feed)


@settings(max_examples=200)
@given(data=st.binary(max_size=120), limit=st.integers(0, 30), cuts=st.lists(st.integers(1, 40), max_size=8))
def test_lines_end_alike(cores: dict[str, ModuleType], data: bytes, limit: int, cuts: list[int]) -> None:
    stream = data.replace(b"\x01", b"\n").replace(b"\x02", b"\r\n")

    def feed(core: ModuleType) -> Any:
        decoder = core.LineDecoder(limit)
        found, at = [], 0
        for cut in [*cuts, len(stream)]:
            found += decoder.feed(stream[at : at + cut])
            at += cut
        return found, decoder.unfinished, decoder.skipped

    compare(cores, feed)


@pytest.mark.parametrize(
    "action",
    [
        lambda core: core.FrameDecoder(10).feed(bytearray(b"x")),
        lambda core: core.LineDecoder(10).feed("x"),
        lambda core: core.encode_byte_array("x"),
        lambda core: core.decode_byte_array("[1]"),
        lambda core: core.canonical_identifier(b"x"),
        lambda core: core.read_operation('{"op":"heartbeat"}'),
        lambda core: core.read_operation(None),
        lambda core: core.wrap_operation("{}"),
        lambda core: core.wrap_operation(b"{}", None),
        lambda core: core.EncodedMessage("text"),
        lambda core: core.EncodedMessage(None),
        lambda core: core.Message(1, None, 5),
        lambda core: core.MessageMetadata(5),
        lambda core: core.MessageMetadata(None, "5"),
        lambda core: core.MessageMetadata(None, None, None, None, []),
        lambda core: core.MessageMetadata().with_property(5, 5),
        lambda core: core.HttpRequest("q", "GET", "/", {}, "body"),
        lambda core: core.HttpRequest("q", "GET", "/", {}, bytearray()),
        lambda core: core.HttpResponse("q", 200.0, {}, None),
        lambda core: core.HttpResponse("q", 200, None, None),
        lambda core: core.ColdOperation("op", "text", None),
        lambda core: core.write_operation_line(core.Heartbeat(), None),
        lambda core: core.Message(1, core.MessageMetadata(None, None, None, None, {1: "a"})).encode(),
        lambda core: core.Message(1, core.MessageMetadata(None, None, None, None, {"a": {1}})).encode(),
        lambda core: core.Message({"a": b"x"}).encode(),
        lambda core: core.encode_json(2**64),
    ],
)
def test_wrong_arguments_are_refused_in_the_same_words(
    cores: dict[str, ModuleType], action: Callable[[ModuleType], Any]
) -> None:
    assert kind_of(compare(cores, action)) in ("TypeError", "JsonSerializationError")


def test_both_variants_export_the_same_names(cores: dict[str, ModuleType]) -> None:
    names = {name: set(core.__all__) for name, core in cores.items()}
    assert names["compiled"] == names["interpreted"]
    for core in cores.values():
        assert all(hasattr(core, name) for name in core.__all__)


# --- fresh processes


def run(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_pure_loads_the_text_of_every_module() -> None:
    code = (
        "import sys, pywatt_fast\n"
        "for name in pywatt_fast.__all__: getattr(pywatt_fast, name)\n"
        "loaded = [m for n, m in sys.modules.items() if n.startswith('pywatt_fast')]\n"
        "print(pywatt_fast.COMPILED, all(m.__file__.endswith('.py') for m in loaded), len(loaded) > 10)"
    )
    assert run(code, PYWATT_PURE="1") == "False True True"


def test_pure_switched_off_changes_nothing() -> None:
    code = "import pywatt_fast; print(pywatt_fast.COMPILED)"
    assert run(code, PYWATT_PURE="0") == run(code, PYWATT_PURE="")


@pytest.mark.parametrize(
    ("missing", "pure"),
    [
        (["librt"], "1"),
        (["mypy_extensions"], "1"),
        (["orjson"], "1"),
        (["librt", "mypy_extensions", "orjson"], "1"),
        (["mypy_extensions", "orjson"], "0"),
    ],
)
def test_only_the_compiled_core_needs_librt_and_neither_needs_the_rest(missing: list[str], pure: str) -> None:
    code = (
        f"import sys\nfor name in {missing!r}: sys.modules[name] = None\n"
        "import pywatt_fast as c\n"
        "response = c.HttpResponse('q', 200, {'a': 'b'}, b'OK')\n"
        "assert c.read_operation(c.write_operation_frame(response, True, 1000)[5:]) == response\n"
        "message = c.Message({'a': 1e-5}, None, '00112233-4455-4677-8899-aabbccddeeff')\n"
        "try: c.decode_json(b'[' * 100_000)\n"
        "except c.JsonSerializationError: print(message.to_string())"
    )
    text = '{"id":"00112233-4455-4677-8899-aabbccddeeff","content":{"a":0.00001},"metadata":{}}'
    assert run(code, PYWATT_PURE=pure) == text


def test_the_core_knows_no_loop_no_socket_and_no_clock() -> None:
    code = (
        "import sys\nbefore = set(sys.modules)\nimport pywatt_fast\n"
        "for name in pywatt_fast.__all__: getattr(pywatt_fast, name)\n"
        "foreign = {'asyncio', 'socket', 'select', 'selectors', 'time', 'pywatt'}\n"
        "print(sorted(foreign & (set(sys.modules) - before)))"
    )
    assert run(code, PYWATT_PURE="1") == "[]"


def test_each_variant_reads_what_the_other_wrote() -> None:
    write = (
        "import sys, pywatt_fast as c\n"
        "request = c.HttpRequest('q', 'GET', '/ü', {'a': 'ü'}, bytes(256))\n"
        "frame = c.write_operation_frame(request, True, 10000)\n"
        "print(frame.hex())"
    )
    read = (
        "import sys, pywatt_fast as c\n"
        "[(code, payload)] = c.FrameDecoder(10000).feed(bytes.fromhex(sys.argv[1]))\n"
    )
    for writer, reader in (("1", "0"), ("0", "1")):
        frame = run(write, PYWATT_PURE=writer)
        check = read.replace("sys.argv[1]", repr(frame)) + "print(c.read_operation(payload).uri)"
        assert run(check, PYWATT_PURE=reader, PYTHONIOENCODING="utf-8") == "/ü"
