"""What a person sees: aligned, coloured on a terminal, plain when piped, JSON when asked, never a secret."""

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from pywatt.observe.redaction import register_secret
from pywatt.orchestrator.console.console import Console

SECRET = "correct-horse-battery"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
LINE = (
    b'{"timestamp":"2026-11-23T09:00:00.123456Z","level":"INFO",'
    b'"fields":{"message":"listening","port":9900},"target":"shop::web"}'
)

LOCAL_TIME = datetime.fromisoformat("2026-11-23T09:00:00.123456Z").astimezone().strftime("%H:%M:%S.123")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Screen:
    """A console and what it wrote."""

    def __init__(self, stderr: io.StringIO, **options: Any) -> None:
        self.stderr = stderr
        self.stdout = io.StringIO()
        self.console = Console(stderr=stderr, stdout=self.stdout, **options)

    @property
    def lines(self) -> list[str]:
        return self.stderr.getvalue().splitlines()

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "PYWATT_LOG_LEVEL", "RUST_LOG"):
        monkeypatch.delenv(name, raising=False)
    register_secret(SECRET)


@pytest.fixture
def piped() -> Iterator[Screen]:
    screen = Screen(io.StringIO(), modules=["catalog", "web"])
    yield screen
    screen.console.close()


@pytest.fixture
def terminal() -> Iterator[Screen]:
    screen = Screen(Terminal(), modules=["catalog", "web"])
    yield screen
    screen.console.close()


@pytest.fixture
def as_json() -> Iterator[Screen]:
    screen = Screen(Terminal(), modules=["catalog", "web"], log_format="json")
    yield screen
    screen.console.close()


