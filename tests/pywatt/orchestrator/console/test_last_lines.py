"""The end of a module's log, as a person reads it."""

from pywatt.orchestrator.console.last_lines import KEPT, LONGEST, RememberedLines


def remember(*lines: bytes) -> RememberedLines:
    remembered = RememberedLines()
    for line in lines:
        remembered.add("catalog", line)
    return remembered


def test_the_last_lines_come_oldest_first() -> None:
    assert remember(b"one\n", b"two\n", b"three\n").last_lines("catalog", 2) == ["two", "three"]


def test_a_module_that_wrote_nothing_has_none() -> None:
    assert remember().last_lines("catalog", 5) == []
    assert remember(b"one").last_lines("catalog", 0) == []


def test_a_json_line_shows_its_level_and_message() -> None:
    line = b'{"level":"ERROR","fields":{"message":"no database"},"target":"shop"}'
    assert remember(line).last_lines("catalog", 1) == ["ERROR no database"]


def test_lines_and_their_length_are_bounded() -> None:
    remembered = remember(*(b"%d" % number for number in range(KEPT + 1)), b"x" * 100_000)
    lines = remembered.last_lines("catalog", 1000)
    assert len(lines) == KEPT
    assert lines[-1] == "x" * LONGEST


def test_empty_lines_and_strange_bytes_do_no_harm() -> None:
    assert remember(b"\n", b"\xff\xfe", b"  \n").last_lines("catalog", 5) == ["\\xff\\xfe"]
