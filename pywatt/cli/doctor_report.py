"""How `pywatt doctor` shows what it does and what it found."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from pywatt.orchestrator.console.terminal import is_terminal, use_colour, visible
from pywatt.orchestrator.doctor.findings import Finding, Report, Severity, Unchecked

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_WIDEST: Final = 110
_NARROWEST: Final = 40


class ProgressLine:
    """One line on a terminal's stderr that says what is being done; gone when it is left.

    Args:
        module: the module's name.
        wanted: whether to show anything.
    """

    def __init__(self, module: str, *, wanted: bool) -> None:
        self._module = module
        console = Console(stderr=True, no_color=not use_colour(sys.stderr), highlight=False)
        self._status: Status | None = None
        if wanted and is_terminal(sys.stderr):
            self._status = console.status(self._text("looking at it"))

    def show(self, doing: str) -> None:
        """Say what is being done.

        Args:
            doing: it, in a few words.
        """
        if self._status is not None:
            self._status.update(self._text(doing))

    def __enter__(self) -> ProgressLine:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def _text(self, doing: str) -> Text:
        return Text(visible(f"{self._module}: {doing}"))


def print_report(report: Report) -> None:
    """Write a report on stdout.

    Args:
        report: what was found.
    """
    console = Console(
        no_color=not use_colour(sys.stdout),
        force_terminal=use_colour(sys.stdout) or None,
        highlight=False,
        soft_wrap=True,
    )
    for finding in report.findings:
        for line in _finding_lines(finding):
            console.print(line)
        console.print()
    if report.unchecked:
        console.print(Text("could not check", "bold"))
        for one in report.unchecked:
            for line in _unchecked_lines(one):
                console.print(line)
        console.print()
    console.print(Text(report.summary, "bold"))


def _finding_lines(finding: Finding) -> Iterator[Text]:
    style = _STYLES[finding.severity]
    place = f"  {finding.where}" if finding.where else ""
    yield Text.assemble((finding.severity.value, style), f"  {finding.code.value}", (visible(place), "bold"))
    yield from _wrapped(finding.what, "  ")
    for line in finding.quote:
        yield Text(f"    {visible(line)}", "bold" if line.startswith(">") else "dim")
    yield from _wrapped(finding.cure, "  -> ")


def _unchecked_lines(one: Unchecked) -> Iterator[Text]:
    yield from _wrapped(f"{one.what}: {one.why}", "  - ")


def _wrapped(text: str, prefix: str) -> Iterator[Text]:
    """Lines that fit a terminal; anywhere else one line, for those who search."""
    text = visible(text)
    if not is_terminal(sys.stdout):
        yield Text(prefix + text)
        return
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    following = " " * len(prefix)
    for line in textwrap.wrap(
        text, width, initial_indent=prefix, subsequent_indent=following, break_long_words=False
    ):
        yield Text(line)