class TestPiped:
    def test_a_log_line_is_laid_out_without_escapes(self, piped: Screen) -> None:
        piped.console.module_line("web", LINE + b"\r\n")
        assert piped.lines == ["web     | 2026-11-23T09:00:00.123456Z INFO  listening port=9900"]

    def test_prefixes_are_aligned_to_the_longest_name(self, piped: Screen) -> None:
        piped.console.module_line("web", b"a")
        piped.console.module_line("catalog", b"b")
        piped.console.event("INFO", "c")
        assert [line.index("|") for line in piped.lines] == [8, 8, 8]

    def test_text_that_is_no_log_is_passed_as_it_is(self, piped: Screen) -> None:
        piped.console.module_line("web", b"  Traceback: {not json}\tx = \xe2\x82\xac")
        assert piped.lines == ["web     |   Traceback: {not json}\tx = €"]

    def test_empty_lines_are_left_out(self, piped: Screen) -> None:
        piped.console.module_line("web", b"")
        piped.console.module_line("web", b" \r\n")
        assert piped.lines == []

    def test_bytes_that_are_no_text_stay_visible(self, piped: Screen) -> None:
        piped.console.module_line("web", b"caf\xe9 \x00")
        assert piped.lines == ["web     | caf\\xe9 \\x00"]

    def test_colours_of_the_module_are_taken_off(self, piped: Screen) -> None:
        piped.console.module_line("web", b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2Jend")
        assert piped.lines == ["web     | red end"]

    def test_of_a_progress_bar_the_last_state_is_shown(self, piped: Screen) -> None:
        piped.console.module_line("web", b" 10%\r 50%\r100%\r\n")
        assert piped.lines == ["web     | 100%"]

    def test_fields_are_written_as_key_and_value(self, piped: Screen) -> None:
        piped.console.module_line(
            "web",
            json.dumps(
                {
                    "message": "m",
                    "a": 1,
                    "b": "x",
                    "c": "two words",
                    "d": "",
                    "e": [1, None],
                    "f": {"g": True},
                }
            ).encode(),
        )
        assert (
            piped.lines[0].partition("INFO  ")[2] == 'm a=1 b=x c="two words" d="" e=[1, null] f={"g": true}'
        )

    def test_a_module_s_own_name_is_not_said_twice(self, piped: Screen) -> None:
        piped.console.module_line("web", b'{"message":"m","module_id":"web"}')
        piped.console.module_line("web", b'{"message":"m","module_id":"catalog"}')
        assert [line.partition("INFO  ")[2] for line in piped.lines] == ["m", "m module_id=catalog"]

    def test_a_message_of_several_lines_is_indented(self, piped: Screen) -> None:
        piped.console.module_line("web", b'{"message":"one\\ntwo\\n"}')
        assert piped.lines[0].endswith("INFO  one")
        assert piped.lines[1] == "web     |     two"

    def test_what_a_module_has_just_said_is_not_quoted_again(self, piped: Screen) -> None:
        piped.console.module_line("web", b'{"level":"ERROR","message":"no coffee"}')
        piped.console.event("WARN", "exited with code 1: no coffee; it is started again", "web")
        piped.console.event("ERROR", "did not run to the end: exited with code 1: no coffee", "web")
        piped.console.module_line("web", b"no milk")
        piped.console.event("WARN", "exited with code 1: no milk", "catalog")
        piped.console.event("WARN", "exited with code 1: no milk", "web")
        assert [line.partition("Z ")[2] for line in piped.lines] == [
            "ERROR no coffee",
            "WARN  web: exited with code 1; it is started again",
            "ERROR web: did not run to the end: exited with code 1: no coffee",
            "",
            "WARN  catalog: exited with code 1: no milk",
            "WARN  web: exited with code 1",
        ]

    def test_a_traceback_is_indented(self, piped: Screen) -> None:
        text = "Traceback (most recent call last):\n  File x\nValueError: no\n"
        piped.console.module_line("web", json.dumps({"fields": {"message": "m", "exception": text}}).encode())
        assert piped.lines[1:] == [
            "web     |     Traceback (most recent call last):",
            "web     |       File x",
            "web     |     ValueError: no",
        ]

    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            (
                {"level": "warning", "msg": "m", "time": "2026-01-02T03:04:05+01:00"},
                "02:04:05.000000Z WARN  m",
            ),
            ({"severity": "CRITICAL", "message": "m", "ts": 1767319445.5}, "02:04:05.500000Z ERROR m"),
            ({"levelname": "DEBUG", "event": "m", "ts": 1767319445500}, "02:04:05.500000Z DEBUG m"),
            (
                {"level": "TRACE", "message": 5, "timestamp": "2026-01-02 02:04:05"},
                "02:04:05.000000Z TRACE 5",
            ),
            ({"level": "shout", "message": "m", "ts": 1767319445}, "02:04:05.000000Z SHOUT m"),
            ({"message": "m", "ts": 1767319445, "target": "t", "module": "x", "line": 3}, "INFO  m"),
        ],
    )
    def test_logs_of_other_libraries_are_read(self, piped: Screen, line: dict[str, Any], shown: str) -> None:
        piped.console.module_line("web", json.dumps(line).encode())
        assert piped.lines[0].endswith(shown)

    @pytest.mark.parametrize(
        "time",
        [
            *("yesterday", 1e30, None, True, [1]),
            *("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", -62_135_596_800),
        ],
    )
    def test_a_time_that_cannot_be_read_is_now(self, piped: Screen, time: object) -> None:
        piped.console.module_line("web", json.dumps({"message": "m", "timestamp": time}).encode())
        assert re.fullmatch(rf"web     \| {STAMP} INFO  m", piped.lines[0])

    @pytest.mark.parametrize(
        "line", [b'{"a":1}', b"[1]", b'{"message"', b"{" * 5000, b'{"fields":"x"}', b"null"]
    )
    def test_json_that_is_no_log_is_text(self, piped: Screen, line: bytes) -> None:
        piped.console.module_line("web", line)
        assert piped.lines == [f"web     | {line.decode()}"]

    def test_control_characters_cannot_reach_a_terminal(self, piped: Screen) -> None:
        piped.console.module_line("web", b'{"message":"a\\u001b[2Jb\\u0007","\\u009b":"\\u009b"}')
        piped.console.module_line("web", "a\u202eb\u2067c\u200fd".encode())
        assert piped.lines[0].endswith("a\\x1b[2Jb\\x07 \\x9b=\\x9b")
        assert piped.lines[1] == "web     | a\\u202eb\\u2067c\u200fd"

    def test_a_line_cannot_pretend_to_be_another_module_s(self, piped: Screen) -> None:
        forged = "x\ncatalog | forged"
        piped.console.module_line("web", json.dumps({"level": forged, "message": "m", forged: 1}).encode())
        (line,) = piped.lines
        assert line.endswith('"X\\nCATALOG | FORGED" m "x\\ncatalog | forged"=1')

    @pytest.mark.parametrize("opening", [b"[", b'{"a":'])
    def test_json_that_nests_too_deeply_for_a_log_is_text(self, piped: Screen, opening: bytes) -> None:
        closing = b"]" if opening == b"[" else b"}"
        for depth in (62, 70, 900, 950, 980):
            line = b'{"message":"m","v":' + opening * depth + b"1" + closing * depth + b"}"
            piped.console.module_line("web", line)
            shown = piped.lines[-1].removeprefix("web     | ")
            assert (shown == line.decode()) == (depth > 62)

    def test_a_long_line_is_cut(self, piped: Screen) -> None:
        piped.console.module_line("web", b"x" * 70_000)
        piped.console.module_line("web", json.dumps({"message": "y" * 60_000, "z": "z" * 60_000}).encode())
        piped.console.event("INFO", "w" * 100_000)
        assert piped.lines[0] == "web     | " + "x" * 65_536 + " ... [4464 more characters cut]"
        assert all(len(line) < 66_000 for line in piped.lines)

    def test_secrets_are_removed_wherever_they_stand(self, piped: Screen) -> None:
        piped.console.module_line("web", f"text {SECRET}".encode())
        piped.console.module_line(
            "web", json.dumps({"message": SECRET, SECRET: [SECRET], "level": "INFO"}).encode()
        )
        piped.console.module_line("web", b"x" * 70_000 + SECRET.encode())
        piped.console.event("INFO", f"own {SECRET}", "web", exception=f"Error: {SECRET}")
        assert SECRET not in piped.stderr.getvalue()
        assert piped.lines[0] == "web     | text [REDACTED]"
        assert piped.lines[1].endswith('INFO  [REDACTED] [REDACTED]=["[REDACTED]"]')

    def test_a_number_may_be_a_secret(self, piped: Screen) -> None:
        register_secret("48151623")
        piped.console.module_line("web", b'{"message":"m","pin":48151623,"port":80}')
        assert piped.lines[0].endswith("m pin=[REDACTED] port=80")

    def test_a_secret_at_the_cut_is_not_halved(self, piped: Screen) -> None:
        piped.console.module_line("web", b"x" * 65_530 + SECRET.encode())
        assert "correct" not in piped.stderr.getvalue()


