"""The line on which a key stands, for every way of writing it in TOML."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.orchestrator.configuration.lines import KeyLines

TEXT = '''\
# a comment
title = "x"

[modules.web]
run = "web.py"   # another
after = [
    "a",  # one

    "b", "c",
    "d"
]
env = { A = "1", B = "2" }
text = """
after = 1
[modules.other]
"""

[modules.web.restart]
policy = "never"

[modules."dotted.name"]
a.b.c = 1
a.b.d = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("modules",), 4),
        (("modules", "web"), 4),
        (("modules", "web", "run"), 5),
        (("modules", "web", "after"), 6),
        (("modules", "web", "after", 0), 7),
        (("modules", "web", "after", 1), 9),
        (("modules", "web", "after", 2), 9),
        (("modules", "web", "after", 3), 10),
        (("modules", "web", "env"), 12),
        (("modules", "web", "env", "B"), 12),
        (("modules", "web", "text"), 13),
        (("modules", "web", "restart"), 18),
        (("modules", "web", "restart", "policy"), 19),
        (("modules", "dotted.name"), 21),
        (("modules", "dotted.name", "a", "b", "c"), 22),
        (("modules", "dotted.name", "a", "b", "d"), 23),
    ],
)
def test_a_key_is_found_where_it_begins(path: tuple[str | int, ...], line: int) -> None:
    assert KeyLines(TEXT).find(path) == line


def test_line_ends_of_windows_count_as_one() -> None:
    lines = KeyLines(TEXT.replace("\n", "\r\n"))
    assert lines.find(("modules", "web", "after", 1)) == 9
    assert lines.find(("modules", "dotted.name", "a")) == 22


def test_a_text_made_to_be_slow_gets_fewer_lines_and_no_long_wait() -> None:
    lines = KeyLines("before = 1\nlong = [\n" + "[1],\n" * 20_000 + "]\nafter = 1\n")
    assert lines.find(("before",)) == 1
    assert lines.find(("after",)) is None


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("modules", "web", "app"), 4),
        (("modules", "web", "after", 7), 6),
        (("modules", "web", "run", "deeper"), 5),
        (("modules", "other"), 4),
        (("nothing",), None),
        ((), None),
    ],
)
def test_a_key_that_is_missing_is_reported_at_what_would_hold_it(
    path: tuple[str | int, ...], line: int | None
) -> None:
    assert KeyLines(TEXT).find(path) == line


NAMES = st.text("abcxyz", min_size=1, max_size=3)
VALUES = st.sampled_from(["1", '"text"', "[\n 1,\n 2\n]", '"""\nk = 1\n"""', "{ a = 1 }", "# nothing\n1"])


@given(
    st.lists(
        st.tuples(NAMES, VALUES, st.integers(0, 2)), min_size=1, max_size=12, unique_by=lambda part: part[0]
    )
)
def test_every_key_of_any_file_is_found_on_its_own_line(parts: list[tuple[str, str, int]]) -> None:
    lines: list[str] = []
    begins: dict[str, int] = {}
    for name, value, blank in parts:
        lines += [""] * blank
        begins[name] = len(lines) + 1
        lines += f"{name} = {value.removeprefix('# nothing' + chr(10))}".split("\n")
    text = "\n".join(lines)
    assert set(tomllib.loads(text)) == set(begins)
    found = KeyLines(text)
    assert {name: found.find((name,)) for name in begins} == begins
