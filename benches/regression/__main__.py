"""Fails when the core has become slower than it is at another revision.

Both cores are built and installed apart, and timed in fresh processes that take turns.
What counts for a subject is the median of its ratios, one for each round. Where valgrind is installed, the
instructions that each subject executes are counted too; they do not depend on how busy the machine is.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from instructions import count_instructions, has_valgrind
from measuring import Times, time_subjects
from revisions import Side, base_side, head_side, merge_base
from verdict import Comparison, judge, print_table

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "regression"
ROUNDS = 15
TIME_FACTOR = 1.15
INSTRUCTION_FACTOR = 1.05


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-gate ARGS=...", description=__doc__)
    parser.add_argument("--base", help="the revision to compare with (default: the merge base with main)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--time-factor", type=float, default=TIME_FACTOR)
    parser.add_argument("--instruction-factor", type=float, default=INSTRUCTION_FACTOR)
    parser.add_argument("--require-valgrind", action="store_true", help="fail where valgrind is missing")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.require_valgrind and not has_valgrind():
        say("valgrind is not installed, and --require-valgrind is given")
        return 2
    revision = merge_base(ROOT, options.base)
    say(f"building the base, {revision[:12]}")
    base = base_side(ROOT, WORK, revision)
    say("building the head: the working tree")
    head = head_side(ROOT, WORK, base)
    times = timed(base, head, options.rounds)
    instructions = counted(base, head)
    verdicts = [
        judge(name, times[name], instructions.get(name), options.time_factor, options.instruction_factor)
        for name in times
    ]
    print_table(verdicts, revision[:12], options.time_factor, options.instruction_factor)
    return 1 if any(verdict.failed for verdict in verdicts) else 0


def timed(base: Side, head: Side, rounds: int) -> dict[str, Comparison | None]:
    """What became of each subject of either side; None where the head has lost it."""
    base_rounds: list[Times] = []
    head_rounds: list[Times] = []
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        turns = [(base, base_rounds), (head, head_rounds)]
        for side, taken in turns if number % 2 == 0 else reversed(turns):
            taken.append(time_subjects(side))
    compared: dict[str, Comparison | None] = {}
    for name in base_rounds[0] | head_rounds[0]:
        if name not in head_rounds[0]:
            compared[name] = None
            continue
        if name not in base_rounds[0]:
            compared[name] = (None, 0.0)
            continue
        ratios = [new[name] / old[name] for old, new in zip(base_rounds, head_rounds, strict=True)]
        compared[name] = statistics.median(one[name] for one in base_rounds), statistics.median(ratios)
    return compared


def counted(base: Side, head: Side) -> dict[str, tuple[int | None, int]]:
    """Per subject: instructions for a call at the base (None: it has none) and at the head."""
    if not has_valgrind():
        say("valgrind is not installed: instructions are not counted")
        return {}
    say("counting instructions at the base")
    before = count_instructions(base, WORK)
    say("counting instructions at the head")
    return {name: (before.get(name), count) for name, count in count_instructions(head, WORK).items()}


if __name__ == "__main__":
    sys.exit(main())
