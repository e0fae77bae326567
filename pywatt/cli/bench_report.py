"""What `pywatt bench` found, for a person and for programs."""

import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pywatt.benchmark.rivals import RIVALS
from pywatt.benchmark.rounds import NOISY_SPREAD, ROUNDS, Result, Spread
from pywatt.benchmark.subjects import OURS, Unit
from pywatt.orchestrator.console.terminal import is_terminal, use_colour

_SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_WIDTH_ELSEWHERE = 80


@contextmanager
def progress_on() -> Iterator[Callable[[int, int, str], None]]:
    """Show progress on stderr while a person watches it."""
    if not is_terminal(sys.stderr):
        yield lambda _done, _total, _what: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color=not use_colour(sys.stderr))
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        # Drawn at once, not by the bar's own clock: a short step must be seen too.
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total or None, description=what, refresh=True
        )


def header(result: Result) -> dict[str, str]:
    """What was measured, and on what."""
    from pywatt.cli.version import collect

    facts = collect()
    any_variant = next(iter(result.facts.values()))
    return {
        "pywatt": str(facts["pywatt"]),
        "core": "compiled and pure" if "compiled" in result.facts else "pure only: no compiled core here",
        "python": f"{facts['python']} ({facts['implementation']})",
        "event_loop": f"uvloop {facts['uvloop']}" if any_variant["loop"] == "uvloop" else "asyncio",
        "json": f"orjson {facts['orjson']}" if any_variant["json"] == "orjson" else "standard library",
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
    }


def _processor() -> str:
    import os

    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    return f"{name}, {os.cpu_count()} logical"


def _versions(names: list[str]) -> dict[str, str]:
    from importlib import metadata

    return {name: metadata.version(RIVALS[name].distribution) for name in names}


def as_object(result: Result, missing: list[str], seconds: float) -> dict[str, Any]:
    """All of it, as JSON can hold it."""
    subjects = []
    for subject in result.subjects:
        variants: dict[str, Any] = {}
        for variant in result.variants:
            cases = {}
            for case in (OURS, *subject.floors, *result.rivals):
                rate = result.rate(subject.name, variant, case)
                if rate is None:
                    continue
                ratios = {
                    floor: _object(result.ratio(subject.name, variant, case, floor))
                    for floor in subject.floors
                }
                cases[case] = {"rate": _object(rate), "of_floor": ratios}
            variants[variant] = cases
        subjects.append(
            {"name": subject.name, "unit": subject.unit, "floors": list(subject.floors), "variants": variants}
        )
    return {
        "header": header(result),
        "seconds": seconds,
        "rounds": ROUNDS,
        "noise": result.noise(),
        "noisy": result.noise() > NOISY_SPREAD,
        "rivals": _versions(result.rivals),
        "rivals_not_installed": missing,
        "subjects": subjects,
    }


def _object(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else {"median": spread.median, "low": spread.low, "high": spread.high}


def print_report(result: Result, missing: list[str], seconds: float) -> None:
    """Write tables to stdout, at most as wide as the terminal."""
    colour = use_colour(sys.stdout)
    console = Console(
        highlight=False,
        no_color=not colour,
        width=None if is_terminal(sys.stdout) else _WIDTH_ELSEWHERE,
        force_terminal=colour,
    )
    for name, value in header(result).items():
        console.print(f"{name.replace('_', ' '):<10}  {escape(value)}", soft_wrap=True)
    console.print(_floors_table(result))
    if result.rivals:
        console.print(_rivals_table(result))
    for note in _notes(result, missing, seconds):
        console.print(escape(note))


def _floors_table(result: Result) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("subject")
    table.add_column("floor")
    table.add_column("its rate", justify="right")
    for variant in result.variants:
        table.add_column(variant, justify="right")
    for subject in result.subjects:
        for floor in subject.floors:
            rate = result.rate(subject.name, result.variants[0], floor)
            shares = [_share(result.ratio(subject.name, v, OURS, floor)) for v in result.variants]
            table.add_row(subject.name, floor, _rate(rate, subject.unit), *shares)
    return table


def _rivals_table(result: Result) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("subject")
    table.add_column("rival")
    for title in ("its rate", "of floor", f"pywatt {result.variants[0]}"):
        table.add_column(title, justify="right")
    for subject in result.subjects:
        variant = result.variants[0]
        for rival in result.rivals:
            rate = result.rate(subject.name, variant, rival)
            if rate is None:
                continue
            times = result.ratio(subject.name, variant, OURS, rival)
            share = _share(result.ratio(subject.name, variant, rival, subject.floors[0]))
            ours = (
                f"x {times.median:.2g}"
                if times and times.median < 10
                else f"x {times.median:.0f}"
                if times
                else "-"
            )
            table.add_row(subject.name, rival, _rate(rate, subject.unit), share, ours)
    return table


def _notes(result: Result, missing: list[str], seconds: float) -> Iterator[str]:
    yield (
        f"Medians of {ROUNDS} interleaved rounds in {seconds:g} s; the ± is half the way from the least "
        "to the most. 100 % is the floor."
    )
    if result.rivals:
        yield "An echo of pywatt is of frames alone; that of a rival is its call, with what belongs to it."
    if result.noise() > NOISY_SPREAD:
        yield f"This machine is noisy: its floors wavered by {result.noise():.0%}. Trust no small difference."
    if missing:
        packages = " ".join(RIVALS[name].distribution for name in missing)
        yield f"Not installed: {', '.join(missing)}. To install: pip install {packages}"
    if all(facts["loop"] == "asyncio" for facts in result.facts.values()):
        yield "The event loop is asyncio's: uvloop is not installed or not chosen, and would raise the floor."


def _share(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return f"{spread.median:.0%} ±{(spread.high - spread.low) / 2:.0%}"


def _rate(spread: Spread | None, unit: Unit) -> str:
    if spread is None:
        return "-"
    for scale, letter in _SCALES:
        if spread.median >= scale:
            return f"{spread.median / scale:.3g} {letter}{'B' if unit == 'B/s' else ''}/s"
    return f"{spread.median:.3g} {unit}"
