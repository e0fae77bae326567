"""Every case fails for the module that it is there to find, and a known deviation excuses nothing else."""

from __future__ import annotations

import json
import sys

import pytest
from bare_modules import BareModule

from pywatt.testing import Status, check_conformance, conformance_cases
from pywatt.testing.conformance.compiled_module import KNOWN_DEVIATIONS, known_deviation

DEADLINE = 20.0  # seconds for each wait
SHORT = 1.0  # for what is not going to come
BY_SILENCE = {
    "identify-stdio",
    "heartbeat-stdio",
    "large-request-stdio",
    "rotation",
    "tagged-init",
    "shutdown-stdio late",
}

# A module that does everything right on standard input and output; a test changes one line of it.
GOOD = """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    say({"op": "identify", "module_id": "module", "identify": "module"})
    say({"op": "get_secret", "name": "KEY"})
    hear()
    announce()
    for line in sys.stdin.buffer:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        operation = message["op"]
        if operation == "heartbeat":
            say({"op": "heartbeat_ack"})
        elif operation == "http_request":
            answer(message)
        elif operation == "routed_module_message":
            error = {"code": "endpoint_not_found", "message": "no such endpoint"}
            marked = {"error": True, "correlation_id": message["original_request_id"]}
            reply = {"id": str(uuid.uuid4()), "content": error, "metadata": {"properties": marked}}
            say({"op": "route_to_module", "target_module_id": message["source_module_id"],
                 "target_endpoint": "__response__", "request_id": message["original_request_id"],
                 "payload": {"data": list(json.dumps(reply).encode()), "format": "Json"}})
        elif operation == "rotated":
            rotated = message
            say({"op": "get_secret", "name": "KEY"})
        elif operation == "secret":
            say({"op": "rotation_ack", "rotation_id": rotated["rotation_id"], "status": "success"})
        elif operation == "shutdown":
            break
"""

ANNOUNCE = "    announce()\n"
BROKEN = {
    "announce": (ANNOUNCE, '    announce(listen="somewhere:80")\n', "no IP:PORT"),
    "announce path": (ANNOUNCE, '    announce(endpoints=[{"path": "a", "methods": []}])\n', "slash"),
    "announce method": (ANNOUNCE, '    announce(endpoints=[{"path": "/a", "methods": ["get"]}])\n', "'get'"),
    "secrets": (ANNOUNCE, '    say({"op": "get_secret", "name": "X"})\n' + ANNOUNCE, "asked for X"),
    "plain-http": (ANNOUNCE, '    announce(listen="127.0.0.1:0")\n', "no port that anybody"),
    "identify-stdio": ('say({"op": "identify", ', "print if None else str({", "identify on stdio was not"),
    "heartbeat-stdio": ('say({"op": "heartbeat_ack"})', "pass", "heartbeat_ack on stdio was not seen"),
    "http-stdio": ("answer(message)", "answer(message, status_code=503)", "was answered with 503"),
    "large-request-stdio": ("answer(message)", 'message["body"] or answer(message)', "was not seen"),
    "call-stdio": ('"code": "endpoint_not_found"', '"code": "internal"', "the error 'internal'"),
    "rotation": ('            say({"op": "get_secret", "name": "KEY"})\n', "", "rotation_ack was not seen"),
    "unknown-op-stdio": ('operation == "shutdown"', 'operation != "init"', "exited with code 0 before"),
    "garbage-stdio": ("            continue\n", "            break\n", "exited with code 0 before"),
    "tagged-init": (ANNOUNCE, '    "op" in init or announce()\n', "the announcement was not seen"),
    "shutdown-stdio": ("            break\n", "            sys.exit(4)\n", "exited with code 4"),
    "shutdown-stdio late": (
        "            break\n",
        '            say({"op": "heartbeat_ack"})\n',
        "was not seen",
    ),
    "stdin-end": ('operation == "shutdown"', "False", ""),
    "sigterm": ("    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n", "", "ended by SIGTERM"),
    "only-protocol": (ANNOUNCE, '    announce(); say("ready!")\n', "not JSON"),
    "only-protocol at the end": ("            break\n", '            break\n    say("bye!")\n', "not JSON"),
}
RAW = {
    "bad-first-line": ("init = {}; announce(); hear()", "wrote to stdio"),
    "no-first-line": ("sys.stdin.read()", "exited with code 0"),
}
WITHOUT = {name: text for name, text in BROKEN.items() if name != "stdin-end"}


@pytest.mark.parametrize("name", sorted({case.name for case in conformance_cases(())}))
async def test_a_good_module_passes(bare_module: BareModule, name: str) -> None:
    report = await check_conformance(
        bare_module(GOOD), carriers=(), secrets={"KEY": "sesame"}, only=[name], deadline=DEADLINE
    )
    expected = Status.NOT_APPLICABLE if name == "plain-http" else Status.PASSED
    assert report.status_of(name) is expected, report.text()
    assert report.passed


@pytest.mark.parametrize(("name", "change"), WITHOUT.items(), ids=WITHOUT)
async def test_a_case_finds_what_it_is_there_for(
    bare_module: BareModule, name: str, change: tuple[str, str, str]
) -> None:
    deadline = SHORT if name in BY_SILENCE else DEADLINE
    name = name.split(maxsplit=1)[0]
    before, after, found = change
    assert before in GOOD
    report = await check_conformance(
        bare_module(GOOD.replace(before, after)),
        carriers=(),
        secrets={"KEY": "sesame"},
        only=[name],
        deadline=deadline,
        start_deadline=3.0 if name == "tagged-init" else DEADLINE,
    )
    assert report.status_of(name) is Status.FAILED, report.text()
    (failure,) = [result for result in report.failures if result.case.name == name]
    assert found in failure.detail
    assert not report.passed


