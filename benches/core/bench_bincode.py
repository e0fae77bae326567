"""A bincode struct of six fields, written and read by its schema."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

from core.rivals import naive_bincode
from core.side_by_side import SideBySide, Subject
from core.variants import part, subjects_of

NOTATION = {
    "struct": [
        ["order", "u64"],
        ["customer", "str"],
        ["total", "f64"],
        ["paid", "bool"],
        ["skus", {"list": "str"}],
        ["note", {"option": "str"}],
    ]
}
VALUE = {
    "order": 70_123,
    "customer": "Ada Lovelace",
    "total": 129.95,
    "paid": True,
    "skus": ["A0001", "A0002", "B0417"],
    "note": "leave it at the door",
}
DATA = naive_bincode.encode(VALUE, NOTATION)


def schema_of(core: ModuleType) -> Any:
    """The notation as the core wants it, made once."""
    return part(core, "bincode.Schema")(NOTATION)


def bench_write(side_by_side: SideBySide) -> None:
    ours = subjects_of(
        "struct", lambda core: Subject(partial(part(core, "bincode.encode"), VALUE, schema_of(core)))
    )
    rivals = {"naive": Subject(partial(naive_bincode.encode, VALUE, NOTATION))}
    side_by_side("struct to bytes", ours, rivals, DATA)


def bench_read(side_by_side: SideBySide) -> None:
    ours = subjects_of(
        "struct", lambda core: Subject(partial(part(core, "bincode.decode"), DATA, schema_of(core)))
    )
    rivals = {"naive": Subject(partial(naive_bincode.decode, DATA, NOTATION))}
    side_by_side("struct from bytes", ours, rivals, (VALUE, len(DATA)))