class TestTerminal:
    def test_it_is_in_colour_and_in_local_time(self, terminal: Screen) -> None:
        terminal.console.module_line("catalog", LINE)
        assert terminal.lines == [
            f"\x1b[36mcatalog |\x1b[0m \x1b[2m{LOCAL_TIME}\x1b[0m \x1b[32mINFO \x1b[0m listening "
            "\x1b[2mport=\x1b[0m9900"
        ]

    def test_every_module_has_its_colour(self, terminal: Screen) -> None:
        for module in ("catalog", "web", "late"):
            terminal.console.module_line(module, b"x")
        assert len({line.partition("m")[0] for line in terminal.lines}) == 3

    def test_every_level_has_its_colour(self, terminal: Screen) -> None:
        for level in ("ERROR", "WARN", "INFO"):
            terminal.console.event(level, "x")
        assert [("\x1b[1;31mERROR" in line, "\x1b[33mWARN" in line) for line in terminal.lines] == [
            (True, False),
            (False, True),
            (False, False),
        ]

    def test_a_module_s_own_colours_stay_and_end_with_its_line(self, terminal: Screen) -> None:
        terminal.console.module_line("web", b"a \x1b[31mred\x1b[2J\x07")
        assert terminal.lines[0].endswith("a \x1b[31mred\\x07\x1b[0m")

    def test_no_color_takes_them_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("FORCE_COLOR", "1")
        screen = Screen(Terminal(), modules=["web"])
        screen.console.module_line("web", LINE)
        assert screen.lines == [f"web    | {LOCAL_TIME} INFO  listening port=9900"]

    def test_a_dumb_terminal_has_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "dumb")
        screen = Screen(Terminal(), modules=["web"])
        screen.console.module_line("web", LINE)
        assert "\x1b" not in screen.lines[0]

    @pytest.mark.parametrize(("value", "coloured"), [("1", True), ("0", False), ("", False)])
    def test_force_color_puts_them_into_a_pipe(
        self, monkeypatch: pytest.MonkeyPatch, value: str, coloured: bool
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", value)
        screen = Screen(io.StringIO(), modules=["web"])
        screen.console.module_line("web", LINE)
        assert ("\x1b[36m" in screen.lines[0]) is coloured
        assert "2026-11-23T09:00:00.123456Z" in screen.lines[0]

    def test_pretty_is_for_a_person_even_in_a_pipe(self) -> None:
        screen = Screen(io.StringIO(), modules=["web"], log_format="pretty")
        screen.console.module_line("web", LINE)
        assert screen.lines == [f"web    | {LOCAL_TIME} INFO  listening port=9900"]


class TestJson:
    def test_a_json_line_passes_through_with_its_module(self, as_json: Screen) -> None:
        as_json.console.module_line("web", LINE)
        assert as_json.documents == [{**json.loads(LINE), "module": "web"}]

    def test_text_becomes_a_json_line(self, as_json: Screen) -> None:
        as_json.console.module_line("web", b"some text")
        (document,) = as_json.documents
        assert re.fullmatch(STAMP, document.pop("timestamp"))
        assert document == {
            "level": "INFO",
            "fields": {"message": "some text"},
            "target": "stderr",
            "module": "web",
        }

    def test_what_the_orchestrator_says_has_the_same_layout(self, as_json: Screen) -> None:
        as_json.console.event("WARN", "exited", "web", code=3)
        as_json.console.event("INFO", "started")
        first, second = as_json.documents
        del first["timestamp"], second["timestamp"]
        assert first == {
            "level": "WARN",
            "fields": {"message": "exited", "code": 3},
            "target": "pywatt.orchestrator",
            "module": "web",
        }
        assert second == {
            "level": "INFO",
            "fields": {"message": "started"},
            "target": "pywatt.orchestrator",
        }

    def test_secrets_are_removed_and_lines_stay_json(self, as_json: Screen) -> None:
        register_secret('quo"ted-secret')
        as_json.console.module_line("web", json.dumps({"message": 'a quo"ted-secret', "b": SECRET}).encode())
        as_json.console.module_line("web", b'text quo"ted-secret')
        assert as_json.documents[0]["message"] == "a [REDACTED]"
        assert as_json.documents[1]["fields"]["message"] == "text [REDACTED]"
        assert SECRET not in as_json.stderr.getvalue()

    def test_long_lines_are_cut_and_stay_json(self, as_json: Screen) -> None:
        as_json.console.module_line("web", b"x" * 100_000)
        as_json.console.event("INFO", "y" * 200_000, "web")
        as_json.console.event("INFO", "short", "web", z="z" * 200_000)
        assert [len(line) < 70_000 for line in as_json.lines] == [True] * 3
        assert as_json.documents[2]["fields"] == {"message": "short"}

    def test_what_is_no_number_in_json_is_a_text(self, as_json: Screen) -> None:
        as_json.console.module_lines("web", b'{"message":"m","a":NaN,"b":[-Infinity,1e999,1.5]}\n')
        assert "NaN," not in as_json.lines[0]
        (document,) = as_json.documents
        assert document == {"message": "m", "a": "NaN", "b": ["-Infinity", "1e999", 1.5], "module": "web"}

    def test_no_colour_ever(self, as_json: Screen) -> None:
        as_json.console.module_line("web", b"\x1b[31mred")
        assert "\x1b" not in as_json.lines[0]


class TestReadyLines:
    def test_only_they_go_to_stdout(self, piped: Screen) -> None:
        piped.console.event("INFO", "starting")
        piped.console.module_line("web", LINE)
        assert piped.stdout.getvalue() == ""
        piped.console.ready("web", "http://127.0.0.1:9900/m/web/")
        piped.console.all_ready("http://127.0.0.1:9900/")
        assert piped.stdout.getvalue().splitlines() == [
            "Ready  web      http://127.0.0.1:9900/m/web/",
            "Ready  all      http://127.0.0.1:9900/",
        ]

    def test_where_logs_are_json_they_are_too(self, as_json: Screen) -> None:
        as_json.console.ready("web", "http://127.0.0.1:9900/m/web/")
        as_json.console.all_ready("http://127.0.0.1:9900/")
        one, both = map(json.loads, as_json.stdout.getvalue().splitlines())
        assert (one["module"], one["fields"]) == (
            "web",
            {"message": "ready", "url": "http://127.0.0.1:9900/m/web/"},
        )
        assert "module" not in both
        assert both["fields"] == {"message": "all ready", "url": "http://127.0.0.1:9900/"}

    def test_one_module_is_as_short_as_can_be(self) -> None:
        screen = Screen(io.StringIO(), modules=["hello"])
        screen.console.ready("hello", "http://127.0.0.1:9900/")
        assert screen.stdout.getvalue() == "Ready  hello  http://127.0.0.1:9900/\n"


class TestOwnEvents:
    def test_they_name_the_module_they_are_about(self, piped: Screen) -> None:
        piped.console.event("WARN", "exited with code 3", "web", restart_in=0.5)
        assert re.fullmatch(
            rf"pywatt  \| {STAMP} WARN  web: exited with code 3 restart_in=0.5", piped.lines[0]
        )

    def test_the_log_level_of_the_environment_holds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYWATT_LOG_LEVEL", "warn")
        screen = Screen(io.StringIO())
        for level in ("ERROR", "WARN", "INFO", "DEBUG", "TRACE"):
            screen.console.event(level, "x")
        screen.console.module_line("web", LINE)
        assert [line.split()[3] for line in screen.lines] == ["ERROR", "WARN", "INFO"]

    def test_the_standard_library_s_logging_is_shown_until_the_end(self, piped: Screen) -> None:
        root = logging.getLogger()
        before = root.level
        piped.console.capture_logging()
        piped.console.capture_logging()
        logger = logging.getLogger("pywatt.channels.test")
        try:
            raise ValueError(f"with {SECRET}")
        except ValueError:
            logger.exception("failed for %s", "web")
        logger.debug("not shown")
        piped.console.close()
        logger.warning("after the end")
        root.setLevel(before)
        assert len([line for line in piped.lines if "failed for web" in line]) == 1
        assert piped.lines[0].split()[3] == "ERROR"
        assert piped.lines[-1] == "pywatt  |     ValueError: with [REDACTED]"
        assert "not shown" not in piped.stderr.getvalue()
        assert "after the end" not in piped.stderr.getvalue()
