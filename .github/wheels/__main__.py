"""Builds every wheel that this machine can build, and runs the suite on each as it is installed.

The source archive is built once. A wheel without a compiled core, and one with it for each interpreter, are
built from that archive and never from the checkout; the tests that run on them come from it as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from building import Tools, build_archive, build_wheel, repair
from contents import check_archive, check_wheel
from interpreters import Interpreter, find_interpreters
from reports import Outcome, print_table
from trial import Trial

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "wheels"
DIST = ROOT / "dist"


@dataclass(frozen=True)
class Job:
    """One wheel to build, and which tests to run on it."""

    interpreter: Interpreter
    core: str
    selection: list[str]


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make wheels ARGS=...", description=__doc__)
    parser.add_argument("--tests", nargs="+", default=["tests"], help="which tests run on each wheel")
    parser.add_argument(
        "--python", nargs="+", metavar="3.N", help="build only for these (default: all found)"
    )
    parser.add_argument(
        "--import-only", nargs="*", default=[], metavar="3.N", help="only import the wheels for these"
    )
    parser.add_argument("--no-pure", action="store_true", help="leave the wheel without a compiled core out")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    interpreters = find_interpreters(options.python, say)
    if not interpreters:
        say("no interpreter to build for")
        return 2
    shutil.rmtree(WORK, ignore_errors=True)
    for folder in (WORK, DIST):
        folder.mkdir(parents=True, exist_ok=True)
    for old in DIST.glob("pywatt-*"):
        old.unlink()
    say("tools")
    tools = Tools(ROOT, WORK / "tools")
    say("source archive")
    archive = build_archive(tools, ROOT, DIST)
    problems = check_archive(archive)
    outcomes = [Outcome(archive, "", "", problems)]
    with tempfile.TemporaryDirectory(prefix="pywatt-wheels-") as outside:
        for job in jobs_for(interpreters, options):
            outcomes.append(one_wheel(tools, archive, job, Path(outside)))
            store(outcomes)
    print_table(outcomes)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def jobs_for(interpreters: list[Interpreter], options: argparse.Namespace) -> Iterator[Job]:
    """The wheel that any interpreter can use first: it is the quickest to fail."""
    if not options.no_pure:
        yield Job(interpreters[0], "interpreted", options.tests)
    for interpreter in interpreters:
        selection = [] if interpreter.version in options.import_only else options.tests
        yield Job(interpreter, "compiled", selection)


def one_wheel(tools: Tools, archive: Path, job: Job, outside: Path) -> Outcome:
    """Builds, checks, installs and tests one wheel."""
    interpreter, core = job.interpreter, job.core
    label = f"{core} core, Python {interpreter.version}"
    say(f"{label}: building")
    built = build_wheel(interpreter, archive, core, WORK)
    if core == "compiled":
        say(f"{label}: repairing")
        wheel = repair(tools, built, DIST, say)
    else:
        wheel = DIST / built.name
        shutil.copy2(built, wheel)
    outcome = Outcome(wheel, interpreter.version, core, check_wheel(wheel, core))
    say(f"{label}: installing {wheel.name} in a fresh environment")
    trial = Trial(interpreter, wheel, archive, core, outside)
    outcome.problems += trial.check_import()
    if job.selection and not outcome.problems:
        say(f"{label}: testing {' '.join(job.selection)}")
        outcome.counts = trial.run_suite(job.selection, cargo_target=WORK / "cargo")
        if outcome.counts.get("failed", 1) or not outcome.counts.get("passed"):
            outcome.problems.append("the suite failed")
    say(f"{label}: {'; '.join(outcome.problems) or 'good'}")
    return outcome


def store(outcomes: list[Outcome]) -> None:
    text = json.dumps([outcome.as_json() for outcome in outcomes], indent=2)
    (DIST / "wheels.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
