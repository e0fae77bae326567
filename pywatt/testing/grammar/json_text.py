"""JSON as the crate's reader takes it: the members of an object keep their order and their repetitions.

Nothing of pywatt's own readers is used here: what they let pass must not pass twice.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Final, NoReturn

MAX_DEPTH: Final = 127
"""Arrays and objects inside each other; one more is an error for the crate."""

_INTEGERS: Final = range(-(2**63), 2**64)
_LONGEST_INTEGER: Final = 20
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class UnreadableTextError(Exception):
    """The text is no JSON document; says why, never with content."""


class JsonObject:
    """An object with its members as they were written.

    Args:
        members: names and values, in order; a name may be there twice.
    """

    __slots__ = ("members",)

    def __init__(self, members: list[tuple[str, object]]) -> None:
        self.members = members

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self.members)

    def get(self, name: str) -> object:
        """The last value of a name, None when there is none."""
        return next((value for known, value in reversed(self.members) if known == name), None)

    def count(self, name: str) -> int:
        """How many members have the name."""
        return sum(known == name for known, _ in self.members)


def read_json(data: bytes) -> object:
    """One document.

    Args:
        data: UTF-8 without byte-order mark.

    Returns:
        What `json` makes of it, but a `JsonObject` for each object.

    Raises:
        UnreadableTextError: the crate would not read it.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableTextError(f"not UTF-8 at byte {error.start}") from None
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=JsonObject,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise UnreadableTextError(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("{") + text.count("[") > MAX_DEPTH or _SURROGATE_ESCAPE.search(text) is not None:
        _inspect(value)
    return value


def plain(value: object) -> object:
    """The same with a dictionary for each object; of a repeated name the last value counts."""
    if isinstance(value, JsonObject):
        return {name: plain(inner) for name, inner in value.members}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def _inspect(document: object) -> None:
    waiting: list[tuple[object, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            _check_surrogates(value)
        elif isinstance(value, (list, JsonObject)):
            if depth > MAX_DEPTH:
                raise _too_deep()
            waiting.extend((inner, depth + 1) for inner in _inside(value))


def _inside(value: list[object] | JsonObject) -> Iterator[object]:
    if isinstance(value, list):
        yield from value
    else:
        for name, inner in value.members:
            yield name
            yield inner


def _check_surrogates(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UnreadableTextError("half of a surrogate pair")


def _too_deep() -> UnreadableTextError:
    return UnreadableTextError(f"nested deeper than {MAX_DEPTH} levels")


def _number(text: str) -> int | float:
    """An integer where 64 bits hold it, else the float that the crate reads; minus zero is one too."""
    if (
        text != "-0"
        and len(text) <= _LONGEST_INTEGER
        and text.lstrip("-").isdigit()
        and int(text) in _INTEGERS
    ):
        return int(text)
    value = float(text)
    if math.isinf(value):
        raise UnreadableTextError("a number is outside the range of a 64-bit float")
    return value


def _constant(name: str) -> NoReturn:
    raise UnreadableTextError(f"{name} is not JSON")
