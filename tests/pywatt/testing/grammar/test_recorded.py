"""The grammar reads what the crate wrote and what it read, and refuses what it refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pywatt.testing.grammar.crate_types import ENCODED_MESSAGE, TEXT, message_of
from pywatt.testing.grammar.json_text import UnreadableTextError, read_json
from pywatt.testing.grammar.judging import (
    RefusedError,
    check_carrier,
    check_init,
    check_orchestrator_operation,
    judge_frame,
    judge_line,
    judge_module_operation,
)
from pywatt.testing.grammar.shapes import Shape

VECTORS = Path(__file__).parents[3] / "wire" / "vectors"
JSON_CODE = 1

# What pywatt answers otherwise than the crate: see tests/wire/differences.json.
IDENTIFY = '{"op":"identify","module_id":"m","identify":"m"}'
SEQUENCE = '[[1],"Json"]'

Case = dict[str, Any]


def recorded(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


def readable(judge: Callable[[bytes], object], text: str) -> bool:
    try:
        judge(text.encode())
    except RefusedError:
        return False
    return True


def fits(shape: Shape, text: str) -> bool:
    try:
        return shape.misfit(read_json(text.encode()), "") is None
    except UnreadableTextError:
        return False


def label(case: Case) -> str:
    return ascii(case.get("name", case.get("text", "")))[1:60]


PRINTED = {
    side: [case for case in recorded("ops")[side] if "ok" in case["printed"]]
    for side in ("module_to_orchestrator", "orchestrator_to_module")
}
TRANSCRIPTS = recorded("transcripts")


@pytest.mark.parametrize("case", PRINTED["module_to_orchestrator"], ids=label)
def test_every_operation_that_the_crate_prints_is_read(case: Case) -> None:
    text = case["printed"]["ok"]
    judged = judge_line(text.encode())
    assert {"op": judged.name, **judged.fields} == json.loads(text)


@pytest.mark.parametrize("case", PRINTED["module_to_orchestrator"], ids=label)
def test_every_message_that_the_crate_prints_is_read(case: Case) -> None:
    text = case["wrapped"]["ok"]
    judged = judge_frame(JSON_CODE, text.encode())
    assert {"op": judged.name, **judged.fields} == json.loads(text)["content"]


@pytest.mark.parametrize("case", PRINTED["orchestrator_to_module"], ids=label)
def test_every_operation_that_the_crate_prints_may_be_sent(case: Case) -> None:
    check_orchestrator_operation(case["printed"]["ok"].encode())


@pytest.mark.parametrize("case", recorded("ops_read")["module_to_orchestrator"], ids=label)
def test_a_module_s_operation_is_read_where_the_crate_reads_it(case: Case) -> None:
    text = case["text"]
    assert readable(judge_module_operation, text) == ("ok" in case or text == IDENTIFY)


@pytest.mark.parametrize("case", recorded("ops_read")["orchestrator_to_module"], ids=label)
def test_an_operation_may_be_sent_where_the_crate_reads_it(case: Case) -> None:
    assert readable(check_orchestrator_operation, case["text"]) == ("ok" in case)


@pytest.mark.parametrize("case", recorded("init_read"), ids=label)
def test_a_first_line_may_be_sent_where_the_crate_reads_it(case: Case) -> None:
    assert readable(check_init, case["text"]) == ("ok" in case)


@pytest.mark.parametrize("case", recorded("messages_read"), ids=label)
def test_a_message_is_read_where_the_crate_reads_it(case: Case) -> None:
    assert fits(message_of(TEXT), case["text"]) == ("ok" in case["decode_full_str"])


@pytest.mark.parametrize("case", recorded("nested_read"), ids=label)
def test_an_encoded_message_is_read_where_the_crate_reads_it(case: Case) -> None:
    text = case["text"]
    assert fits(ENCODED_MESSAGE, text) == ("ok" in case["result"] and text != SEQUENCE)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=label)
def test_all_that_a_compiled_module_sent_is_read_on_its_carrier(transcript: Case) -> None:
    sent = [event for event in transcript["events"] if event[1] == "module->orchestrator"]
    for _, _, carrier, data in sent:
        if carrier == "stdio":
            check_carrier(judge_line(data.encode()), is_line=True)
        else:
            check_carrier(judge_frame(data["code"], data["payload"].encode()), is_line=False)


def test_the_transcripts_hold_something_to_read() -> None:
    events = [event for transcript in TRANSCRIPTS for event in transcript["events"]]
    assert sum(event[1] == "module->orchestrator" for event in events) > 20
