"""What was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(name: object, known: Iterable[str]) -> str:
    """The known name that is closest, else all of them."""
    import difflib

    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
