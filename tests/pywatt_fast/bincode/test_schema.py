"""Schemas: their notation, their limits, and values of any schema there and back."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "f32": st.floats(width=32, allow_nan=False),
    "f64": st.floats(allow_nan=False),
    "char": st.characters(exclude_categories=["Cs"]),
    "str": texts,
    "bytes": st.binary(max_size=5),
    "duration": st.fixed_dictionaries(
        {"secs": st.integers(0, 2**64 - 1), "nanos": st.integers(0, 10**9 - 1)}
    ),
}
for size in (8, 16, 32, 64, 128):
    VALUES[f"u{size}"] = st.integers(0, 2**size - 1)
    VALUES[f"i{size}"] = st.integers(-(2 ** (size - 1)), 2 ** (size - 1) - 1)
KEYS = sorted(VALUES.keys() - {"duration"})
Pair = tuple[Any, st.SearchStrategy[Any]]  # a schema, and the values that it describes


def products(parts: list[Pair]) -> st.SearchStrategy[Pair]:
    names = [f"f{at}" for at in range(len(parts))]
    struct = {"struct": [[name, schema] for name, (schema, _) in zip(names, parts, strict=True)]}
    fields = st.fixed_dictionaries({name: values for name, (_, values) in zip(names, parts, strict=True)})
    items = {"tuple": [schema for schema, _ in parts]}
    # Nothing may take no bytes here, so that any schema may stand in a list.
    forms: list[Pair] = [(struct, fields), (items, st.tuples(*(values for _, values in parts)))]
    return st.sampled_from(forms)


def enums(parts: list[Pair]) -> Pair:
    variants: list[Any] = [["Unit", None]]
    values: list[st.SearchStrategy[Any]] = [st.just("Unit")]
    for at, (schema, inner) in enumerate(parts):
        variants += [[f"One{at}", {"tuple": [schema]}], [f"Named{at}", {"struct": [["a", schema]]}]]
        values += [inner.map(lambda value, at=at: {f"One{at}": value})]
        values += [inner.map(lambda value, at=at: {f"Named{at}": {"a": value}})]
    return {"enum": variants}, st.one_of(values)


def compounds(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(lambda part: ({"option": part[0]}, st.none() | part[1])),
        inner.map(lambda part: ({"list": part[0]}, st.lists(part[1], max_size=3))),
        st.tuples(st.sampled_from(KEYS), inner).map(
            lambda pair: (
                {"map": [pair[0], pair[1][0]]},
                st.dictionaries(VALUES[pair[0]], pair[1][1], max_size=3),
            )
        ),
        several.flatmap(products),
        several.map(enums),
    )


pairs = st.recursive(
    st.sampled_from(sorted(VALUES)).map(lambda name: (name, VALUES[name])), compounds, max_leaves=6
)
described = pairs.flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1]))


def outcome(core: ModuleType, action: Any) -> Any:
    try:
        return repr(action())
    except core.CoreError as error:
        return type(error).__name__, str(error), error.offset, error.limit


@given(case=described, rest=st.binary(max_size=3))
def test_a_value_survives_the_round_trip(core: ModuleType, case: tuple[Any, Any], rest: bytes) -> None:
    notation, value = case
    schema = core.bincode.Schema(notation)
    data = schema.encode(value)
    assert schema.decode(data + rest) == (value, len(data))
    assert schema.decode(rest + data, len(rest)) == (value, len(data))
    assert core.bincode.encode(value, notation) == data


@given(
    case=described,
    places=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 9),
)
def test_both_variants_read_the_same_from_mutated_bytes(
    cores: dict[str, ModuleType], case: tuple[Any, Any], places: list[tuple[int, int]], cut: int
) -> None:
    notation, value = case
    data = bytearray(cores["interpreted"].bincode.encode(value, notation))
    for place, byte in places:
        if data:
            data[place % len(data)] = byte
    broken = bytes(data[: len(data) - cut])
    results = {outcome(core, lambda: core.bincode.decode(broken, notation)) for core in cores.values()}
    assert len(results) == 1


@given(pair=pairs, data=st.binary(max_size=30))
def test_both_variants_read_the_same_from_any_bytes(
    cores: dict[str, ModuleType], pair: Pair, data: bytes
) -> None:
    results = {outcome(core, lambda: core.bincode.decode(data, pair[0])) for core in cores.values()}
    assert len(results) == 1


@given(pair=pairs, case=described)
def test_both_variants_write_the_same_or_refuse_alike(
    cores: dict[str, ModuleType], pair: Pair, case: tuple[Any, Any]
) -> None:
    results = {outcome(core, lambda: core.bincode.encode(case[1], pair[0])) for core in cores.values()}
    assert len(results) == 1


@pytest.mark.parametrize(
    ("notation", "problem"),
    [
        ("u7", "unknown name of a type"),
        (5, "expected the name of a type, or a dict"),
        (None, "expected the name of a type, or a dict"),
        ({}, "expected the name of a type, or a dict"),
        ({"list": "u8", "option": "u8"}, "expected the name of a type, or a dict"),
        ({"vec": "u8"}, "unknown form"),
        ({"map": ["u8"]}, "map: expected a key and a value"),
        ({"map": "u8"}, "map: expected a key and a value"),
        ({"map": [{"list": "u8"}, "u8"]}, "map: keys that a dict cannot have"),
        ({"map": ["duration", "u8"]}, "map: keys that a dict cannot have"),
        ({"tuple": "u8"}, "tuple: expected a list of schemas"),
        ({"struct": ["a"]}, "struct: expected pairs"),
        ({"struct": [["a", "u8"], ["a", "u8"]]}, "struct: the name `a` twice"),
        ({"struct": [[1, "u8"]]}, "struct: a name that is not text"),
        ({"enum": []}, "enum: no variants"),
        ({"enum": [["A", None], ["A", None]]}, "enum: the name `A` twice"),
        ({"enum": [["A", "u8"]]}, "enum: the data of a variant is None, a tuple or a struct"),
    ],
)
def test_what_is_no_schema_is_refused(core: ModuleType, notation: Any, problem: str) -> None:
    with pytest.raises(core.InvalidSchema, match=f"^invalid schema: {problem}"):
        core.bincode.Schema(notation)


@pytest.mark.parametrize("empty", [{"tuple": []}, {"struct": []}, {"tuple": [{"struct": []}, {"tuple": []}]}])
def test_items_that_may_take_no_bytes_are_refused(core: ModuleType, empty: Any) -> None:
    for notation in ({"list": empty}, {"map": ["u8", empty]}, {"map": [empty, "u8"]}):
        with pytest.raises(core.InvalidSchema, match="of items that may take no bytes"):
            core.bincode.Schema(notation)
    assert core.bincode.decode(b"\x02\x00\x01", {"list": {"option": empty}})[1] == 3


def test_depth_is_bounded(core: ModuleType) -> None:
    notation: Any = "u8"
    for _ in range(127):
        notation = {"option": notation}
    deepest = core.bincode.Schema(notation)
    assert deepest.decode(deepest.encode(5)) == (5, 128)
    for deeper in ({"option": notation}, {"option": deepest}, {"tuple": ["u8", {"list": deepest}]}):
        with pytest.raises(core.InvalidSchema, match="more than 128 levels"):
            core.bincode.Schema(deeper)
    for _ in range(100_000):
        notation = {"option": notation}
    with pytest.raises(core.InvalidSchema, match="more than 128 levels"):
        core.bincode.Schema(notation)
    while isinstance(notation, dict):  # taken apart step by step: the interpreter would recurse
        notation = notation.pop("option")


def test_a_schema_may_stand_inside_another(core: ModuleType) -> None:
    point = core.bincode.Schema({"tuple": ["i8", "i8"]})
    line = core.bincode.Schema({"list": point})
    assert line.decode(line.encode([(1, 2), [3, 4]]))[0] == [(1, 2), (3, 4)]
    assert core.bincode.encode((1, 2), point) == b"\x01\x02"


def test_arguments_are_checked_alike(core: ModuleType) -> None:
    schema = core.bincode.Schema("u8")
    for wrong in (bytearray(b"\x01"), "x", None):
        with pytest.raises(TypeError, match="bytes object expected; got"):
            schema.decode(wrong)
    with pytest.raises(TypeError, match="int object expected; got str"):
        schema.decode(b"\x01", "0")
    for offset in (-1, 2, 2**70):
        with pytest.raises(core.BinaryDecodingError, match="an offset outside the data"):
            schema.decode(b"\x01", offset)
