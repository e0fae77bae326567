"""Secrets as numbers and flags are read strictly, and errors never show the text."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pywatt.errors import SecretError
from pywatt.security.secret_parsing import parse_secret


@pytest.mark.parametrize(
    ("text", "target", "value"),
    [
        ("true", bool, True),
        ("false", bool, False),
        ("-12", int, -12),
        ("+7", int, 7),
        (".5", float, 0.5),
        ("1e3", float, 1000.0),
        ("INF", float, float("inf")),
        (" as is ", str, " as is "),
        ("1.10", Decimal, Decimal("1.10")),
        ("00112233445544778899aabbccddeeff", uuid.UUID, uuid.UUID("00112233-4455-4477-8899-aabbccddeeff")),
    ],
)
def test_it_reads(text: str, target: Callable[[str], Any], value: object) -> None:
    assert parse_secret(text, target) == value


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("True", bool, "provided string was not `true` or `false`"),
        ("", int, "cannot parse integer from empty string"),
        ("1_000", int, "invalid digit found in string"),
        (" 1", int, "invalid digit found in string"),
        ("\u0661", int, "invalid digit found in string"),
        ("9" * 5000, int, "number too large to fit in target type"),
        ("", float, "cannot parse float from empty string"),
        ("0x1", float, "invalid float literal"),
        ("1_0.0", float, "invalid float literal"),
        ("hunter2", uuid.UUID, "not a valid UUID (ValueError)"),
    ],
)
def test_it_refuses_without_showing_the_text(text: str, target: Callable[[str], Any], reason: str) -> None:
    with pytest.raises(SecretError) as caught:
        parse_secret(text, target)
    assert caught.value.message == f"failed to parse secret: {reason}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
