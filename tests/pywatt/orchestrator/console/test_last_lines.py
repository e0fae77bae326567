"""The end of a module's log, as a person reads it."""

from pywatt.orchestrator.console.last_lines import LONGEST, CollectedLines


def last(count: int, *lines: bytes) -> list[str]:
    logs = {"catalog": list(lines)}
    return CollectedLines(lambda module: logs[module]).last_lines("catalog", count)


def test_the_last_lines_come_oldest_first() -> None:
    assert last(2, b"one\n", b"two\n", b"three\n") == ["two", "three"]


def test_a_module_that_wrote_nothing_has_none() -> None:
    assert last(5) == []
    assert last(0, b"one") == []


def test_a_json_line_shows_its_level_and_message() -> None:
    line = b'{"level":"ERROR","fields":{"message":"no database"},"target":"shop"}'
    assert last(1, line) == ["ERROR no database"]


def test_the_length_of_a_line_is_bounded() -> None:
    assert last(1, b"x" * 100_000) == ["x" * LONGEST]


def test_empty_lines_and_strange_bytes_do_no_harm() -> None:
    assert last(5, b"\n", b"\xff\xfe", b"  \n") == ["\\xff\\xfe"]


def test_a_line_is_one_line_that_does_nothing_to_a_terminal() -> None:
    line = b'{"message":"one\\ntwo\\u001b[2J\\u001b]0;title\\u0007 \\ud800\\r"}'
    assert last(2, line, b"\x1b[31mred\x1b[0m\x08\n") == ["INFO one two \\ud800", "red\\x08"]
