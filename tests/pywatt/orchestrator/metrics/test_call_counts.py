"""What the broker counts of calls."""

from __future__ import annotations

from pywatt.errors import ApplicationError, CallTimeout, ModuleNotFound
from pywatt.orchestrator.metrics.call_counts import CallCounts


def test_outcomes_are_told_apart_by_pywatts_own_codes() -> None:
    calls = CallCounts(["bank"]).of("bank")
    calls.ended(None, 0.001)
    calls.ended(CallTimeout("late"), 5.0)
    assert calls.outcomes == {"ok": 1, "timeout": 1}
    assert calls.durations.count == 2


def test_codes_that_modules_make_up_count_as_one() -> None:
    calls = CallCounts(["bank"]).of("bank")
    for number in range(1000):
        calls.ended(ApplicationError(f"code-{number}", "no"), 0.001)
    assert calls.outcomes == {"application": 1000}


def test_calls_to_names_that_no_module_has_count_as_one_series() -> None:
    counts = CallCounts(["bank"])
    for number in range(1000):
        counts.of(f"name-{number}").ended(ModuleNotFound("there is none"))
    assert [name for name, _ in counts.series()] == ["bank", ""]
    assert counts.of("nobody").outcomes == {"module_not_found": 1000}
    assert counts.of("nobody").durations.count == 0
