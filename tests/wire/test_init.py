"""Init lines as the reference crate reads and prints them, but for our stated differences."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pywatt.errors import InitError
from pywatt.protocol.codec import Direction, read_operation, write_operation
from pywatt.protocol.handshake import parse_init
from pywatt.protocol.operations import Init

Case = dict[str, Any]

DIFFERENCES = json.loads((Path(__file__).parent / "operation_differences.json").read_text(encoding="utf-8"))


def difference_of(case: Case) -> dict[str, Any] | None:
    if "ok" in case:
        return None
    for entry in DIFFERENCES["init_read"]:
        if re.search(entry["text"], case["text"]) and re.search(entry["error"], case["error"]):
            return dict(entry)
    return None


def is_accepted(case: Case) -> bool:
    return "ok" in case or difference_of(case) is not None


def added_fields(text: str) -> list[str]:
    return [name for name in DIFFERENCES["added"] if f'"{name}":' in text]


def test_an_init_line_is_accepted_or_refused_as_by_the_reference(init_read_case: Case) -> None:
    line = init_read_case["text"].encode()
    if is_accepted(init_read_case):
        blob = parse_init(line)
        assert parse_init(blob.to_json()) == blob
    else:
        with pytest.raises(InitError) as refused:
            parse_init(line)
        assert refused.value.kind == "Json"


def test_an_init_line_is_printed_as_by_the_reference(init_read_case: Case) -> None:
    if not is_accepted(init_read_case):
        return
    printed = parse_init(init_read_case["text"].encode()).to_json().decode()
    different = difference_of(init_read_case)
    if different is not None:
        assert printed == different["printed"].get(init_read_case["text"], printed)
    elif not added_fields(init_read_case["text"]):
        assert printed == init_read_case["ok"]
    else:
        # What only we know is kept, behind everything else.
        assert printed.startswith(init_read_case["ok"].removesuffix("}"))


def test_the_tagged_form_on_a_channel_says_the_same(init_read_case: Case) -> None:
    text = init_read_case["text"]
    if not is_accepted(init_read_case) or '"op"' in text:
        return
    operation = read_operation(('{"op":"init",' + text.removeprefix("{")).encode(), Direction.TO_MODULE)
    assert operation == Init(parse_init(text.encode()))
    assert read_operation(write_operation(operation), Direction.TO_MODULE) == operation
