"""Whether a person is watching a stream, and in colour."""

import os
from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal; a closed one is not.

    Args:
        stream: an output.
    """
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def use_colour(stream: TextIO) -> bool:
    """Tell whether to write colours: on a terminal, unless NO_COLOR, FORCE_COLOR or TERM say otherwise.

    Args:
        stream: an output.
    """
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"
