"""Identifiers: random version 4 UUIDs, never drawn twice, also not by a fork."""

import os
import sys
import uuid
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

TEXT = "00112233-4455-4677-8899-aabbccddeeff"


def test_a_new_identifier_is_a_canonical_version_4_uuid(core: ModuleType) -> None:
    for _ in range(500):
        text = core.new_identifier()
        value = uuid.UUID(text)
        assert (str(value), value.version, value.variant) == (text, 4, uuid.RFC_4122)


def test_every_free_bit_is_drawn(core: ModuleType) -> None:
    drawn = [uuid.UUID(core.new_identifier()).int for _ in range(400)]
    fixed = (0xF << 76) | (0x3 << 62)
    always_one = always_zero = (1 << 128) - 1
    for value in drawn:
        always_one &= value
        always_zero &= ~value
    assert (always_one | always_zero) & ~fixed == 0
    assert len(set(drawn)) == len(drawn)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_fork_draws_its_own(core: ModuleType) -> None:
    reader, writer = os.pipe()
    core.new_identifier()
    child = os.fork()
    if child == 0:
        os.write(writer, core.new_identifier().encode())
        os._exit(0)
    ours = core.new_identifier()
    os.waitpid(child, 0)
    theirs = os.read(reader, 36).decode()
    os.close(reader)
    os.close(writer)
    assert uuid.UUID(theirs).version == 4
    assert ours != theirs


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.upper(),
        TEXT.replace("-", ""),
        TEXT.replace("-", "").upper(),
        "{" + TEXT + "}",
        "urn:uuid:" + TEXT,
        "urn:uuid:" + TEXT.upper(),
    ],
)
def test_accepted_forms_come_out_canonical(core: ModuleType, text: str) -> None:
    assert core.canonical_identifier(text) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        TEXT[:-1],
        TEXT + "0",
        TEXT + "\n",
        " " + TEXT,
        "{" + TEXT,
        TEXT + "}",
        "{" + TEXT.replace("-", "") + "}",
        "urn:uuid:" + TEXT.replace("-", ""),
        "URN:UUID:" + TEXT,
        "urn:uuid:{" + TEXT + "}",
        TEXT.replace("a", "g"),
        TEXT.replace("-", "_"),
        "0011223344-55-4677-8899-aabbccddeeff",
        TEXT.replace("0", "\u0660"),
        TEXT.replace("0", "\ud800"),
        TEXT.replace("0", "\xb2"),
        "0x112233-4455-4677-8899-aabbccddeeff",
    ],
)
def test_other_texts_are_refused(core: ModuleType, text: str) -> None:
    with pytest.raises(core.OperationError, match="not a UUID"):
        core.canonical_identifier(text)


@given(value=st.uuids())
def test_every_uuid_is_accepted(core: ModuleType, value: uuid.UUID) -> None:
    assert core.canonical_identifier(str(value)) == str(value)
    assert core.canonical_identifier(value.hex.upper()) == str(value)


@given(at=st.integers(0, 35), sign=st.characters(max_codepoint=0x2FF))
def test_one_foreign_character_is_noticed(core: ModuleType, at: int, sign: str) -> None:
    text = TEXT[:at] + sign + TEXT[at + 1 :]
    allowed = "-" if TEXT[at] == "-" else "0123456789abcdefABCDEF"
    if sign in allowed:
        assert core.canonical_identifier(text) == text.lower()
    else:
        with pytest.raises(core.OperationError):
            core.canonical_identifier(text)
