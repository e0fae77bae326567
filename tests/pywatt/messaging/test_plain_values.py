"""Plain JSON values from what modules are written with."""

import dataclasses
import datetime
import enum
import pathlib
import uuid
from collections import OrderedDict, UserDict
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
import pydantic
import pytest

from pywatt.messaging.plain_values import PlainValueError, to_plain


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Item:
    sku: str
    colour: Colour
    parent: "Item | None" = None


@attrs.define
class Box:
    items: list[Item]


class Order(pydantic.BaseModel):
    at: datetime.date
    lines: list[Item] = []


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        ("a", "a"),
        (Text("a"), "a"),
        (True, True),
        (2**70, 2**70),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        ((1, {2}, frozenset([3])), [1, [2], [3]]),
        (Point(1, 2), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (UserDict(a=(1,)), {"a": [1]}),
        (
            {1: "a", Colour.RED: "b", uuid.UUID(int=0): "c"},
            {"1": "a", "red": "b", str(uuid.UUID(int=0)): "c"},
        ),
        (Item("A1", Colour.RED, Item("A0", Colour.RED)), None),
        (Box([Item("A1", Colour.RED)]), {"items": [{"sku": "A1", "colour": "red", "parent": None}]}),
        (Order(at=datetime.date(2026, 1, 2)), {"at": "2026-01-02", "lines": []}),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00"),
        (datetime.time(1, 2), "01:02:00"),
        (Decimal("1.20"), "1.20"),
        (pathlib.PurePosixPath("/a"), "/a"),
        (pathlib.Path("/a"), "/a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_becomes_of_a_value(value: object, plain: object) -> None:
    if isinstance(value, Item):
        inner = {"sku": "A0", "colour": "red", "parent": None}
        plain = {"sku": "A1", "colour": "red", "parent": inner}
    assert to_plain(value) == plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), "the value: object has no JSON form"),
        ({"a": [b"x"]}, r"\['a'\]\[0\]: bytes have no JSON form"),
        (Box([Item("A1", object())]), r"items\[0\].colour: object has no JSON form"),  # type: ignore[arg-type]
        ({(1, 2): 3}, "a key is of type tuple"),
        ({True: 3}, "a key is of type bool"),
        (Item, "has no JSON form"),
        (iter([1]), "list_iterator has no JSON form"),
    ],
)
def test_what_has_no_json_form_is_named_with_its_place(value: object, text: str) -> None:
    with pytest.raises(PlainValueError, match=text):
        to_plain(value)


def test_a_value_inside_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = [endless]
    with pytest.raises(PlainValueError, match="nested deeper than 128 levels, or inside itself"):
        to_plain(endless)
