"""Reads what a module process recorded about itself; it comes from the module, so none of it is trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pywatt.observe.diagnostic_records import MAX_FILE, MAX_FRAMES, MAX_TEXT, RecordKind
from pywatt.observe.redaction import redact
from pywatt.orchestrator.doctor.evidence import (
    Block,
    Diagnostics,
    DuplicateRoute,
    Frame,
    ImportTime,
    Output,
    RecordedError,
    Waiting,
)

Record = Mapping[str, Any]


def read_records(path: Path) -> Diagnostics | None:
    """Return what a file of records says; None when the module recorded nothing.

    Args:
        path: the file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + MAX_TEXT)
    except OSError:
        return None
    records = list(_records(content))
    return _diagnostics(records) if records else None


def _records(content: bytes) -> Iterator[Record]:
    for line in content.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("kind"), str):
            yield record


def _diagnostics(records: list[Record]) -> Diagnostics:
    by_kind: dict[str, list[Record]] = {kind.value: [] for kind in RecordKind}
    for record in records:
        by_kind.setdefault(record["kind"], []).append(record)
    begun = _last(by_kind[RecordKind.BEGUN])
    secrets = _last(by_kind[RecordKind.SECRETS])
    return Diagnostics(
        python=_text(begun, "python"),
        executable=_text(begun, "executable"),
        began=_number(begun, "at"),
        began_starved=_number(begun, "starved"),
        phases={_text(record, "name"): _number(record, "at") for record in by_kind[RecordKind.PHASE]},
        starved={_text(record, "name"): _number(record, "starved") for record in by_kind[RecordKind.PHASE]},
        imports=tuple(_import(record) for record in by_kind[RecordKind.IMPORT]),
        outputs=_outputs(by_kind[RecordKind.OUTPUT], by_kind[RecordKind.OUTPUT_TOTAL]),
        inputs=tuple(_frame(record.get("place")) for record in by_kind[RecordKind.INPUT]),
        blocks=_blocks(by_kind[RecordKind.BLOCKED], by_kind[RecordKind.UNBLOCKED]),
        waits=tuple(
            Waiting(_stack(record.get("stack")), _text(record, "phase"))
            for record in by_kind[RecordKind.WAITING]
        ),
        failure=tuple(_errors(_last(by_kind[RecordKind.FAILURE]).get("errors"))),
        duplicate_routes=tuple(
            DuplicateRoute(*(_text(record, name) for name in ("method", "path", "first", "second")))
            for record in by_kind[RecordKind.DUPLICATE_ROUTE]
        ),
        endpoints=_texts(_last(by_kind[RecordKind.HANDLERS]).get("endpoints")),
        declared_paths=_texts(secrets.get("paths")),
        declared_secrets=_texts(secrets.get("declared")),
        read_secrets=frozenset(_text(record, "name") for record in by_kind[RecordKind.SECRET_READ]),
        files=_texts(_last(by_kind[RecordKind.FILES]).get("paths")),
        complete=not by_kind[RecordKind.FULL],
    )


def _outputs(first: list[Record], totals: list[Record]) -> tuple[Output, ...]:
    counts: dict[tuple[str, int], int] = {}
    for place in _dicts(_last(totals).get("places")):
        counts[_text(place, "file"), int(_number(place, "line"))] = int(_number(place, "count"))
    outputs = []
    for record in first:
        frame = _frame(record.get("place"))
        outputs.append(Output(frame, max(1, counts.get((frame.file, frame.line), 1)), _text(record, "text")))
    return tuple(outputs)


def _blocks(begun: list[Record], ended: list[Record]) -> tuple[Block, ...]:
    seconds = {_number(record, "number"): _number(record, "seconds") for record in ended}
    return tuple(
        Block(
            began=_number(record, "began"),
            seconds=seconds.get(_number(record, "number")),
            phase=_text(record, "phase"),
            stack=_stack(record.get("stack")),
        )
        for record in begun
    )


def _import(record: Record) -> ImportTime:
    importer = record.get("importer")
    return ImportTime(
        name=_text(record, "name"),
        own_seconds=_number(record, "own"),
        whole_seconds=_number(record, "whole"),
        importer=importer if isinstance(importer, str) else None,
        place=_frame(record.get("place")),
    )


def _errors(value: Any) -> Iterator[RecordedError]:
    known = {"type", "bases", "message", "stack"}
    for record in _dicts(value):
        yield RecordedError(
            type=_text(record, "type"),
            bases=_texts(record.get("bases")),
            message=_text(record, "message"),
            stack=_stack(record.get("stack")),
            details={key: inner for key, inner in record.items() if key not in known},
        )


def _stack(value: Any) -> tuple[Frame, ...]:
    return tuple(_frame(one) for one in _dicts(value)[:MAX_FRAMES])


def _frame(value: Any) -> Frame:
    record = value if isinstance(value, dict) else {}
    return Frame(
        file=_text(record, "file"),
        line=int(_number(record, "line")),
        function=_text(record, "function"),
        text=_text(record, "text"),
        own=record.get("own") is True,
    )


def _last(records: list[Record]) -> Record:
    return records[-1] if records else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return tuple(redact(one) for one in items if isinstance(one, str))


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    return redact(value)[: 2 * MAX_TEXT] if isinstance(value, str) else ""


def _number(record: Record, key: str) -> float:
    value = record.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
