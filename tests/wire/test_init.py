"""Init lines as the reference crate reads and prints them, but for our stated differences."""

import re
from typing import Any

import pytest

from pywatt.errors import InitError
from pywatt.protocol.codec import Direction, read_operation, write_operation
from pywatt.protocol.handshake import parse_init
from pywatt.protocol.operations import Init

Case = dict[str, Any]
Difference = dict[str, Any]


@pytest.fixture
def difference(init_read_case: Case, differences: dict[str, Any]) -> Difference | None:
    """Why we accept a line that the reference refuses."""
    if "ok" in init_read_case:
        return None
    for entry in differences["init_read"]:
        if re.search(entry["text"], init_read_case["text"]) and re.search(
            entry["error"], init_read_case["error"]
        ):
            return dict(entry)
    return None


@pytest.fixture
def is_accepted(init_read_case: Case, difference: Difference | None) -> bool:
    return "ok" in init_read_case or difference is not None


def test_an_init_line_is_accepted_or_refused_as_by_the_reference(
    init_read_case: Case, is_accepted: bool
) -> None:
    line = init_read_case["text"].encode()
    if is_accepted:
        blob = parse_init(line)
        assert parse_init(blob.to_json()) == blob
    else:
        with pytest.raises(InitError) as refused:
            parse_init(line)
        assert refused.value.kind == "Json"


def test_an_init_line_is_printed_as_by_the_reference(
    init_read_case: Case, is_accepted: bool, difference: Difference | None, differences: dict[str, Any]
) -> None:
    if not is_accepted:
        return
    text = init_read_case["text"]
    printed = parse_init(text.encode()).to_json().decode()
    if difference is not None:
        assert printed == difference["printed"].get(text, printed)
    elif not any(f'"{name}":' in text for name in differences["added"]):
        assert printed == init_read_case["ok"]
    else:
        # What only we know is kept, behind everything else.
        assert printed.startswith(init_read_case["ok"].removesuffix("}"))


def test_the_tagged_form_on_a_channel_says_the_same(init_read_case: Case, is_accepted: bool) -> None:
    text = init_read_case["text"]
    if not is_accepted or '"op"' in text:
        return
    operation = read_operation(('{"op":"init",' + text.removeprefix("{")).encode(), Direction.TO_MODULE)
    assert operation == Init(parse_init(text.encode()))
    assert read_operation(write_operation(operation), Direction.TO_MODULE) == operation
