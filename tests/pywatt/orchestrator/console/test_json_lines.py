"""Every line becomes one JSON document that names its module."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.orchestrator.console.json_lines import json_lines


def otherwise(line: bytes) -> str | None:
    return json.dumps({"otherwise": line.decode("utf-8", "backslashreplace")})


def test_a_json_log_line_stays_as_it_is_and_gets_its_module() -> None:
    lines = [b'{"level":"WARN","fields":{"message":"m","n":1.0}}', b'{"message": "flat"}']
    assert list(json_lines("web", lines, otherwise)) == [
        b'{"level":"WARN","fields":{"message":"m","n":1.0},"module":"web"}\n',
        b'{"message": "flat","module":"web"}\n',
    ]


def test_text_becomes_a_message() -> None:
    (line,) = json_lines("web", [b'plain "text" caf\xe9\r'], otherwise)
    document = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", document.pop("timestamp"))
    assert document == {
        "level": "INFO",
        "fields": {"message": 'plain "text" caf\\xe9'},
        "target": "stderr",
        "module": "web",
    }


def test_blank_lines_are_left_out() -> None:
    assert list(json_lines("web", [b"", b"  ", b"\r"], otherwise)) == []


@pytest.mark.parametrize(
    "line", [b'{"message":"m","module":"x"}', b'{"a":1}', b"{", b'{"message":"m"} {}', b'{"message":"\xff"}']
)
def test_json_that_is_no_plain_log_line_is_made_otherwise(line: bytes) -> None:
    (document,) = json_lines("web", [line], otherwise)
    assert json.loads(document) == {"otherwise": line.decode("utf-8", "backslashreplace")}


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)))
def test_whatever_a_module_writes_every_line_is_json(lines: list[bytes]) -> None:
    documents = b"".join(json_lines("web", lines, otherwise)).split(b"\n")[:-1]
    assert len(documents) == sum(bool(line.strip(b" \t\r\v\f")) for line in lines)
    assert all(isinstance(json.loads(document), dict) for document in documents)
