"""Secrets do not appear in text."""

import json
import logging
import random
import threading

import pytest

from pywatt.observe import redaction
from pywatt.observe.redaction import MIN_LENGTH_VARIABLE, Redactor


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


def test_every_occurrence_is_replaced(redactor: Redactor) -> None:
    redactor.register("hunter2")

    assert redactor.redact("hunter2, hunter2 and hunter22") == "[REDACTED], [REDACTED] and [REDACTED]2"


def test_other_text_is_the_same_object(redactor: Redactor) -> None:
    text = "nothing here"
    assert redactor.redact(text) is text
    redactor.register("hunter2")
    assert redactor.redact(text) is text


def test_the_longest_secret_wins(redactor: Redactor) -> None:
    for value in ("abcd", "abcdef"):
        redactor.register(value)

    assert redactor.redact("abcdef abcde") == "[REDACTED] [REDACTED]e"


def test_overlapping_secrets_leave_one_marker_and_no_tails(redactor: Redactor) -> None:
    for value in ("abcdef", "defghi", "hijkl"):
        redactor.register(value)

    assert redactor.redact("<abcdefghijkl>") == "<[REDACTED]>"
    assert redactor.redact("<abcdefdefghi>") == "<[REDACTED][REDACTED]>"


def test_a_secret_that_overlaps_itself_leaves_no_tail(redactor: Redactor) -> None:
    redactor.register("abab")

    assert redactor.redact("xabababx") == "x[REDACTED]x"


def test_what_was_put_in_is_not_read_again(redactor: Redactor) -> None:
    for value in ("REDACTED", "secret-value"):
        redactor.register(value)

    assert redactor.redact("secret-value") == "[REDACTED]"


@pytest.mark.parametrize(
    "value",
    ['pass"word', "back\\slash", "line\nbreak", "caf\u00e9-1234", "\U0001f511-key", "a/b/c/d", "tab\there"],
)
def test_the_forms_of_json_are_hidden_too(value: str, redactor: Redactor) -> None:
    redactor.register(value)
    texts = [
        value,
        json.dumps({"k": value}),
        json.dumps({"k": value}, ensure_ascii=False),
        json.dumps({"k": value}).replace("/", "\\/"),
    ]
    for text in texts:
        redacted = redactor.redact(text)
        assert "[REDACTED]" in redacted
        assert value not in redacted
    assert json.loads(redactor.redact(texts[1])) == {"k": "[REDACTED]"}


@pytest.mark.parametrize("value", ["", "abc", "true", "False", "NULL", "none"])
def test_short_and_common_values_are_not_hidden(value: str, redactor: Redactor) -> None:
    redactor.register(value)

    assert redactor.redact(f"it is {value}!") == f"it is {value}!"


def test_refusals_warn_once_without_the_value(redactor: Redactor, caplog: pytest.LogCaptureFixture) -> None:
    for value in ("", "qqq", "zz", "true"):
        redactor.register(value)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "the minimum is 4 characters" in caplog.text
    assert "qqq" not in caplog.text


def test_the_minimum_can_be_set(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIN_LENGTH_VARIABLE, "2")
    redactor.register("pw")
    assert redactor.redact("pw") == "[REDACTED]"
    monkeypatch.setenv(MIN_LENGTH_VARIABLE, "many")
    redactor.register("abc")
    assert redactor.redact("abc") == "abc"


def test_characters_with_a_meaning_in_patterns_have_none_here(redactor: Redactor) -> None:
    redactor.register("a.*b(c)[d]$")

    assert redactor.redact("a.*b(c)[d]$ aXXb(c)[d]$") == "[REDACTED] aXXb(c)[d]$"


def test_no_secret_survives_in_random_text(redactor: Redactor) -> None:
    generator = random.Random(7)
    secrets = ["".join(generator.choices("ab", k=generator.randint(4, 7))) for _ in range(6)]
    for secret in secrets:
        redactor.register(secret)
    for _ in range(500):
        text = "".join(generator.choices("ab", k=30))
        redacted = redactor.redact(text)
        hidden = [False] * len(text)
        for secret in secrets:
            for start in range(len(text)):
                if text.startswith(secret, start):
                    hidden[start : start + len(secret)] = [True] * len(secret)
        left = "".join(character for character, is_hidden in zip(text, hidden, strict=True) if not is_hidden)
        assert redacted.replace("[REDACTED]", "") == left


def test_registering_and_redacting_may_happen_at_once(redactor: Redactor) -> None:
    def register(prefix: int) -> None:
        for number in range(50):
            redactor.register(f"secret-{prefix}-{number}")
            assert redactor.redact(f"<secret-{prefix}-{number}>").startswith("<[REDACTED]")

    threads = [threading.Thread(target=register, args=(prefix,)) for prefix in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert redactor.redact("<secret-3-49>") == "<[REDACTED]>"


def test_the_process_has_one_registry() -> None:
    redaction.register_secret("a-secret-of-this-test")

    assert redaction.redact("<a-secret-of-this-test>") == "<[REDACTED]>"
