"""The plugin behind the suites of the core: groups timed side by side, one table, a verdict per goal."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from _table import Row, lines_of, surroundings
from core.goals import FAILED, Judgement, judge, read_goals
from core.side_by_side import Group, Rounds, SideBySide

SUITES = Path(__file__).with_name("core")
RESULT = Path(__file__).parents[1] / ".benchmarks" / "core.json"
PACKAGES = ("librt", "orjson", "msgpack", "msgspec", "pytest-benchmark")
TITLE = "The core beside its rivals: how many times faster, the median of the ratios of interleaved rounds"
GROUPS = pytest.StashKey[list[Group]]()
JUDGEMENTS = pytest.StashKey[list[Judgement]]()


def suite_names() -> list[str]:
    return sorted(file.stem.removeprefix("bench_") for file in SUITES.glob("bench_*.py"))


def pytest_addoption(parser: pytest.Parser) -> None:
    options = parser.getgroup("core benches")
    options.addoption(
        "--suite", action="append", choices=suite_names(), help="run this suite alone; may be repeated"
    )
    options.addoption("--rounds", type=int, default=41, help="how often each subject is timed")
    options.addoption("--round-seconds", type=float, default=0.006, help="how long one timing takes")
    options.addoption("--json", type=Path, default=RESULT, metavar="FILE", help="where the result is stored")
    options.addoption("--no-gates", action="store_true", help="let no goal fail the run")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[GROUPS] = []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the suites that were not asked for."""
    chosen = config.getoption("suite")
    if chosen and collection_path.parent == SUITES and collection_path.suffix == ".py":
        return collection_path.stem.removeprefix("bench_") not in chosen
    return None


@pytest.fixture
def side_by_side(request: pytest.FixtureRequest, benchmark: Any) -> SideBySide:
    """Checks and times the subjects of one group."""
    config = request.config
    rounds = Rounds(config.getoption("rounds"), config.getoption("round_seconds"))
    return SideBySide(benchmark, request.path.stem.removeprefix("bench_"), rounds, config.stash[GROUPS])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Judge, store, and let a goal that is not reached fail the run."""
    config = session.config
    if config.getoption("collectonly"):
        return
    chosen = config.getoption("suite") or suite_names()
    goals = [goal for goal in read_goals() if goal.suite in chosen or not config.getoption("suite")]
    judgements = config.stash[JUDGEMENTS] = judge(goals, config.stash[GROUPS])
    store(config.getoption("json"), judgements, config.stash[GROUPS])
    failed = not config.getoption("no_gates") and any(one.verdict in FAILED for one in judgements)
    if failed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def store(path: Path, judgements: list[Judgement], groups: list[Group]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "bench": TITLE,
        "surroundings": surroundings(PACKAGES),
        "rows": [asdict(one) for one in judgements],
        "groups": [asdict(group) for group in groups],
    }
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    judgements = config.stash.get(JUDGEMENTS, None)
    if not judgements:
        return
    terminalreporter.ensure_newline()
    shown = [row_of(one) for one in judgements]
    for line in lines_of(TITLE, shown, surroundings(PACKAGES)):
        terminalreporter.write_line(line)
    counts: dict[str, int] = {}
    for one in judgements:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    summary = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    terminalreporter.write_line(f"{summary}; stored in {config.getoption('json')}")


def row_of(judgement: Judgement) -> Row:
    verdict = f"{judgement.verdict}: {judgement.reason}" if judgement.reason else judgement.verdict
    return {
        "subject": judgement.subject,
        "over": judgement.rival,
        "ratio": judgement.ratio,
        "gate": judgement.gate,
        "target": judgement.target,
        "verdict": verdict,
    }
