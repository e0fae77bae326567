"""Secrets do not appear in chunks of lines, in whatever form and wherever a chunk ends."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.observe.chunk_redaction import ChunkRedactor
from pywatt.observe.redaction import Redactor


def knowing(*values: str) -> ChunkRedactor:
    redactor = Redactor()
    for value in values:
        redactor.register(value)
    return ChunkRedactor(redactor)


def escaped_everywhere(value: str, upper: bool = False) -> str:
    units = value.encode("utf-16-be")
    digits = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    return "".join("\\u" + (four.upper() if upper else four) for four in digits)


def test_a_chunk_without_secrets_is_the_same_object() -> None:
    chunk = b"one\ntwo\n"
    assert knowing().redact(chunk) is chunk
    assert knowing("hunter2").redact(chunk) is chunk


def test_every_occurrence_in_every_line_is_replaced() -> None:
    assert knowing("hunter2").redact(b"a hunter2\nhunter2hunter2\n") == (
        b"a [REDACTED]\n[REDACTED][REDACTED]\n"
    )


def test_what_is_registered_later_is_hidden_from_then_on() -> None:
    registry = Redactor()
    redactor = ChunkRedactor(registry)
    assert redactor.redact(b"hunter2\n") == b"hunter2\n"
    registry.register("hunter2")
    assert redactor.redact(b"hunter2\n") == b"[REDACTED]\n"


def test_overlapping_secrets_leave_one_marker() -> None:
    assert knowing("abcdef", "defghi").redact(b"<abcdefghi>\n") == b"<[REDACTED]>\n"


@pytest.mark.parametrize(
    "value",
    ['pass"word', "back\\slash", "caf\u00e9-1234", "\U0001f511-key", "a/b/c/d", "tab\there", "a<b>&c=+'"],
)
class TestForms:
    def test_of_every_writer_of_json(self, value: str) -> None:
        redactor = knowing(value)
        for text in (
            value,
            json.dumps({"k": value}),
            json.dumps({"k": value}, ensure_ascii=False),
            json.dumps({"k": value}).replace("/", "\\/"),
            # Go, Gson and .NET escape these, some with capitals.
            json.dumps({"k": value}).replace("<", "\\u003c").replace("&", "\\u0026").replace("+", "\\u002B"),
            '{"k":"' + escaped_everywhere(value) + '"}',
            '{"k":"' + escaped_everywhere(value, upper=True) + '"}',
        ):
            redacted = redactor.redact(text.encode() + b"\n").decode()
            assert "[REDACTED]" in redacted
            if text.startswith("{"):
                assert json.loads(redacted) == {"k": "[REDACTED]"}

    def test_of_json_inside_json(self, value: str) -> None:
        line = json.dumps({"body": json.dumps({"k": value})})
        redacted = json.loads(knowing(value).redact(line.encode()))
        assert json.loads(redacted["body"]) == {"k": "[REDACTED]"}


def test_a_number_in_json_becomes_a_text_so_that_the_line_stays_json() -> None:
    redactor = knowing("48151623")
    redacted = redactor.redact(
        b'{"pin":48151623,"more":[1, 48151623],"text":"48151623"}\nthe pin is 48151623\n'
    )
    first, second, _ = redacted.split(b"\n")
    assert json.loads(first) == {"pin": "[REDACTED]", "more": [1, "[REDACTED]"], "text": "[REDACTED]"}
    assert second == b"the pin is [REDACTED]"


def test_a_secret_of_several_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----"
    redactor = knowing(key)
    assert redactor.redact(b"MIIEvQIBADANBgkqhkiG9w0BAQ\n") == b"[REDACTED]\n"
    assert b"MII" not in redactor.redact(f"key: {key}\n".encode())
    assert json.loads(redactor.redact(json.dumps({"key": key}).encode())) == {"key": "[REDACTED]"}


def test_many_secrets_are_found_as_few_are() -> None:
    values = [f"secret-number-{number}" for number in range(100)]
    redactor = knowing(*values)
    assert redactor.redact(b"x\nsecret-number-7\nsecret-number-77\n") == b"x\n[REDACTED]\n[REDACTED]\n"


def test_a_value_that_is_no_text_is_hidden_as_its_bytes() -> None:
    assert (
        knowing(b"caf\xe9-key".decode(errors="surrogateescape")).redact(b"<caf\xe9-key>") == b"<[REDACTED]>"
    )


class TestSafeCut:
    def test_it_is_where_it_is_wanted_when_no_secret_stands_there(self) -> None:
        assert knowing("hunter2").safe_cut(b"x" * 20, 10) == 10
        assert knowing("hunter2").safe_cut(b"xxxhunter2xxxxxx", 10) == 10

    def test_it_is_before_a_secret_that_it_would_halve(self) -> None:
        assert knowing("hunter2").safe_cut(b"xxxxhunter2xxxxx", 10) == 4

    def test_it_is_behind_one_that_the_window_begins_with(self) -> None:
        assert knowing("hunter2").safe_cut(b"hunter2xxx", 5) == 7


@given(
    st.lists(
        st.lists(st.sampled_from(["hunter2", "r2d2r2", "hunt", "er2", "\\u0068", "\\u00fc", "x"])), max_size=8
    )
)
def test_a_chunk_is_redacted_as_its_lines_are(lines: list[list[str]]) -> None:
    redactor = knowing("hunter2", "r2d2r2")
    written = ["".join(parts).encode() + b"\n" for parts in lines]
    assert redactor.redact(b"".join(written)) == b"".join(map(redactor.redact, written))


@given(st.data())
def test_no_form_of_a_secret_survives_in_a_line_of_json(data: st.DataObject) -> None:
    """As whoever writes JSON may escape any character, each is escaped or not."""
    generator = random.Random(data.draw(st.integers()))
    value = data.draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20))
    registry = Redactor()
    registry.register(value)
    if not registry.values or "\n" in value:
        return
    written = "".join(
        escaped_everywhere(character) if generator.random() < 0.3 else json.dumps(character)[1:-1]
        for character in value
    )
    line = '{"before":"x","k":"' + written + '","after":1}'
    assert json.loads(line)["k"] == value
    redacted = json.loads(ChunkRedactor(registry).redact(line.encode()))
    assert value not in redacted.get("k", "")
