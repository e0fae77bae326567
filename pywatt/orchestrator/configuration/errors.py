"""What is wrong in a configuration: every problem at once, each with its place and its cure."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from pywatt.errors import ConfigError

KeyPath = tuple[str | int, ...]


@attrs.frozen
class ConfigurationProblem:
    """One thing that is wrong.

    Attributes:
        file: the file it stands in.
        line: the line, from 1; None when the problem is not in one line.
        key: the key as a person writes it, such as `modules.web.after[0]`; empty for the file as a whole.
        what: what is wrong.
        expected: what would be right, or None when `what` says it all.
        suggestion: what was probably meant, or what to do; None when there is no good guess.
    """

    file: Path
    line: int | None
    key: str
    what: str
    expected: str | None = None
    suggestion: str | None = None

    @property
    def place(self) -> str:
        """File and line, as editors and terminals recognise it."""
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        parts = [self.what]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.suggestion:
            parts.append(self.suggestion)
        subject = f"{self.place}: {self.key}: " if self.key else f"{self.place}: "
        return subject + "; ".join(parts)


class ConfigurationError(ConfigError):
    """A configuration that cannot be used.

    Args:
        problems: all that is wrong with it; kept in order of file and line.

    Attributes:
        problems: the same, sorted.
    """

    problems: tuple[ConfigurationProblem, ...]

    def __init__(self, problems: Iterable[ConfigurationProblem]) -> None:
        self.problems = tuple(sorted(problems, key=_position))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _position(problem: ConfigurationProblem) -> tuple[str, int]:
    return str(problem.file), problem.line or 0


def key_text(path: Sequence[str | int]) -> str:
    """Return a key path as a person writes it in TOML.

    Args:
        path: table and key names, and indices into arrays.
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if part and all(_is_bare(character) for character in part) else f'"{part}"'
            text += f".{name}" if text else name
    return text


def _is_bare(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-_")


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return `did you mean "..."?` for the known name that is closest, or None when none is close.

    Args:
        name: what was written.
        known: what could have been written.
    """
    import difflib

    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None
