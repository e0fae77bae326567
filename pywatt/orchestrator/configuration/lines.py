"""Find the lines on which the keys of a TOML text stand.

The standard reader gives positions for syntax errors only. So the text is cut into statements, by reading
growing pieces of it until they parse, and each statement says which keys begin on its first line.
"""

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, Final

# Pieces of one statement that are tried: a text made to be slow gets fewer line numbers, not a long wait.
_MAX_ATTEMPTS: Final = 200
# What the last line of a statement of several lines always holds.
_ENDINGS: Final = ("]", '"""', "'''")

Path = tuple[str | int, ...]


class KeyLines:
    """The line of every key in one text.

    Args:
        text: a whole TOML document that parses.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")
        # First line, and the lines after the last one, of the statement in which a key appears first.
        self._found: dict[Path, tuple[int, int]] = {}
        table: Path = ()
        for begin, end, parsed in self._statements():
            if self._lines[begin].lstrip().startswith("["):
                table = _table_of(parsed)
                self._note((), table, begin, end)
            else:
                for path in _paths(parsed):
                    self._note(table, path, begin, end)

    def find(self, path: Sequence[str | int]) -> int | None:
        """Return the line, from 1, on which a key begins; None when the text does not hold it.

        A key that is not there is looked for by what holds it: a missing key is reported at its table.

        Args:
            path: table and key names, and indices into arrays.
        """
        names = tuple(path)
        while names and names not in self._found:
            names = names[:-1]
        if not names:
            return None
        begin, end = self._found[names]
        if isinstance(names[-1], int):
            return self._line_of_element(names, begin, end) + 1
        return begin + 1

    def _statements(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        begin = 0
        while begin < len(self._lines):
            for end in self._possible_ends(begin):
                parsed = _parse("\n".join(self._lines[begin:end]))
                if parsed is not None:
                    yield begin, end, parsed
                    begin = end
                    break
            else:
                return

    def _possible_ends(self, begin: int) -> Iterator[int]:
        yield begin + 1
        attempts = 0
        for number in range(begin + 1, len(self._lines)):
            if any(ending in self._lines[number] for ending in _ENDINGS):
                yield number + 1
                attempts += 1
                if attempts == _MAX_ATTEMPTS:
                    return

    def _note(self, table: Path, path: Path, begin: int, end: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(table + path[:length], (begin, end))

    def _line_of_element(self, path: Path, begin: int, end: int) -> int:
        """An array may span lines: it is closed after each of them, until it holds the element."""
        for last in range(begin + 1, min(end, begin + _MAX_ATTEMPTS)):
            parsed = _parse("\n".join(self._lines[begin:last]) + "\n]")
            if parsed is not None and any(path[-len(inner) :] == inner for inner in _paths(parsed)):
                return last - 1
        return end - 1


def _parse(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _table_of(parsed: Any) -> Path:
    """Return the path of the one table that a header opens."""
    path: Path = ()
    while parsed:
        (name,) = parsed
        parsed = parsed[name]
        path = (*path, name)
        if isinstance(parsed, list):
            parsed = parsed[0]
    return path


def _paths(value: Any) -> Iterator[Path]:
    """Return the path of everything in a value that holds nothing further, or is an element of an array."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (name,)
        for path in _paths(inner):
            yield (name, *path)
