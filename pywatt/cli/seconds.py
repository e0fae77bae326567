"""Lengths of time on the command line."""

import math
from typing import Any, Final

import click

LONGEST: Final = 365 * 86_400.0
"""Longer than anybody waits; clocks and sockets refuse much longer ones."""


class Seconds(click.FloatRange):
    """A length of time in seconds; `inf`, and whatever is above `LONGEST`, stands for that."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number of seconds."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):  # no range refuses it
            self.fail("not a number", param, ctx)
        return min(seconds, LONGEST)
