"""Conditions and their JSON form."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

COUNTS = st.integers(0, 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda core: core.MaxSize(1024), b'{"MaxSize":1024}'),
        (lambda core: core.MinHealth(0.9), b'{"MinHealth":0.9}'),
        (lambda core: core.MinHealth(1), b'{"MinHealth":1.0}'),
        (lambda core: core.MaxLatency(1.5), b'{"MaxLatency":{"secs":1,"nanos":500000000}}'),
        (lambda core: core.MaxLatency(0), b'{"MaxLatency":{"secs":0,"nanos":0}}'),
        (lambda core: core.MinThroughput(100), b'{"MinThroughput":100}'),
    ],
)
def test_every_condition_has_the_form_of_the_reference(core: ModuleType, make: Any, text: bytes) -> None:
    assert make(core).to_json() == text
    assert core.read_condition(text) == make(core)


@given(size=COUNTS, health=FLOATS, seconds=COUNTS, nanos=st.integers(0, 999_999_999), rate=COUNTS)
def test_whatever_the_wire_can_say_is_printed_as_it_was_read(
    core: ModuleType, size: int, health: float, seconds: int, nanos: int, rate: int
) -> None:
    texts = [
        b'{"MaxSize":%d}' % size,
        b'{"MinHealth":%b}' % core.encode_json(health),
        b'{"MaxLatency":{"secs":%d,"nanos":%d}}' % (seconds, nanos),
        b'{"MinThroughput":%d}' % rate,
    ]
    for text in texts:
        assert core.read_condition(text).to_json() == text


def test_surplus_nanoseconds_are_carried(core: ModuleType) -> None:
    read = core.read_condition('{"MaxLatency":{"nanos":2500000000,"secs":1}}')
    assert read.to_json() == b'{"MaxLatency":{"secs":3,"nanos":500000000}}'
    assert read.seconds == 3.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "condition: expected an object"),
        ("null", "condition: expected an object"),
        ("{}", "condition: expected exactly one of MaxSize"),
        ('{"MaxSize":1,"MinThroughput":1}', "condition: expected exactly one of"),
        ('{"SECRET":1}', "condition: a field is not one of MaxSize"),
        ('{"maxsize":1}', "condition: a field is not one of"),
        ('{"MaxSize":1.0}', "condition.MaxSize: expected a natural number"),
        ('{"MaxSize":true}', "condition.MaxSize: expected a natural number"),
        ('{"MaxSize":-1}', "condition.MaxSize|MaxSize: expected a natural number"),
        ('{"MaxSize":18446744073709551616}', "MaxSize: expected a natural number"),
        ('{"MaxSize":null}', "condition.MaxSize: expected a natural number"),
        ('{"MinThroughput":"1"}', "condition.MinThroughput: expected a natural number"),
        ('{"MinHealth":"1"}', "condition.MinHealth: expected a number"),
        ('{"MinHealth":true}', "condition.MinHealth: expected a number"),
        ('{"MaxLatency":5}', "condition.MaxLatency: expected an object"),
        ('{"MaxLatency":[0,5]}', "condition.MaxLatency: expected an object"),
        ('{"MaxLatency":{"secs":0}}', "condition.MaxLatency.nanos: missing"),
        ('{"MaxLatency":{"nanos":0}}', "condition.MaxLatency.secs: missing"),
        (
            '{"MaxLatency":{"secs":0,"nanos":0,"x":0}}',
            "condition.MaxLatency: a field is not one of secs, nanos",
        ),
        (
            '{"MaxLatency":{"secs":0,"nanos":4294967296}}',
            "condition.MaxLatency.nanos: expected a natural number",
        ),
        ('{"MaxLatency":{"secs":18446744073709551615,"nanos":1000000000}}', "at most 2"),
    ],
)
def test_what_is_no_condition_is_refused_by_name(core: ModuleType, text: str, words: str) -> None:
    with pytest.raises(core.RoutingError, match=words) as refusal:
        core.read_condition(text)
    assert "SECRET" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"MaxSize":1',
        '{"MaxSize":1,"MaxSize":1}',
        '{"MaxLatency":{"secs":0,"nanos":0,"secs":0}}',
        "NaN",
        "\ud800",
    ],
)
def test_what_is_no_json_or_says_something_twice_is_refused(core: ModuleType, text: str) -> None:
    with pytest.raises(core.JsonSerializationError):
        core.read_condition(text)


def test_hostile_depth_is_refused(core: ModuleType) -> None:
    nested = "[" * 900 + "]" * 900
    for text in ("[" * 100_000, '{"MaxSize":' * 100_000, f'{{"MaxSize":{nested},"MaxSize":1}}'):
        with pytest.raises(core.CoreError):
            core.read_condition(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 2.0**65])
def test_a_latency_is_a_span_that_the_wire_can_say(core: ModuleType, value: float) -> None:
    with pytest.raises(core.RoutingError, match="MaxLatency"):
        core.MaxLatency(value)


def test_equality_tells_kinds_and_values_apart(core: ModuleType) -> None:
    kinds = [
        core.MaxSize(1),
        core.MaxSize(2),
        core.MinThroughput(1),
        core.MinHealth(1.0),
        core.MaxLatency(1.0),
    ]
    assert [[one == other for other in kinds].count(True) for one in kinds] == [1] * 5


@pytest.mark.parametrize("twice", [b"", b',"x":1'])
def test_nesting_is_refused_by_its_depth_alone(core: ModuleType, twice: bytes) -> None:
    def nested(levels: int) -> bytes:
        return b'{"x":%b%b%b,"MaxSize":1}' % (b"[" * (levels - 1), b"]" * (levels - 1), twice)

    # Settings of the deepest allowed form get as far as the judgement of their fields.
    with pytest.raises(core.JsonSerializationError if twice else core.RoutingError):
        core.read_condition(nested(128))
    for levels in (129, 985, 1000):
        with pytest.raises(core.JsonSerializationError, match="deeper than 128 levels") as refused:
            core.read_condition(nested(levels))
        assert refused.value.limit == 128
