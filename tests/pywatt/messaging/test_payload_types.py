"""Payloads in the types that handlers are annotated with."""

import dataclasses
import datetime
import enum
import subprocess
import sys
import uuid
from collections import OrderedDict, deque
from collections.abc import Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypedDict, TypeVar

import attrs
import pydantic
import pytest
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pywatt.errors import ConfigError, InvalidPayload
from pywatt.messaging.payload_types import reader_for

T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"


class Name(enum.StrEnum):
    RED = "red"


class Sku(str):
    __slots__ = ()


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Item:
    sku: str
    count: int = 1
    tags: list[str] = dataclasses.field(default_factory=list)
    parent: "Item | None" = None

    def __post_init__(self) -> None:
        if not self.sku:
            raise ValueError("a sku cannot be empty")


@dataclasses.dataclass
class Faulty:
    sku: str

    def __post_init__(self) -> None:
        self.name.upper()  # type: ignore[attr-defined]


@dataclasses.dataclass
class Around:
    inner: Faulty


@attrs.define
class Box:
    items: dict[str, Item]
    colour: Colour = Colour.RED


@dataclasses.dataclass
class Cat:
    meows: bool


@dataclasses.dataclass
class Dog:
    barks: bool


@dataclasses.dataclass
class Page(Generic[T]):
    entries: list[T]


class Model(pydantic.BaseModel):
    sku: str
    inner: "list[Model]" = []


@pydantic_dataclass
class Checked:
    sku: str


class Row(TypedDict):
    sku: str


@dataclasses.dataclass
class Mixed:
    model: Model
    rows: list[Row]


