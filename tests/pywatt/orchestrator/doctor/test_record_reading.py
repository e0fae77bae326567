"""Reading what a module recorded; it may have written anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pywatt.observe.diagnostic_records import RecordKind
from pywatt.orchestrator.doctor.evidence import Diagnostics
from pywatt.orchestrator.doctor.record_reading import read_records


def read(tmp_path: Path, *records: Any) -> Diagnostics | None:
    file = tmp_path / "records"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in records) + "\n")
    return read_records(file)


def test_a_module_that_recorded_nothing(tmp_path: Path) -> None:
    assert read_records(tmp_path / "absent") is None
    assert read(tmp_path, "") is None


def test_what_is_no_record_is_read_past(tmp_path: Path) -> None:
    found = read(
        tmp_path, "half a li", "[1]", '{"kind": 7}', {"kind": "begun", "at": 3.5, "python": "3.12.1"}
    )
    assert found is not None
    assert (found.python, found.began) == ("3.12.1", 3.5)


def test_fields_of_other_kinds_than_they_should_be_are_empty(tmp_path: Path) -> None:
    for kind in RecordKind:
        strange = {
            name: [1, {"a": None}] for name in ("at", "name", "stack", "place", "errors", "places", "text")
        }
        assert (
            read(tmp_path, {"kind": kind.value, **strange, "declared": 7, "endpoints": {"a": 1}}) is not None
        )


def test_a_block_knows_whether_it_ended(tmp_path: Path) -> None:
    stack = [{"file": "a.py", "line": 3, "function": "f", "text": "sleep()", "own": True}]
    found = read(
        tmp_path,
        {"kind": "blocked", "at": 1.2, "began": 1.0, "number": 1, "stack": stack, "phase": ""},
        {"kind": "unblocked", "at": 1.5, "number": 1, "seconds": 0.5},
        {"kind": "blocked", "at": 2.2, "began": 2.0, "number": 2, "stack": stack, "phase": ""},
    )
    assert found is not None
    assert [(block.began, block.seconds) for block in found.blocks] == [(1.0, 0.5), (2.0, None)]
    assert found.blocks[0].stack[0].place == "a.py:3"


def test_how_often_a_place_wrote_comes_at_the_end(tmp_path: Path) -> None:
    place = {"file": "a.py", "line": 3}
    found = read(
        tmp_path,
        {"kind": "output", "at": 1.0, "place": place, "text": "hello"},
        {"kind": "output-total", "at": 2.0, "places": [{**place, "count": 12}]},
        {"kind": "full", "at": 3.0},
    )
    assert found is not None
    assert (found.outputs[0].count, found.complete) == (12, False)
