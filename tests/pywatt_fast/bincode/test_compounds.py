"""Compound values: where their parts may be missing, too many or wrong, and how the place is named."""

from types import ModuleType
from typing import Any

import pytest

ITEM = {"struct": [["name", "str"], ["price", {"option": "u32"}]]}
ORDER = {"struct": [["items", {"list": ITEM}], ["where", {"tuple": ["u8", "char"]}]]}
SHAPE = {
    "enum": [
        ["Empty", None],
        ["Circle", {"tuple": ["f64"]}],
        ["Rect", {"struct": [["w", "u16"], ["h", "u16"]]}],
    ]
}


def refusal(core: ModuleType, value: Any, schema: Any) -> str:
    with pytest.raises(core.BinaryConversionError) as refused:
        core.bincode.encode(value, schema)
    return str(refused.value).removeprefix("binary conversion error: ")


def order(**changes: Any) -> dict[str, Any]:
    items = [{"name": "a", "price": 1}, {"price": None, "name": "b"}]
    return {"items": items, "where": (1, "x")} | changes


def test_a_struct_is_written_in_the_order_of_its_schema(core: ModuleType) -> None:
    data = core.bincode.encode(order(), ORDER)
    assert data.hex() == "0201610101016200" + "0178"
    assert core.bincode.decode(data, ORDER) == (order(), len(data))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "expected a dict"),
        ({"items": []}, "missing field `where`"),
        (order(more=1), "unknown field `more`"),
        (order(items={}), "items: expected a list"),
        (order(items=[{"name": "a", "price": 1}, {"name": "a", "price": -1}]), "items[1].price: expected an"),
        (order(items=[{"name": "a"}]), "items[0]: missing field `price`"),
        (order(items=[{"name": "a", "price": 1, 5: 6}]), "items[0]: a field whose name is not text"),
        (order(where=(1,)), "where: expected a tuple of 2"),
        (order(where="1x"), "where: expected a tuple"),
        (order(where=[1, 2]), "where[1]: expected one character"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(core: ModuleType, value: Any, problem: str) -> None:
    assert refusal(core, value, ORDER).startswith(problem)


def test_broken_bytes_are_named_by_place_and_byte(core: ModuleType) -> None:
    with pytest.raises(core.BinaryDecodingError) as refused:
        core.bincode.decode(bytes.fromhex("0201610101016202"), ORDER)
    assert str(refused.value) == (
        "binary decoding error: items[1].price at byte 7: the tag of an option that is neither 0 nor 1"
    )
    assert refused.value.offset == 7


@pytest.mark.parametrize("value", ["Empty", {"Circle": 1.5}, {"Rect": {"h": 2, "w": 1}}])
def test_the_forms_of_an_enum(core: ModuleType, value: Any) -> None:
    data = core.bincode.encode(value, SHAPE)
    assert core.bincode.decode(data, SHAPE) == (value, len(data))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("Square", "an unknown variant"),
        ({"Square": 1}, "an unknown variant"),
        ({1: 1}, "an unknown variant"),
        ("Circle", "variant `Circle` without its data"),
        ({"Empty": None}, "variant `Empty` has no data"),
        ({"Circle": 1.0, "Empty": None}, "expected the name of a variant"),
        ({}, "expected the name of a variant"),
        (None, "expected the name of a variant"),
        ({"Circle": "x"}, "Circle: expected a float"),
        ({"Rect": {"w": 1, "h": -1}}, "Rect.h: expected an integer"),
    ],
)
def test_what_is_no_variant_is_refused(core: ModuleType, value: Any, problem: str) -> None:
    assert refusal(core, value, SHAPE).startswith(problem)


def test_a_variant_of_no_or_many_items_is_a_tuple(core: ModuleType) -> None:
    schema = {"enum": [["None", {"tuple": []}], ["Two", {"tuple": ["u8", "u8"]}]]}
    for value in ({"None": ()}, {"Two": (1, 2)}):
        assert core.bincode.decode(core.bincode.encode(value, schema), schema)[0] == value


def test_an_unknown_variant_is_refused_on_reading(core: ModuleType) -> None:
    with pytest.raises(core.BinaryDecodingError, match="byte 0: a variant beyond the 3 known"):
        core.bincode.decode(b"\x03", SHAPE)
    with pytest.raises(core.BinaryDecodingError, match="wider than its type"):
        core.bincode.decode(b"\xfd" + bytes(8), SHAPE)


def test_entries_of_a_map_are_named_by_their_number(core: ModuleType) -> None:
    schema = {"map": ["str", "u8"]}
    assert refusal(core, {"a": 1, 5: 1}, schema) == "[1].key: expected text"
    assert refusal(core, {"a": 1, "b": "secret"}, schema).startswith("[1].value: expected an integer")
    assert refusal(core, [], schema) == "expected a dict"


def test_a_count_is_believed_only_when_the_items_can_follow(core: ModuleType) -> None:
    with pytest.raises(core.BinaryDecodingError, match="a length beyond the 9 bytes that follow"):
        core.bincode.decode(b"\x02" + bytes(9), {"list": "f64"})
    with pytest.raises(core.BinaryDecodingError, match="a length beyond the 5 bytes that follow"):
        core.bincode.decode(b"\x02" + bytes(5), {"map": ["u8", {"tuple": ["u8", "u8"]}]})


@pytest.mark.parametrize(
    ("data", "secs", "nanos"),
    [("01fb2c01", 1, 300), ("00fcffffffff", 4, 294967295), ("fdfefffffffffffffffc00ca9a3b", 2**64 - 1, 0)],
)
def test_nanoseconds_carry_into_seconds(core: ModuleType, data: str, secs: int, nanos: int) -> None:
    assert core.bincode.decode(bytes.fromhex(data), "duration")[0] == {"secs": secs, "nanos": nanos}


def test_a_duration_stays_within_its_range(core: ModuleType) -> None:
    with pytest.raises(core.BinaryDecodingError, match="beyond 64 bits of seconds"):
        core.bincode.decode(bytes.fromhex("fdfffffffffffffffffc00ca9a3b"), "duration")
    assert refusal(core, {"secs": 0, "nanos": 10**9}, "duration").startswith("nanos: expected an integer")
    assert refusal(core, {"secs": 0}, "duration") == "missing field `nanos`"
    assert refusal(core, 1.5, "duration") == "expected a dict"
