"""The line of a log that tells why a module ended."""

from __future__ import annotations

import pytest

from pywatt.orchestrator.console.log_lines import telling_line


def test_after_a_good_start_only_an_error_is_worth_telling() -> None:
    info = b'{"level":"INFO","fields":{"message":"serving"}}'
    error = b'{"level":"ERROR","fields":{"message":"no coffee"}}'
    assert telling_line([error, info], only_errors=True) == "no coffee"
    assert telling_line([info], only_errors=True) == ""
    assert telling_line([info, b"ValueError: no coffee"], only_errors=True) == "ValueError: no coffee"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], ""),
        ([b"", b"  "], ""),
        ([b"Traceback ...", b"ValueError: no coffee"], "ValueError: no coffee"),
        ([b'{"level":"INFO","fields":{"message":"all is well"}}'], "all is well"),
        (
            [
                b'{"level":"ERROR","fields":{"message":"no coffee"}}',
                b'{"level":"INFO","fields":{"message":"bye"}}',
            ],
            "no coffee",
        ),
        ([b'{"level":"ERROR","message":"flat"}', b"bye"], "flat"),
        ([b'{"level":"ERROR","fields":[]}'], '{"level":"ERROR","fields":[]}'),
        ([b"{broken", b"\xff\xfe"], "\ufffd\ufffd"),
        ([b'{"level":"critical","msg":"flat"}', b"bye"], "flat"),
        ([b'{"level":"ERROR","message":"no\\n\\ud800 coffee\\u001b[2J\\u0007"}'], "no \\ud800 coffee\\x07"),
        ([b"\x1b[31mno \x1b]0;title\x07coffee\x9b\x1b[0m"], "no coffee\ufffd"),
        ([b"[" * 50_000], "[" * 400),
        ([b'{"a":' * 20_000], '{"a":' * 80),
    ],
)
def test_the_line_that_tells_why_a_module_ended_is_found(lines: list[bytes], told: str) -> None:
    assert telling_line(lines) == told
