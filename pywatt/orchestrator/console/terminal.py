"""Whether a person is watching a stream, in colour, and what must not reach a terminal."""

import os
from typing import Final, TextIO

# Control characters would let a logged text move the cursor or retitle the window, overrides of the writing
# direction would let it look like another one.
_DIRECTIONS: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"},
    **{code: f"\\u{code:04x}" for code in _DIRECTIONS},
}


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


def visible(text: str) -> str:
    """Return a text with what could mislead a terminal spelled out, line feeds and tabs excepted.

    Args:
        text: any text.
    """
    return text if text.isprintable() else text.translate(_VISIBLE)
