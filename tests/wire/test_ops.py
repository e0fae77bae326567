"""Control operations as the reference crate prints and reads them, but for our stated differences."""

import json
import re
from typing import Any

import pytest

from pywatt.errors import ProtocolError
from pywatt.protocol.codec import Direction, read_operation, write_frame, write_line, write_operation
from pywatt_fast import CODE_BASE64, CODE_BINARY, EncodedMessage, EncodingFormat, HttpResponse

Case = dict[str, Any]
Difference = dict[str, Any]

DIRECTIONS = {
    "module_to_orchestrator": Direction.TO_ORCHESTRATOR,
    "orchestrator_to_module": Direction.TO_MODULE,
}
OTHER_SIDE = {
    Direction.TO_ORCHESTRATOR: Direction.TO_MODULE,
    Direction.TO_MODULE: Direction.TO_ORCHESTRATOR,
}
FIXED_ID = "00112233-4455-4677-8899-aabbccddeeff"
MAX_FRAME = 1 << 20


def with_fixed_id(message: bytes) -> str:
    """The message with its fresh id replaced by that of the recording."""
    found = json.loads(message)["id"]
    return message.decode().replace(found, FIXED_ID, 1)


@pytest.fixture
def direction(ops_case: Case) -> Direction:
    return DIRECTIONS[ops_case["side"]]


@pytest.fixture
def bare(ops_case: Case, differences: dict[str, Any]) -> str:
    """What we print."""
    if "ok" in ops_case["printed"]:
        return str(ops_case["printed"]["ok"])
    (ours,) = [entry["printed"] for entry in differences["ops"] if entry["name"] == ops_case["name"]]
    return str(ours)


@pytest.fixture
def wrapped(ops_case: Case, bare: str) -> str:
    """What we print in a message, but for its id."""
    if "ok" in ops_case["wrapped"]:
        return str(ops_case["wrapped"]["ok"])
    return f'{{"id":"{FIXED_ID}","content":{bare},"metadata":{{}}}}'


def test_a_bare_operation_is_read_and_printed_as_the_reference_prints_it(
    bare: str, direction: Direction
) -> None:
    assert write_operation(read_operation(bare.encode(), direction)).decode() == bare


def test_a_wrapped_operation_is_read_and_printed_as_the_reference_prints_it(
    bare: str, wrapped: str, direction: Direction
) -> None:
    operation = read_operation(wrapped.encode(), direction)
    assert operation == read_operation(bare.encode(), direction)
    assert with_fixed_id(write_operation(operation, wrapped=True)) == wrapped


def test_a_frame_holds_the_same_text(bare: str, wrapped: str, direction: Direction) -> None:
    operation = read_operation(bare.encode(), direction)
    frame = write_frame(operation, wrapped=False, max_frame=MAX_FRAME)
    assert frame == len(bare).to_bytes(4, "big") + b"\x01" + bare.encode()
    frame = write_frame(operation, wrapped=True, max_frame=MAX_FRAME)
    assert frame[:5] == len(wrapped).to_bytes(4, "big") + b"\x01"
    assert with_fixed_id(frame[5:]) == wrapped


def test_a_line_holds_the_bare_text_but_for_an_http_response(bare: str, direction: Direction) -> None:
    operation = read_operation(bare.encode(), direction)
    line = write_line(operation, "m")
    if isinstance(operation, HttpResponse):
        assert read_operation(line.removesuffix(b"\n"), direction) == operation
    else:
        assert line.decode() == f"{bare}\n"


def test_the_other_frame_codes_hold_the_same_operation(bare: str, wrapped: str, direction: Direction) -> None:
    operation = read_operation(bare.encode(), direction)
    for text in (bare, wrapped):
        as_base64 = EncodedMessage(text.encode()).to_format(EncodingFormat.BASE64).data
        assert read_operation(text.encode(), direction, CODE_BINARY) == operation
        assert read_operation(as_base64, direction, CODE_BASE64) == operation


def test_the_order_of_fields_does_not_matter(bare: str, direction: Direction) -> None:
    reversed_text = json.dumps(dict(reversed(json.loads(bare).items())))
    assert read_operation(reversed_text.encode(), direction) == read_operation(bare.encode(), direction)


def test_unknown_fields_are_ignored(bare: str, direction: Direction) -> None:
    text = json.dumps(json.loads(bare) | {"later_version": {"x": [1]}})
    assert read_operation(text.encode(), direction) == read_operation(bare.encode(), direction)


def test_an_operation_is_refused_by_the_side_that_sends_it(bare: str, direction: Direction) -> None:
    with pytest.raises(ProtocolError):
        read_operation(bare.encode(), OTHER_SIDE[direction])


@pytest.fixture
def difference(ops_read_case: Case, differences: dict[str, Any]) -> Difference | None:
    """Why we accept a text that the reference refuses."""
    if "ok" in ops_read_case:
        return None
    for entry in differences["ops_read"]:
        if re.search(entry["text"], ops_read_case["text"]) and re.search(
            entry["error"], ops_read_case["error"]
        ):
            return dict(entry)
    return None


def without_added_fields(printed: str, expected: str, added_fields: list[str]) -> str:
    """What the reference prints of it: it ignores the fields that we add."""
    fields = json.loads(printed)
    added = [name for name in added_fields if name in fields and name not in json.loads(expected)]
    kept = {name: value for name, value in fields.items() if name not in added}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False) if added else printed


def test_a_text_is_accepted_or_refused_as_by_the_reference(
    ops_read_case: Case, difference: Difference | None, differences: dict[str, Any]
) -> None:
    direction = DIRECTIONS[ops_read_case["side"]]
    text = ops_read_case["text"]
    if "ok" in ops_read_case:
        printed = write_operation(read_operation(text.encode(), direction)).decode()
        assert without_added_fields(printed, ops_read_case["ok"], differences["added"]) == ops_read_case["ok"]
    elif difference is None:
        with pytest.raises(ProtocolError):
            read_operation(text.encode(), direction)
    else:
        printed = write_operation(read_operation(text.encode(), direction)).decode()
        assert printed == difference["printed"].get(text, printed)
