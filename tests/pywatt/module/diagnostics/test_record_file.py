"""The file of records: bounded, and whole lines only."""

import json
from pathlib import Path

from pywatt.module.diagnostics.record_file import RecordFile
from pywatt.observe.diagnostic_records import MAX_TEXT, RecordKind


def test_it_ends_at_its_bound_and_says_so(tmp_path: Path) -> None:
    records = RecordFile(str(tmp_path / "records"), limit=1000)
    for _ in range(100):
        records.write(RecordKind.OUTPUT, text="x" * 50)
    lines = (tmp_path / "records").read_bytes().splitlines()
    assert sum(map(len, lines)) < 1200
    assert json.loads(lines[-1])["kind"] == "full"


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    RecordFile(str(tmp_path / "records")).write(RecordKind.OUTPUT, text="x" * 10_000)
    assert len(json.loads((tmp_path / "records").read_text())["text"]) == MAX_TEXT


def test_what_json_cannot_hold_becomes_text(tmp_path: Path) -> None:
    RecordFile(str(tmp_path / "records")).write(RecordKind.OUTPUT, text=["a", {"b": Path("c")}], nothing=None)
    record = json.loads((tmp_path / "records").read_text())
    assert (record["text"], record["nothing"]) == (["a", {"b": "c"}], None)