@pytest.mark.parametrize(
    ("annotation", "payload", "value"),
    [
        (Any, {"x": [1]}, {"x": [1]}),
        (object, None, None),
        (str, "a", "a"),
        (int, 5, 5),
        (float, 5, 5.0),
        (float, 1.5, 1.5),
        (bool, True, True),
        (None, None, None),
        (type(None), None, None),
        (dict, {"a": 1}, {"a": 1}),
        (list, [1], [1]),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (Mapping[str, int], {"a": 1}, {"a": 1}),
        (Sequence[int], [1], [1]),
        (MutableSequence[int], [1], [1]),
        (deque[int], [1], deque([1])),
        (AbstractSet[int], [1], {1}),
        (set, [1], {1}),
        (OrderedDict[str, int], {"a": 1}, OrderedDict(a=1)),
        (dict[int, str], {"1": "a", "-2": "b"}, {1: "a", -2: "b"}),
        (dict[uuid.UUID, int], {str(uuid.UUID(int=5)): 1}, {uuid.UUID(int=5): 1}),
        (dict[Name, int], {"red": 1}, {Name.RED: 1}),
        (list[int] | None, None, None),
        (int | str, "a", "a"),
        (int | str | None, 5, 5),
        (float | None, 2.5, 2.5),
        (set[int], [1, 1], {1}),
        (frozenset[str], ["a"], frozenset("a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (Annotated[int, "how many"], 5, 5),
        (Literal["a", 1], 1, 1),
        (Colour, "red", Colour.RED),
        (Level, 1, Level.LOW),
        (Item, {"sku": "A1", "later": 1}, Item("A1")),
        (
            Item,
            {"sku": "A1", "parent": {"sku": "A0", "tags": ["x"]}},
            Item("A1", parent=Item("A0", tags=["x"])),
        ),
        (list[Item], [{"sku": "A1"}], [Item("A1")]),
        (Box, {"items": {"a": {"sku": "A1"}}}, Box({"a": Item("A1")})),
        (Cat | Dog, {"barks": True}, Dog(True)),
        (Page[Item], {"entries": [{"sku": "A1"}]}, Page([Item("A1")])),
        (Model, {"sku": "A1"}, Model(sku="A1")),
        (list[Model] | None, [{"sku": "A1"}], [Model(sku="A1")]),
        (Checked, {"sku": "A1"}, Checked("A1")),
        (Row, {"sku": "A1"}, {"sku": "A1"}),
        (Mixed, {"model": {"sku": "A1"}, "rows": [{"sku": "A2"}]}, Mixed(Model(sku="A1"), [{"sku": "A2"}])),
        (
            datetime.datetime,
            "2026-01-02T03:04:05+00:00",
            datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
        ),
        (datetime.date, "2026-01-02", datetime.date(2026, 1, 2)),
        (uuid.UUID, str(uuid.UUID(int=5)), uuid.UUID(int=5)),
        (Decimal, "1.20", Decimal("1.20")),
        (Path, "/a", Path("/a")),
        (Sku, "A1", Sku("A1")),
        (Name, "red", Name.RED),
        (bytes, [0, 255], b"\x00\xff"),
    ],
)
def test_what_a_payload_becomes(annotation: Any, payload: object, value: object) -> None:
    made = reader_for(annotation)(payload)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("annotation", "payload", "text"),
    [
        (str, None, "expected a string, found null"),
        (str, 5, "expected a string, found an integer"),
        (int, True, "expected an integer, found a boolean"),
        (int, 1.0, "expected an integer, found a number with a fraction"),
        (int, "5", "expected an integer, found a string"),
        (float, "5", "expected a number, found a string"),
        (bool, 1, "expected a boolean, found an integer"),
        (type(None), 0, "expected null, found an integer"),
        (dict, [1], "expected an object, found an array"),
        (list, {"a": 1}, "expected an array, found an object"),
        (list[str], "abc", "expected an array, found a string"),
        (set[str], "abc", "expected an array, found a string"),
        (tuple[int, ...], "abc", "expected an array, found a string"),
        (tuple[int, str], [1], "expected an array of 2 values"),
        (tuple[int, Item], [1, {"sku": 5}], "field `[1].sku`: expected a string, found an integer"),
        (list[int], [1, "a"], "field `[1]`: expected an integer, found a string"),
        (dict[str, int], {"a": "b"}, "field `[a]`: expected an integer, found a string"),
        (dict[int, str], {"a": "b"}, "field `[a]`: expected a key that is an integer"),
        (dict[Name, int], {"blue": 1}, "field `[blue]`: expected a value of Name"),
        (deque[str], "abc", "expected an array, found a string"),
        (list[list[int]], [[1], [2, "a"]], "field `[1][1]`: expected an integer, found a string"),
        (bytes, 5, "expected an array, found an integer"),
        (bytes, [256], "expected an array of integers from 0 to 255"),
        (bytes, ["a"], "expected an array of integers from 0 to 255"),
        (Literal["a", 1], True, "expected one of 'a', 1"),
        (Path, 5, "expected a string, found an integer"),
        (Sku, 5, "expected a string, found an integer"),
        (Name, "blue", "expected a value of Name"),
        (bytes, [True], "expected an array of integers from 0 to 255"),
        (Colour, "blue", "expected a value of Colour"),
        (Level, True, "expected a value of Level"),
        (Item, {}, "field `sku`: missing field"),
        (Item, "abc", "expected an object, found a string"),
        (Item, [["sku", "A1"]], "expected an object, found an array"),
        (Item, {"sku": "", "count": 2}, "a sku cannot be empty"),
        (Item, {"sku": "A1", "parent": {"sku": ""}}, "field `parent`: "),
        (Box, {"items": {"a": {"sku": 5}}}, "field `items[a].sku`: expected a string, found an integer"),
        (Box, {"items": [], "colour": "blue"}, "field `items`: expected an object, found an array"),
        (Box, {"items": {}, "colour": "blue"}, "field `colour`: expected a value of Colour"),
        (Cat | Dog, {"x": 1}, "not a valid value"),
        (int | str, 1.5, "not a valid value"),
        (Page[int], {"entries": ["a"]}, "field `entries[0]`: expected an integer, found a string"),
        (Model, {"sku": "A1", "inner": [{}]}, "field `inner[0].sku`: Field required"),
        (Model, "abc", "Input should be a valid dictionary"),
        (Checked, {"sku": 5}, "field `sku`: Input should be a valid string"),
        (Row, {"sku": 5}, "field `sku`: expected a string, found an integer"),
        (Mixed, {"model": {"sku": 5}, "rows": []}, "field `model.sku`: Input should be a valid string"),
        (datetime.date, "tomorrow", "expected the text of a date"),
        (uuid.UUID, "nope", "expected the text of a UUID"),
        (Decimal, "x", "expected the text of a Decimal"),
        (Decimal, 1.2, "expected a string, found a number with a fraction"),
    ],
)
def test_a_payload_of_another_type_is_refused_by_field(annotation: Any, payload: object, text: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        reader_for(annotation)(payload)
    assert text in refused.value.message


def test_every_field_that_is_not_valid_is_told() -> None:
    with pytest.raises(InvalidPayload) as refused:
        reader_for(Item)({"sku": 5, "count": "x", "tags": [1]})
    assert refused.value.details == {
        "errors": [
            {"field": "sku", "reason": "expected a string, found an integer"},
            {"field": "count", "reason": "expected an integer, found a string"},
            {"field": "tags[0]", "reason": "expected a string, found an integer"},
        ]
    }


def test_errors_are_not_counted_without_end() -> None:
    with pytest.raises(InvalidPayload) as refused:
        reader_for(list[int])(["x"] * 1000)
    assert len(refused.value.details["errors"]) == 10  # type: ignore[index]
    assert len(refused.value.message) < 1000


def test_a_fault_in_the_class_itself_is_not_blamed_on_the_payload() -> None:
    for payload in ({"sku": "A1"}, [{"sku": "A1"}], {"inner": {"sku": "A1"}}):
        annotation = {dict: Faulty, list: list[Faulty]}[type(payload)] if "inner" not in payload else Around
        with pytest.raises(AttributeError, match="no attribute 'name'"):
            reader_for(annotation)(payload)


def test_a_type_that_no_payload_can_become_is_refused_when_it_is_registered() -> None:
    class Opaque:
        pass

    for annotation in (Opaque, list[Opaque]):
        with pytest.raises(ConfigError, match="payloads cannot be read as"):
            reader_for(annotation)


def test_plain_types_need_neither_cattrs_nor_pydantic() -> None:
    program = (
        "import sys\n"
        "from pywatt.messaging.payload_types import reader_for\n"
        "for kind in (str, int, float, bool, dict, list, object): reader_for(kind)\n"
        "assert not {'cattrs', 'pydantic', 'decimal', 'uuid'} & set(sys.modules), 'too much is imported'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
