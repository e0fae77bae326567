"""Seconds on a command line."""

import math
from typing import Any

import click


class Seconds(click.FloatRange):
    """A range of seconds; nan is in none, though it is below no bound and above none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or refuse the text."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds
