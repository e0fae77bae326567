"""The suites of the core measure equal work, and every goal has what it compares."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHES = ROOT / "benches"


@pytest.fixture(scope="module")
def one_round(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the suites store when each subject is checked, and timed for one call."""
    stored = tmp_path_factory.mktemp("benches") / "core.json"
    options = ["--rounds=1", "--round-seconds=0", "--no-gates", "--benchmark-quiet", f"--json={stored}"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", "benches/pytest.ini", "benches/core", *options]
    # pytest-benchmark times nothing where it finds itself among parallel workers.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(stored.read_text())


@pytest.fixture
def goals(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The reader of the table of goals."""
    monkeypatch.syspath_prepend(BENCHES)
    import core.goals

    return core.goals


def test_every_subject_and_rival_gives_what_its_group_expects(one_round: Any) -> None:
    measured = {name for group in one_round["groups"] for name in group["seconds"]}
    assert {"list", "naive"} <= measured


def test_every_goal_names_a_pair_of_its_group(one_round: Any) -> None:
    assert [row["subject"] for row in one_round["rows"] if row["verdict"] == "not run"] == []


def test_what_could_not_be_measured_is_said(one_round: Any) -> None:
    unmeasured = [row for row in one_round["rows"] if row["ratio"] is None]
    assert all(row["reason"] for row in unmeasured)


def test_the_result_says_what_it_was_measured_with(one_round: Any) -> None:
    assert {"core", "python", "cpu", "orjson", "msgspec", "msgpack"} <= one_round["surroundings"].keys()


def test_every_goal_is_a_gate_and_a_target_that_is_no_smaller(goals: ModuleType) -> None:
    assert all(0 < goal.gate <= goal.target for goal in goals.read_goals())


@pytest.mark.parametrize("bounds", ["[]", "[2, 1]", "[1, 2, 3]", "[0, 1]", "3", '["2"]'])
def test_a_goal_in_another_form_is_refused(goals: ModuleType, tmp_path: Path, bounds: str) -> None:
    table = tmp_path / "goals.toml"
    table.write_text(f'[suite."group"]\n"subject" = {{ "rival" = {bounds} }}\n')
    with pytest.raises(ValueError, match=r"suite, group, rival: expected \[gate, target\]"):
        goals.read_goals(table)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(1.0, "below gate"), (2.0, "gate met"), (3.0, "target met")]
)
def test_the_verdict_is_about_the_median_of_the_ratios_of_rounds(
    goals: ModuleType, seconds: float, verdict: str
) -> None:
    goal = goals.Goal("suite", "group", "ours", "theirs", 2.0, 3.0)
    group = goals.Group("suite, group", ["ours"], ["theirs"], {})
    group.seconds = {"ours": [1.0, 10.0, 100.0], "theirs": [seconds, 10.0 * seconds, 1.0]}
    (judgement,) = goals.judge([goal], [group])
    assert (judgement.ratio, judgement.verdict) == (seconds, verdict)


def test_a_subject_that_is_not_there_fails(goals: ModuleType) -> None:
    goal = goals.Goal("suite", "group", "ours", "theirs", 2.0, 3.0)
    group = goals.Group("suite, group", ["ours"], ["theirs"], {"ours": "the core has no such thing"})
    (judgement,) = goals.judge([goal], [group])
    assert judgement.verdict in goals.FAILED
    assert judgement.reason == "the core has no such thing"


def test_a_subject_that_does_other_work_is_not_timed(goals: ModuleType) -> None:
    from core.side_by_side import Subject, check_value

    with pytest.raises(AssertionError, match="suite, group: ours gave something else than expected"):
        check_value("suite, group: ours", Subject(lambda: 1), 2)
