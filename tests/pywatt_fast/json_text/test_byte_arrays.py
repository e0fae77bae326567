"""Bytes as arrays of integers: exact both ways, and nothing else passes for a byte."""

import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st


@given(data=st.binary(max_size=3000))
@example(data=b"")
@example(data=bytes(range(256)))
def test_bytes_survive_the_round_trip(core: ModuleType, data: bytes) -> None:
    text = core.encode_byte_array(data)
    assert text == json.dumps(list(data), separators=(",", ":")).encode()
    assert core.decode_byte_array(text) == data


@given(data=st.binary(max_size=50), space=st.sampled_from([" ", "\n", "\t ", "\r\n"]))
def test_space_between_the_numbers_is_json_too(core: ModuleType, data: bytes, space: str) -> None:
    text = space + f",{space}".join(map(str, data)).join(["[", "]"]) + space
    assert core.decode_byte_array(text.encode()) == data


REFUSED = [
    "",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    "[1 2]",
    "[01]",
    "[00]",
    "[001]",
    "[-1]",
    "[-0]",
    "[+1]",
    "[256]",
    "[1000]",
    "[999999999999999999999999]",
    "[1.0]",
    "[1e1]",
    "[true]",
    "[null]",
    '["1"]',
    "[[1]]",
    "[1]]",
    "[1][2]",
    "[1]x",
    "{}",
    "null",
    '"AQI="',
    "12",
    "[1\x00]",
    "[\u0661]",
]


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused(core: ModuleType, text: str) -> None:
    with pytest.raises(core.ByteArrayError):
        core.decode_byte_array(text.encode())


@pytest.mark.parametrize("text", [*REFUSED, "[0]", "[255]", "[7,8]", "[ 1 ]"])
def test_both_variants_judge_alike(cores: dict[str, ModuleType], text: str) -> None:
    assert judged(cores["compiled"], text) == judged(cores["interpreted"], text)


@given(text=st.text(alphabet="0123456789,[] -e.t", max_size=14).map(lambda inner: "[" + inner))
def test_both_variants_judge_any_text_alike(cores: dict[str, ModuleType], text: str) -> None:
    assert judged(cores["compiled"], text) == judged(cores["interpreted"], text)


def judged(core: ModuleType, text: str) -> Any:
    try:
        return core.decode_byte_array(text.encode())
    except core.ByteArrayError as error:
        return str(error), error.offset


def test_a_refusal_names_the_item(core: ModuleType) -> None:
    with pytest.raises(core.ByteArrayError, match="item 2 is not an integer from 0 to 255"):
        core.decode_byte_array(b"[1,2,256]")
