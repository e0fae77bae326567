"""The one reader of JSON whose meaning must not depend on the reader.

The fast libraries keep the last of two equal keys and let other things pass; here they are refused.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any, Final, NoReturn

from pywatt.errors import ProtocolError

_SURROGATE_ESCAPE: Final = r"\\u[dD][89a-fA-F]"  # compiled when first needed: a start-up needs it rarely
_LONGEST_FIELD_NAME: Final = 40
_LOWEST: Final = -(2**63)
_HIGHEST: Final = 2**64 - 1
_LONGEST_INTEGER: Final = 20


class _RepeatedKey(dict[str, object]):
    """An object in which a key came twice; where it stands is known only when all is read."""

    key: str


class _RefusedNumberError(Exception):
    pass


def decode_strict(data: bytes, max_depth: int = 128) -> object:
    """One JSON document, with nothing let pass.

    Args:
        data: UTF-8 without byte-order mark.
        max_depth: how many arrays and objects may stand inside each other.

    Raises:
        ProtocolError: not UTF-8, not JSON, a key twice in one object, NaN or an infinity, a number outside
            the range of a float, half of a surrogate pair, text after the document, or nesting above the
            limit. The error names the top-level field where it is known, and never shows content.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"not UTF-8 at byte {error.start}") from None
    repeated: list[_RepeatedKey] = []

    def unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        marked = _RepeatedKey(made)
        keys = sorted(key for key, _ in pairs)
        marked.key = next(key for key, following in pairwise(keys) if key == following)
        repeated.append(marked)
        return marked

    try:
        value: object = json.loads(
            text,
            object_pairs_hook=unique_keys,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        reason = error.msg.partition(":")[0]
        raise ProtocolError(f"not JSON: {reason.removesuffix(' at')} at character {error.pos}") from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    except _RefusedNumberError as error:
        raise ProtocolError(str(error)) from None
    escaped = "\\u" in text and re.search(_SURROGATE_ESCAPE, text) is not None
    if repeated or escaped or text.count("{") + text.count("[") > max_depth:
        _inspect(value, max_depth)
    return value


def _inspect(document: object, max_depth: int) -> None:
    """Looks at every value, without recursion, for what the parser cannot tell us while it works."""
    waiting: list[tuple[object, int, str | None]] = [(document, 1, None)]
    while waiting:
        value, depth, field = waiting.pop()
        if isinstance(value, str):
            _check_surrogates(value, field)
        elif isinstance(value, dict):
            if depth > max_depth:
                raise _too_deep(max_depth, field)
            if isinstance(value, _RepeatedKey):
                raise _repeated_key(_shown(value.key) if depth == 1 else None, field)
            for key, inner in value.items():
                _check_surrogates(key, field)
                waiting.append((inner, depth + 1, _shown(key) if depth == 1 else field))
        elif isinstance(value, list):
            if depth > max_depth:
                raise _too_deep(max_depth, field)
            waiting.extend((inner, depth + 1, field) for inner in value)


def _shown(key: str) -> str | None:
    is_name = key.isascii() and key.isidentifier() and key == key.lower() and len(key) <= _LONGEST_FIELD_NAME
    return key if is_name else None


def _repeated_key(name: str | None, field: str | None) -> ProtocolError:
    if field is not None:
        return ProtocolError(f"field `{field}`: a key is repeated", field=field)
    return ProtocolError(f"duplicate field `{name}`" if name else "a key is repeated", field=name)


def _too_deep(max_depth: int, field: str | None = None) -> ProtocolError:
    where = f"field `{field}`: " if field else ""
    return ProtocolError(f"{where}nested deeper than {max_depth} levels", field=field)


def _check_surrogates(text: str, field: str | None) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        where = f"field `{field}`: " if field else ""
        raise ProtocolError(f"{where}half of a surrogate pair", field=field)


def _integer(text: str) -> int | float:
    """An integer of 64 bits, and the float that the reference reads for any other; `-0` is the float too."""
    if len(text) <= _LONGEST_INTEGER and text != "-0":
        value = int(text)
        if _LOWEST <= value <= _HIGHEST:
            return value
    return _finite(text)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _RefusedNumberError("a number is outside the range of a 64-bit float")
    return value


def _constant(_name: str) -> NoReturn:
    raise _RefusedNumberError("NaN and infinities are not JSON")


def kind_of(value: Any) -> str:
    """What a decoded value is, in the words of JSON; never its content."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a number with a fraction"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
