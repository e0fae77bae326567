"""A Secret shows its value to nobody who does not ask for it by name."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from pywatt.security.secret import Secret

VALUE = "hunter2"


def test_it_gives_its_value_when_asked() -> None:
    assert Secret(VALUE).expose_secret() == VALUE
    assert Secret(VALUE).map(len).expose_secret() == len(VALUE)


def test_no_text_of_it_shows_the_value() -> None:
    secret = Secret(VALUE)
    for text in (
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>40}",
        " ".join(map(repr, [secret])),
        repr([secret]),
    ):
        assert VALUE not in text
        assert "Secret([REDACTED])" in text


def test_it_refuses_to_be_pickled_dumped_or_turned_into_bytes() -> None:
    secret = Secret(VALUE)
    for refused in (pickle.dumps, json.dumps, bytes, lambda s: s.__getstate__(), vars, hash):
        with pytest.raises(TypeError) as caught:
            refused(secret)
        assert VALUE not in str(caught.value)


def test_a_copy_is_the_same_object() -> None:
    secret = Secret([VALUE])
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("é", "é", True),
        (b"a", b"a", True),
        ("a", b"a", False),
        (1, 1, True),
    ],
)
def test_secrets_compare_by_value(left: object, right: object, equal: bool) -> None:
    assert (Secret(left) == Secret(right)) is equal


def test_a_secret_never_equals_its_plain_value() -> None:
    assert (Secret(VALUE) == VALUE) is False
