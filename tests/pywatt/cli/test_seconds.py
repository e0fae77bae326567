"""Lengths of time as a person writes them."""

import click
import pytest

from pywatt.cli.seconds import LONGEST, Seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0.0), ("1.5", 1.5), ("1e10", LONGEST), ("1e300", LONGEST), ("inf", LONGEST)]
)
def test_a_time_is_never_longer_than_clocks_and_sockets_take(text: str, seconds: float) -> None:
    assert Seconds(min=0).convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["nan", "-1", "-inf", "soon"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds(min=0).convert(text, None, None)
