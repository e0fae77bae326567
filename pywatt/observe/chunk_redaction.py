"""The removal of secrets from many lines at once, as they come out of a pipe.

What `redaction` does to the text of one message costs a look at every line; here a chunk of many lines is
searched as a whole, and only a chunk in which something is found is looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pywatt.observe.redaction import COMMON_WORDS, MARKER, Redactor, forms_of, merged_spans, process_redactor

# Searching for one form at a time is faster than an alternation, up to about so many.
_FEW_FORMS: Final = 32
# A line of a key or a certificate is hidden on its own; a shorter piece of text may be anything.
_SHORTEST_LINE: Final = 12
# Above it only the usual forms are looked for: the pattern of all forms would be very large.
_LONGEST_ANY_FORM: Final = 4096
_JSON_ESCAPE: Final = b"\\u"
_ESCAPE_LENGTH: Final = 6
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SHORT_ESCAPES: Final = {
    '"': rb"\\\"",
    "\\": rb"\\\\",
    "/": rb"\\/",
    "\b": rb"\\b",
    "\f": rb"\\f",
    "\n": rb"\\n",
    "\r": rb"\\r",
    "\t": rb"\\t",
}


class ChunkRedactor:
    """Hides what a registry knows in chunks of whole lines, in every form that JSON has for it.

    A value of several lines is hidden line by line, so that the result does not depend on where chunks end.

    Args:
        redactor: the registry; what it learns later counts from the next chunk on.
    """

    def __init__(self, redactor: Redactor = process_redactor) -> None:
        self._redactor = redactor
        self._values: frozenset[str] = frozenset()
        self._forms: tuple[bytes, ...] = ()
        # Patterns that begin with a lookahead find overlapping secrets too, and are slow: the other two tell
        # first in which lines there may be anything to find.
        self._usual: re.Pattern[bytes] | None = None
        self._usual_somewhere: re.Pattern[bytes] | None = None
        self._any_form: re.Pattern[bytes] | None = None
        self._telling_escape: re.Pattern[bytes] | None = None
        self._longest = 1

    @property
    def longest(self) -> int:
        """How many bytes the longest form of a secret may have; 1 when there is none."""
        self._refresh()
        return self._longest

    def redact(self, chunk: bytes) -> bytes:
        """The chunk with `[REDACTED]` in the place of every secret; the same object when there is none.

        Args:
            chunk: whole lines, or a part of one that was cut where `safe_cut` allows it.
        """
        self._refresh()
        pieces: list[bytes] = []
        kept = 0
        for begin, end in self._spans(chunk):
            pieces += (chunk[kept:begin], _marker(chunk, begin, end))
            kept = end
        if not pieces:
            return chunk
        pieces.append(chunk[kept:])
        return b"".join(pieces)

    def safe_cut(self, window: bytes, position: int) -> int:
        """Where a line may be cut so that no secret is halved: at the position, or before the secret there.

        Args:
            window: the line's beginning, `longest` bytes more than the position, or the whole line.
            position: where it would be cut.

        Returns:
            The place, above 0; behind the secret when it begins with the window.
        """
        self._refresh()
        for begin, end in self._spans(window):
            if begin < position < end:
                return begin or end
        return position

    def _spans(self, chunk: bytes) -> Iterator[tuple[int, int]]:
        for begin, end in self._suspicious_lines(chunk):
            is_escaped = self._any_form is not None and chunk.find(_JSON_ESCAPE, begin, end) >= 0
            pattern = self._any_form if is_escaped else self._usual
            assert pattern is not None
            yield from merged_spans(pattern, chunk, begin, end)

    def _suspicious_lines(self, chunk: bytes) -> Iterator[tuple[int, int]]:
        """Where lines begin and end that hold a secret, or an escape of a character that is in one."""
        usual = self._usual_somewhere if self._is_found(chunk) else None
        # Whoever writes JSON may escape any character: Go does so with `<` and `&`, .NET with `+` and quotes.
        escape = self._telling_escape if _JSON_ESCAPE in chunk else None
        searches = [pattern for pattern in (usual, escape) if pattern is not None]
        found = {pattern: pattern.search(chunk) for pattern in searches}
        while places := [place.start() for place in found.values() if place is not None]:
            place = min(places)
            end = chunk.find(b"\n", place)
            end = len(chunk) if end < 0 else end
            yield chunk.rfind(b"\n", 0, place) + 1, end
            for pattern, last in found.items():
                if last is not None and last.start() < end:
                    found[pattern] = pattern.search(chunk, end)

    def _is_found(self, chunk: bytes) -> bool:
        if len(self._forms) <= _FEW_FORMS:
            return any(form in chunk for form in self._forms)
        return self._usual_somewhere is not None and self._usual_somewhere.search(chunk) is not None

    def _refresh(self) -> None:
        values = self._redactor.values
        if values is self._values or not values:
            return
        lines = {line for value in values for line in _lines_of(value)}
        forms = {_encoded(form) for value in values | lines for form in _all_forms(value) if "\n" not in form}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        usual = b"|".join(map(re.escape, self._forms))
        self._usual = re.compile(b"(?=(%b))" % usual)
        self._usual_somewhere = re.compile(usual)
        # The longest first, as in the usual ones: an alternation takes the first that fits.
        escapable = sorted((value for value in values | lines if len(value) <= _LONGEST_ANY_FORM), key=len)
        if escapable:
            escaped = b"|".join(map(_any_form_of, reversed(escapable)))
            self._any_form = re.compile(b"(?=(%b|%b))" % (escaped, usual))
            escapes = sorted({_escape_of(character)[:4] for character in "".join(escapable)})
            self._telling_escape = re.compile(rb"\\u(?:%b)" % b"|".join(map(_any_case, escapes)))
        self._longest = max(
            [*map(len, self._forms), *(_ESCAPE_LENGTH * _units(value) for value in escapable)]
        )
        self._values = values


def _encoded(text: str) -> bytes:
    """The bytes that a program which has this text in its environment would write."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _all_forms(value: str) -> set[str]:
    """Also those of JSON that stands as a text in JSON, as when a request's body is logged."""
    return {inner for form in forms_of(value) for inner in forms_of(form)}


