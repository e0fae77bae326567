"""Service level agreements and their JSON form."""

import json
from types import ModuleType

import pytest

DEFAULT = {
    "target_availability": 0.999,
    "max_latency": {"secs": 0, "nanos": 100000000},
    "target_throughput": 1000.0,
    "max_error_rate": 0.01,
    "measurement_window": {"secs": 3600, "nanos": 0},
}


def test_the_default(core: ModuleType) -> None:
    level = core.SlaConfig()
    assert (level.max_latency, level.measurement_window) == (0.1, 3600.0)
    assert json.loads(level.to_json()) == DEFAULT


def test_it_is_printed_as_it_was_read(core: ModuleType) -> None:
    long = {"secs": 2**64 - 1, "nanos": 999_999_999}
    text = json.dumps(DEFAULT | {"max_latency": long, "target_throughput": 5}, separators=(",", ":"))
    read = core.SlaConfig.from_json(text)
    assert read.to_json().decode() == text.replace('"target_throughput":5,', '"target_throughput":5.0,')
    assert core.SlaConfig.from_json(read.to_json()) == read != core.SlaConfig()


@pytest.mark.parametrize("field", DEFAULT)
def test_every_field_is_required_and_typed(core: ModuleType, field: str) -> None:
    with pytest.raises(core.RoutingError, match=f"{field}: missing"):
        core.SlaConfig.from_json(json.dumps({name: DEFAULT[name] for name in DEFAULT if name != field}))
    with pytest.raises(core.RoutingError, match=f"{field}: expected"):
        core.SlaConfig.from_json(json.dumps(DEFAULT | {field: "x"}))


def test_an_unknown_field_is_ignored(core: ModuleType) -> None:
    text = json.dumps(DEFAULT | {"extra": 1})
    assert core.SlaConfig.from_json(text) == core.SlaConfig.from_json(json.dumps(DEFAULT))
