"""Turns the text of a secret into another type, without the text in any error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from pywatt.errors import SecretError

Parsed = TypeVar("Parsed")

# `int()` and `float()` take spaces, underscores and foreign digits, and repeat the text in their messages.
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
_LONGEST_INTEGER = 4300  # digits; the interpreter refuses more


def _parse_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise SecretError("failed to parse secret: provided string was not `true` or `false`")
    return text == "true"


def _parse_int(text: str) -> int:
    if not text:
        raise SecretError("failed to parse secret: cannot parse integer from empty string")
    if not _INTEGER.fullmatch(text):
        raise SecretError("failed to parse secret: invalid digit found in string")
    if len(text) > _LONGEST_INTEGER:
        raise SecretError("failed to parse secret: number too large to fit in target type")
    return int(text)


def _parse_float(text: str) -> float:
    if not text:
        raise SecretError("failed to parse secret: cannot parse float from empty string")
    if not _FLOAT.fullmatch(text):
        raise SecretError("failed to parse secret: invalid float literal")
    return float(text)


_PARSERS: Final[dict[Any, Callable[[str], Any]]] = {
    str: str,
    bool: _parse_bool,
    int: _parse_int,
    float: _parse_float,
}


def parse_secret(text: str, target: Callable[[str], Parsed]) -> Parsed:
    """The text as another type.

    Args:
        text: the secret.
        target: `str`, `bool`, `int` and `float` are read strictly, without trimming; anything else is called
            with the text (`UUID`, `Path`, `Decimal`, a function).

    Raises:
        SecretError: the text is not one; the message does not show it.
    """
    parser: Callable[[str], Parsed] = _PARSERS.get(target, target)
    try:
        return parser(text)
    except SecretError:
        raise
    except Exception as error:
        kind = getattr(target, "__name__", type(target).__name__)
        reason = f"failed to parse secret: not a valid {kind} ({type(error).__name__})"
    # Raised here, where the error that shows the text is neither cause nor context.
    raise SecretError(reason)
