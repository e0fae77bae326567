"""The five frames are plain values."""

from types import ModuleType
from typing import Any

import pytest

FRAMES: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
    ("StreamOpen", (1, 2, 3, 4, {"a": 1}), (9, 8, 7, 6, {})),
    ("StreamData", (1, 2, b"x"), (9, 8, b"")),
    ("StreamCredit", (1, 2), (9, 8)),
    ("StreamEnd", (1,), (9,)),
    ("StreamReset", (1, 2, "x"), (9, 8, "")),
]


@pytest.mark.parametrize(("name", "fields", "others"), FRAMES, ids=[name for name, *_ in FRAMES])
def test_frames_are_equal_when_every_field_is(
    core: ModuleType, name: str, fields: tuple[Any, ...], others: tuple[Any, ...]
) -> None:
    kind = getattr(core, name)
    assert kind(*fields) == kind(*fields)
    assert kind(*fields) != fields
    for place, other in enumerate(others):
        assert kind(*fields[:place], other, *fields[place + 1 :]) != kind(*fields)