@pytest.mark.parametrize(("name", "script"), RAW.items(), ids=RAW)
async def test_a_module_that_starts_on_nothing_is_found(
    bare_module: BareModule, name: str, script: tuple[str, str]
) -> None:
    text, found = script
    prelude = "import json, sys\ndef say(d): print(json.dumps(d), flush=True)\n"
    prelude += "def announce(): say({'op': 'announce', 'listen': '', 'endpoints': []})\n"
    prelude += "def hear(): return sys.stdin.readline()\n"
    report = await check_conformance(
        bare_module(text, prelude=prelude),
        carriers=(),
        only=[name],
        deadline=DEADLINE,
        start_deadline=SHORT,
    )
    assert report.status_of(name) is Status.FAILED
    assert found in next(result.detail for result in report.results if result.case.name == name)


async def test_nothing_is_said_of_a_module_that_does_not_start(bare_module: BareModule) -> None:
    report = await check_conformance(
        bare_module('sys.exit("no database")'), carriers=(), only=["heartbeat-stdio", "sigterm"]
    )
    statuses = {result.case.name: result.status for result in report.results}
    assert statuses == {
        "announce": Status.FAILED,
        "heartbeat-stdio": Status.NOT_RUN,
        "sigterm": Status.NOT_RUN,
    }
    assert "no database" in report.results[0].detail


async def test_an_unreadable_announcement_is_shown_where_it_is_missed(bare_module: BareModule) -> None:
    report = await check_conformance(
        bare_module("announce(endpoints={}); hear()"), carriers=(), only=["sigterm"], deadline=SHORT
    )
    first, *others = report.text().splitlines()
    assert first.split()[:2] == ["failed", "announce"]
    shown = [line.strip() for line in others]
    assert shown[0] == f"the announcement was not seen within {SHORT:g} s (lifecycle 8: announce)"
    assert shown[2].startswith("1. stdio, endpoints: an object; expected an array (lifecycle 4")


async def test_what_broke_the_protocol_is_shown_with_the_case_that_failed_next(
    bare_module: BareModule,
) -> None:
    script = GOOD.replace('say({"op": "heartbeat_ack"})', 'say({"op": "heartbeat_ok"})')
    report = await check_conformance(
        bare_module(script),
        carriers=(),
        secrets={"KEY": "sesame"},
        deadline=SHORT,
        only=["heartbeat-stdio", "unknown-op-stdio"],
    )
    for failure in report.failures:
        assert "was not seen" in failure.detail
        assert failure.detail.count("'heartbeat_ok'; expected one of") == 1
    assert len(report.failures) == 2


async def test_an_announcement_without_an_end_of_line_is_found(bare_module: BareModule) -> None:
    announcement = '{"op": "announce", "listen": "", "endpoints": []}'
    report = await check_conformance(
        bare_module(f"sys.stdout.write({announcement!r}); sys.stdout.flush(); hear()"),
        carriers=(),
        only=["only-protocol"],
        deadline=SHORT,
        start_deadline=SHORT,
    )
    assert f"{len(announcement)} bytes without an end of line" in report.failures[-1].detail


async def test_cases_that_could_not_be_run_are_counted_in_one_line(bare_module: BareModule) -> None:
    report = await check_conformance(
        bare_module('sys.exit("no database")'), carriers=(), only=["heartbeat-stdio", "sigterm"]
    )
    assert report.text().splitlines()[-3:] == [
        "not run         2 other cases: the module did not announce itself",
        "",
        "1 failed, 2 not run",
    ]


async def test_a_case_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no such case: 'nonsense'; there are announce"):
        await check_conformance([sys.executable], only=["nonsense"])


def test_every_known_deviation_belongs_to_a_case() -> None:
    names = {case.name for case in conformance_cases(compiled=True)}
    assert set(KNOWN_DEVIATIONS) <= names


def test_a_known_deviation_excuses_its_own_failure_only() -> None:
    assert known_deviation("sigterm", "was ended by SIGTERM") is not None
    assert known_deviation("sigterm", "exited with code 9") is None
    assert known_deviation("announce", "was ended by SIGTERM") is None


def test_names_are_unique_and_every_case_has_its_section() -> None:
    cases = conformance_cases()
    assert len({case.name for case in cases}) == len(cases)
    assert all(case.section and case.expectation for case in cases)


async def test_the_report_is_a_table_and_a_document(bare_module: BareModule) -> None:
    report = await check_conformance(
        bare_module(GOOD),
        carriers=(),
        secrets={"KEY": "sesame"},
        only=["heartbeat-stdio", "plain-http"],
        deadline=DEADLINE,
    )
    lines = report.text().splitlines()
    assert lines[0].split()[:2] == ["passed", "announce"]
    assert lines[-1] == "1 not applicable, 2 passed"
    document = json.loads(json.dumps(report.document()))
    assert document["passed"] is True
    assert [case["status"] for case in document["cases"]] == ["passed", "not applicable", "passed"]
