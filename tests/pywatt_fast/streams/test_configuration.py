"""Settings of transfers."""

import json
from types import ModuleType

import pytest


def test_ours_have_a_window_of_sixteen_chunks_and_the_reference_s_ten(core: ModuleType) -> None:
    assert core.StreamConfig().window_size == 16
    assert core.StreamConfig.reference().window_size == 10


@pytest.mark.parametrize("seconds", [0, 30, 0.1, 1.5, 12345.678901234])
def test_time_travels_as_seconds_and_nanoseconds(core: ModuleType, seconds: float) -> None:
    config = core.StreamConfig(1024, 16, seconds)
    assert core.StreamConfig.from_json(config.to_json()).ack_timeout == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_chunk_size", 0), ("window_size", 0), ("window_size", -1), ("ack_timeout", 30),
        ("ack_timeout", {"secs": 1}), ("ack_timeout", {"secs": -1, "nanos": 0}), ("max_retries", 2**32),
        ("preserve_order", 1), ("enable_compression", None), ("compression_threshold", 1.5),
    ],
)  # fmt: skip
def test_settings_with_which_nothing_works_are_refused(core: ModuleType, field: str, value: object) -> None:
    fields = json.loads(core.StreamConfig.reference().to_json())
    with pytest.raises(core.StreamFormatError, match=field):
        core.StreamConfig.from_json(json.dumps({**fields, field: value}).encode())


def test_a_window_is_bounded(core: ModuleType) -> None:
    with pytest.raises(core.WindowOverflow):
        core.StreamConfig(2**32 - 1, 2**32 - 1)