def _lines_of(value: str) -> list[str]:
    if "\n" not in value:
        return []
    lines = [line.strip() for line in value.split("\n")]
    return [line for line in lines if len(line) >= _SHORTEST_LINE and line.lower() not in COMMON_WORDS]


def _units(value: str) -> int:
    """How many escapes `\\uXXXX` it takes to write a value."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _any_form_of(value: str) -> bytes:
    return b"".join(map(_any_form_of_character, value))


def _any_form_of_character(character: str) -> bytes:
    digits = _escape_of(character)
    forms = [b"".join(rb"\\u" + _any_case(digits[at : at + 4]) for at in range(0, len(digits), 4))]
    if character in _SHORT_ESCAPES:
        forms.append(_SHORT_ESCAPES[character])
    # The character itself comes last: a backslash would else be found as the half of an escape.
    if character != "\n":
        forms.append(re.escape(_encoded(character)))
    return b"(?:%b)" % b"|".join(forms)


def _escape_of(character: str) -> str:
    """The hexadecimal digits of its escape, four or, outside the basic plane, eight."""
    return character.encode("utf-16-be", "surrogatepass").hex()


def _any_case(digits: str) -> bytes:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits).encode()


def _marker(chunk: bytes, begin: int, end: int) -> bytes:
    """The marker; in quotes where it takes the place of a number in JSON, so that the line stays JSON."""
    before, after = chunk[max(begin - 2, 0) : begin].rstrip(b" "), chunk[end : end + 1]
    is_value = before[-1:] in (b":", b",", b"[") and after in (b",", b"}", b"]", b" ")
    if before and after and is_value and _NUMBER.fullmatch(chunk, begin, end):
        return b'"%b"' % MARKER.encode()
    return MARKER.encode()
