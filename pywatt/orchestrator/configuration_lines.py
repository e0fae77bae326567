"""Find the line on which a key of a TOML text stands.

The standard reader gives positions for syntax errors only, so a key is found by reading growing prefixes of
the text until it appears. Prefixes that end inside a statement do not parse and are skipped.
"""

import tomllib
from collections.abc import Sequence
from typing import Any

_MISSING = object()


class KeyLines:
    """Looks up lines in one text.

    Args:
        text: a whole TOML document that parses.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._parsed: dict[int, dict[str, Any] | None] = {}

    def find(self, path: Sequence[str | int]) -> int | None:
        """Return the line, from 1, on which a key begins; None when the text does not hold it.

        A key that is not there is looked for by what holds it: a missing key is reported at its table.

        Args:
            path: table and key names, and indices into arrays.
        """
        names = list(path)
        while names:
            line = self._first_with(names)
            if line is not None:
                return line
            names.pop()
        return None

    def _first_with(self, path: Sequence[str | int]) -> int | None:
        low, high = 0, len(self._lines)
        if not self._holds(high, path):
            return None
        # Invariant: the prefix of `low` lines lacks the key, that of `high` lines holds it, both parse.
        while True:
            middle = self._parsing_between(low, high)
            if middle is None:
                return self._inside_statement(low, high, path)
            if self._holds(middle, path):
                high = middle
            else:
                low = middle

    def _parsing_between(self, low: int, high: int) -> int | None:
        centre = (low + high) // 2
        for distance in range(high - low):
            for count in (centre - distance, centre + distance):
                if low < count < high and self._prefix(count) is not None:
                    return count
        return None

    def _inside_statement(self, before: int, last: int, path: Sequence[str | int]) -> int:
        """Lines `before + 1` to `last` are one statement; an array in it may span them all."""
        if isinstance(path[-1], int):
            for count in range(before + 1, last):
                closed = _parse("\n".join(self._lines[:count]) + "\n]")
                if closed is not None and _lookup(closed, path) is not _MISSING:
                    return count
            return last
        return before + 1

    def _holds(self, count: int, path: Sequence[str | int]) -> bool:
        parsed = self._prefix(count)
        return parsed is not None and _lookup(parsed, path) is not _MISSING

    def _prefix(self, count: int) -> dict[str, Any] | None:
        if count not in self._parsed:
            self._parsed[count] = _parse("\n".join(self._lines[:count]))
        return self._parsed[count]


def _parse(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _lookup(value: object, path: Sequence[str | int]) -> object:
    for part in path:
        in_table = isinstance(value, dict) and part in value
        in_array = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not in_table and not in_array:
            return _MISSING
        value = value[part]  # type: ignore[index]  # one of the two has just been checked
    return value
