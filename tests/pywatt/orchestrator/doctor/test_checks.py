"""The checks: evidence in, findings out, nothing started."""

from __future__ import annotations

import json
from typing import Any

import pytest
from evidences import (
    FILE,
    PHASES,
    announced,
    diagnosed,
    failed,
    frame,
    healthy,
    logged,
    module,
)

from pywatt.orchestrator.doctor.diagnosis import diagnose
from pywatt.orchestrator.doctor.evidence import (
    AskedSecret,
    Block,
    CallAway,
    Evidence,
    ImportTime,
    Interpreter,
    Output,
    Probe,
    RecordedError,
    Stop,
    Waiting,
)
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.processes.child_process import ProcessExit


def findings(evidence: Evidence) -> dict[str, Finding]:
    return {finding.code.value: finding for finding in diagnose(evidence).findings}


def only(evidence: Evidence) -> Finding:
    """The one finding that there is."""
    found = diagnose(evidence).findings
    assert len(found) == 1, found
    return found[0]


def error(kind: str, message: str, *bases: str, **details: Any) -> RecordedError:
    return RecordedError(kind, (kind, *bases), message, (frame(3, function="<module>"),), details)


def test_nothing_is_found_in_a_healthy_module() -> None:
    report = diagnose(healthy())
    assert report.findings == ()
    assert report.is_healthy(strict=True)


class TestTheStart:
    @pytest.mark.parametrize(
        ("failure", "code"),
        [
            (
                error("ModuleNotFoundError", "No module named 'yaml'", "ImportError", name="yaml"),
                "missing-package",
            ),
            (error("ImportError", "cannot import name 'x' from 'y'"), "import-error"),
            (
                error("IndentationError", "unexpected indent", "SyntaxError", file=FILE, line=3),
                "syntax-error",
            ),
            (error("SystemExit", "2", code="2"), "exited"),
            (error("FrameworkMismatch", "the module says framework='flask'"), "wrong-framework"),
            (error("ServerError", "cannot listen on 127.0.0.1:80"), "start-failed"),
        ],
    )
    def test_the_kind_of_the_error_decides(self, failure: RecordedError, code: str) -> None:
        assert (
            only(failed("exited with code 1", diagnostics=diagnosed(failure=(failure,)))).code.value == code
        )

    def test_the_package_is_named_as_pip_names_it(self) -> None:
        missing = error("ModuleNotFoundError", "No module named 'yaml'", "ImportError", name="yaml")
        cure = only(failed("exited with code 1", diagnostics=diagnosed(failure=(missing,)))).cure
        assert cure.endswith("-m pip install PyYAML")

    def test_an_extra_of_pywatt_is_named_as_such(self) -> None:
        missing = error("ModuleNotFoundError", "No module named 'flask'", "ImportError", name="flask")
        cure = only(failed("exited with code 1", diagnostics=diagnosed(failure=(missing,)))).cure
        assert cure.endswith("-m pip install 'pywatt[flask]'")

    def test_for_a_command_it_is_the_python_that_told_of_itself(self) -> None:
        missing = error("ModuleNotFoundError", "No module named 'yaml'", "ImportError", name="yaml")
        told = diagnosed(failure=(missing,), executable="/opt/shop/bin/python3")
        evidence = failed("exited with code 1", module=module(command=["shop-serve"]), diagnostics=told)
        assert only(evidence).cure == "/opt/shop/bin/python3 -m pip install PyYAML"

    def test_a_program_that_names_no_python_is_not_given_to_pip(self) -> None:
        missing = error("ModuleNotFoundError", "No module named 'yaml'", "ImportError", name="yaml")
        told = diagnosed(failure=(missing,))
        evidence = failed("exited with code 1", module=module(command=["shop-serve"]), diagnostics=told)
        assert only(evidence).cure == "Install it there: pip install PyYAML"

    @pytest.mark.parametrize(
        ("failure", "code", "told"),
        [
            (
                error("AttributeError", "partially initialized module 'left' has no attribute 'A'"),
                "import-error",
                "import each other",
            ),
            (error("TypeError", "@pywatt_module decorates a function, not 'shop'"), "wrong-option", "'shop'"),
            (
                error("LoadingError", "bootstrap failed: shop has no 'app'"),
                "import-error",
                "shop has no 'app'.",
            ),
            (error("SystemExit", "no file", code="no file"), "exited", "sys.exit('no file')"),
        ],
    )
    def test_it_is_told_as_what_it_is(self, failure: RecordedError, code: str, told: str) -> None:
        finding = only(failed("exited with code 1", diagnostics=diagnosed(failure=(failure,))))
        assert (finding.code.value, told in finding.what) == (code, True)

    def test_a_variable_of_the_environment_is_named_with_the_ways_to_set_it(self) -> None:
        looked_up = frame(681, file="<frozen os>", function="__getitem__", own=False)
        stack = (frame(2, 'os.environ["DB_URL"]', function="<module>"), looked_up)
        missing = RecordedError("KeyError", ("KeyError", "LookupError"), "'DB_URL'", stack)
        finding = only(failed("exited with code 1", diagnostics=diagnosed(failure=(missing,))))
        assert "the environment variable DB_URL is not set" in finding.what
        assert (finding.where, "--env DB_URL=..." in finding.cure) == ("shop.py:2", True)

    def test_an_input_that_ends_is_told_once(self) -> None:
        asked = frame(3, "input()", function="<module>")
        evidence = failed(
            "exited with code 1",
            diagnostics=diagnosed(failure=(error("EOFError", "EOF when reading a line"),), inputs=(asked,)),
        )
        assert (only(evidence).code, only(evidence).severity) == (FindingCode.READS_STDIN, Severity.ERROR)

    def test_an_error_in_the_log_of_a_program_is_read_there(self) -> None:
        log = logged(
            "Traceback (most recent call last):",
            f'  File "{FILE}", line 7, in <module>',
            "    import cv2",
            "ModuleNotFoundError: No module named 'cv2'",
        )
        evidence = failed(
            "exited with code 1",
            module=module(command=["python3", "shop.py"]),
            diagnostics=None,
            log=log,
        )
        finding = only(evidence)
        assert (finding.code, finding.where) == (FindingCode.MISSING_PACKAGE, "shop.py:7")

    def test_how_it_ended_after_its_time_was_over_is_not_its_error(self) -> None:
        left = error("SystemExit", "0", code="0")
        wait = Waiting((frame(9, "server.run()"),), "first line")
        evidence = failed(
            "was not ready within 4 s: it has not announced itself",
            diagnostics=diagnosed(failure=(left,), waits=(wait,)),
        )
        assert (only(evidence).code, only(evidence).where) == (FindingCode.NEVER_ANNOUNCED, "shop.py:9")

    def test_a_program_that_cannot_be_started(self) -> None:
        failure = "cannot start './shop': not executable (chmod +x)"
        evidence = failed(failure, exit=None, diagnostics=None, warnings=(failure,))
        assert only(evidence).code is FindingCode.CANNOT_START

    def test_an_end_by_itself_is_told_with_what_it_did(self) -> None:
        done = {name: PHASES[name] for name in ("first line", "import of the module")}
        evidence = failed("exited with code 3", exit=ProcessExit(3, None), diagnostics=diagnosed(phases=done))
        assert "by itself while connecting the channels" in only(evidence).what

    def test_a_crash_of_c_code_is_shown_with_the_line_that_called_it(self) -> None:
        log = logged(
            "Fatal Python error: Segmentation fault",
            "",
            "Current thread 0x00007f (most recent call first):",
            '  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at',
            f'  File "{FILE}", line 4 in main',
            f'  File "{FILE}", line 9 in <module>',
        )
        finding = only(failed("was ended by SIGSEGV", exit=ProcessExit(None, 11), log=log))
        assert (finding.code, finding.where) == (FindingCode.EXITED, "shop.py:4")
        assert "C code crashed" in finding.cure

    def test_a_signal_that_nobody_here_sent(self) -> None:
        finding = only(failed("was ended by SIGKILL", exit=ProcessExit(None, 9)))
        assert ("by itself" in finding.what, "memory" in finding.cure) == (False, True)


class TestTheTimeOfTheStart:
    def slow(self, **phases: float) -> Evidence:
        later = {name: at + 2.0 for name, at in PHASES.items()} | phases
        return healthy(ready=102.4, diagnostics=diagnosed(phases=later))

    def test_the_step_that_took_longest_is_named(self) -> None:
        assert "goes into importing" not in only(self.slow()).what
        finding = only(self.slow(**{"first line": 100.2}))
        assert "2.0 s, goes into importing the module" in finding.what

    def test_what_every_module_needs_before_its_own_code_does_not_count(self) -> None:
        later = {name: at + 2.0 for name, at in PHASES.items()}
        assert findings(healthy(ready=102.4, diagnostics=diagnosed(began=102.1, phases=later))) == {}

    def test_nor_does_the_time_in_which_the_machine_ran_others(self) -> None:
        later = {name: at + 2.0 for name, at in PHASES.items()}
        starved = dict.fromkeys(PHASES, 2.0)
        assert (
            findings(healthy(ready=102.4, starved=2.0, diagnostics=diagnosed(phases=later, starved=starved)))
            == {}
        )
        assert findings(healthy(ready=102.4, starved=2.0, diagnostics=None)) == {}

    def test_more_than_half_of_what_is_allowed_is_an_error(self) -> None:
        evidence = healthy(module=module(start_timeout=4.0), ready=102.4)
        assert only(evidence).severity is Severity.ERROR

    def test_imports_are_shown_with_the_line_that_asked_for_them(self) -> None:
        imports = (
            ImportTime("pandas._libs", 1.1, 1.2, "pandas", frame(2, "import pandas")),
            ImportTime("pandas", 0.3, 1.5, None, frame(2, "import pandas")),
        )
        later = {name: at + 2.0 for name, at in PHASES.items()} | {"first line": 100.2}
        evidence = healthy(ready=102.4, diagnostics=diagnosed(phases=later, imports=imports))
        quote = only(evidence).quote
        assert "  1.50 s    import pandas, by shop.py:2" in quote
        assert "  1.10 s      in pandas._libs, by pandas" in quote


class TestSecrets:
    def test_one_that_is_there_but_not_for_this_module(self) -> None:
        asked = AskedSecret("API_KEY", None, "module shop may not have it", refused=True)
        assert only(failed("exited with code 1", secrets=(asked,))).code is FindingCode.SECRET_NOT_ALLOWED

    def test_a_name_that_only_its_declaration_mentions_is_not_used(self) -> None:
        text = 'NAMES = 1\n@pywatt_module(secrets=["API_KEY"])\ndef main(state): ...\n'
        evidence = healthy(source_texts={FILE: text}, diagnostics=diagnosed(declared_secrets=("API_KEY",)))
        assert only(evidence).code is FindingCode.SECRET_NOT_USED

    def test_a_name_that_code_mentions_may_be_used(self) -> None:
        text = '@pywatt_module(secrets=["API_KEY"])\ndef main(state): state.secrets["API_KEY"]\n'
        evidence = healthy(source_texts={FILE: text}, diagnostics=diagnosed(declared_secrets=("API_KEY",)))
        assert findings(evidence) == {}
        assert "the use of API_KEY" in {one.what for one in diagnose(evidence).unchecked}


class TestBlockingCalls:
    STACK = (frame(1, "runner.run()", file="/usr/lib/runners.py", own=False), frame(5, "time.sleep(1)"))

    def blocked(self, began: float, seconds: float | None, **seen: Any) -> Evidence:
        return healthy(
            diagnostics=diagnosed(blocks=(Block(began, seconds, "announcement", self.STACK),)), **seen
        )

    def test_the_authors_line_is_first(self) -> None:
        finding = only(self.blocked(101.0, 0.2))
        assert (finding.where, finding.quote[0]) == ("shop.py:5", "> shop.py:5 in main: time.sleep(1)")
        assert "asyncio.sleep" in finding.cure

    def test_one_that_was_short_but_for_what_the_machine_ran_of_others_is_none(self) -> None:
        assert findings(self.blocked(101.0, 0.03)) == {}

    def test_a_short_one_while_it_starts_is_nobodys_concern(self) -> None:
        assert findings(self.blocked(100.3, 0.2)) == {}

    def test_a_short_one_in_code_of_others_is_nobodys_concern(self) -> None:
        block = Block(101.0, 0.2, "announcement", (frame(7, file="/lib/site-packages/x.py", own=False),))
        assert findings(healthy(diagnostics=diagnosed(blocks=(block,)))) == {}

    def test_an_import_belongs_to_the_top_of_the_file(self) -> None:
        block = Block(100.3, 0.9, "state function", (frame(7, "from fastapi import FastAPI"),))
        assert "top of the file" in only(healthy(diagnostics=diagnosed(blocks=(block,)))).cure

    @pytest.mark.parametrize("seconds", [6.0, None])
    def test_one_as_long_as_a_heartbeat_is_an_error(self, seconds: float | None) -> None:
        assert only(self.blocked(101.0, seconds)).severity is Severity.ERROR

    def test_the_endpoint_that_was_asked_is_named(self) -> None:
        probes = (Probe("/sum", 100.9, 0.5, 200),)
        assert "under GET /sum" in only(self.blocked(101.0, 0.2, probes=probes)).what

    def test_one_that_keeps_a_module_from_announcing_itself_is_told_as_that(self) -> None:
        block = Block(100.3, None, "state function", self.STACK)
        evidence = failed("was not ready within 4 s: ...", diagnostics=diagnosed(blocks=(block,)))
        assert (only(evidence).code, only(evidence).where) == (FindingCode.NEVER_ANNOUNCED, "shop.py:5")

    def test_one_place_is_told_once_with_its_longest(self) -> None:
        blocks = tuple(Block(101.0 + n, n / 10, "announcement", self.STACK) for n in (2, 4, 3))
        assert "for 0.4 s" in only(healthy(diagnostics=diagnosed(blocks=blocks))).what


class TestEndpoints:
    def asked(self, status: int | None, problem: str = "", **seen: Any) -> Evidence:
        probes = (Probe("/sum", 101.0, 0.1, status, problem),)
        return healthy(announcement=announced("/sum"), probes=probes, **seen)

    def test_a_route_that_says_404_is_only_noted(self) -> None:
        assert only(self.asked(404)).severity is Severity.NOTE

    @pytest.mark.parametrize("status", [404, 405])
    def test_a_declared_path_that_is_not_served_is_an_error(self, status: int) -> None:
        evidence = self.asked(status, diagnostics=diagnosed(declared_paths=("/sum",)))
        assert (only(evidence).code, only(evidence).severity) == (
            FindingCode.ENDPOINT_NOT_SERVED,
            Severity.ERROR,
        )

    def test_a_failure_quotes_the_line_that_raised(self) -> None:
        traceback = (
            f'Traceback (most recent call last):\n  File "{FILE}", line 8, in total\n    1 / 0\n'
            "ZeroDivisionError: division by zero"
        )
        line = json.dumps({"level": "ERROR", "fields": {"message": "failed", "exception": traceback}})
        finding = only(self.asked(500, log=logged(line, at=101.05)))
        assert (finding.where, "ZeroDivisionError" in finding.what) == ("GET /sum, shop.py:8", True)

    def test_a_failure_that_an_error_handler_swallows(self) -> None:
        assert "logged nothing" in only(self.asked(500)).cure

    def test_a_failure_under_a_call_to_an_absent_module_is_not_judged(self) -> None:
        evidence = self.asked(500, calls=(CallAway(101.05, "catalog", "price"),))
        assert findings(evidence) == {}
        unchecked = {one.what: one.why for one in diagnose(evidence).unchecked}
        assert unchecked["GET /sum"] == "it calls catalog, which does not run here"

    @pytest.mark.parametrize("status", [302, 401, 422])
    def test_what_an_answer_hides_is_said(self, status: int) -> None:
        evidence = self.asked(status)
        assert findings(evidence) == {}
        assert "GET /sum" in {one.what for one in diagnose(evidence).unchecked}

    def test_one_that_never_answers(self) -> None:
        assert only(self.asked(None)).code is FindingCode.ENDPOINT_SILENT

    def test_one_that_is_slow_because_the_machine_runs_others_is_not_slow(self) -> None:
        probes = (Probe("/sum", 101.0, 1.5, 200, starved=1.4),)
        assert findings(healthy(announcement=announced("/sum"), probes=probes)) == {}

    def test_one_that_breaks_off(self) -> None:
        finding = only(self.asked(None, "it closed the connection"))
        assert (finding.code, finding.severity) == (FindingCode.ENDPOINT_FAILS, Severity.ERROR)

    def test_what_is_asked_of_a_module_that_has_ended_is_not_its_fault(self) -> None:
        probes = (
            Probe("/die", 101.0, 0.1, None, "it closed the connection"),
            Probe("/health", 101.1, 0.1, None, "it is not connected"),
        )
        evidence = healthy(probes=probes, ended_early=True, exit=ProcessExit(9, None))
        told = [finding.where for finding in diagnose(evidence).findings]
        assert told == ["", "GET /die"]

    def test_a_thousand_and_one(self) -> None:
        many = announced(*(f"/item/{number}" for number in range(1001)))
        assert only(healthy(announcement=many)).code is FindingCode.TOO_MANY_ENDPOINTS


class TestLivingAndLeaving:
    def test_a_port_that_nobody_can_find(self) -> None:
        assert only(healthy(announcement=announced(listen="127.0.0.1:0"))).code is FindingCode.PORT_ZERO

    def test_an_end_after_it_was_ready(self) -> None:
        evidence = healthy(ended_early=True, exit=ProcessExit(3, None), failure="exited with code 3")
        assert "code 3" in only(evidence).what

    def test_a_stop_that_takes_long_is_noted(self) -> None:
        assert only(healthy(stop=Stop(3.0, 6.0, ()))).code is FindingCode.SLOW_STOP

    def test_a_stop_by_force_is_a_warning(self) -> None:
        evidence = healthy(stop=Stop(6.0, 6.0, ()), exit=ProcessExit(None, 9))
        assert only(evidence).code is FindingCode.IGNORES_STOP

    def test_a_web_server_leaves_by_signal(self) -> None:
        evidence = healthy(
            module=module(command=["./shop"], sdk="none"),
            diagnostics=None,
            stop=Stop(0.1, 6.0, ()),
            exit=ProcessExit(None, 15),
        )
        assert findings(evidence) == {}

    def test_a_system_that_does_not_tell_of_children_is_said(self) -> None:
        unchecked = {one.what for one in diagnose(healthy(stop=Stop(0.1, 6.0, None))).unchecked}
        assert "whether it leaves processes behind" in unchecked


class TestWorkBesideRequests:
    TRACEBACK = f'Traceback (most recent call last):\n  File "{FILE}", line 8, in poll\nValueError: no rows'
    LINE = json.dumps(
        {"level": "ERROR", "fields": {"message": "background work failed", "exception": TRACEBACK}}
    )

    def test_one_that_fails_again_and_again_is_told_once(self) -> None:
        finding = only(healthy(log=logged(self.LINE, self.LINE)))
        assert (finding.code, finding.severity) == (FindingCode.WORK_FAILED, Severity.WARNING)
        assert (finding.where, "ValueError: no rows" in finding.what) == ("shop.py:8", True)

    def test_it_may_fail_because_other_modules_are_not_there(self) -> None:
        evidence = healthy(log=logged(self.LINE), calls=(CallAway(101.0, "catalog", "price"),))
        assert findings(evidence) == {}


class TestThePythonOfACommand:
    @pytest.mark.parametrize(
        ("version", "has_pywatt", "told"),
        [("3.9.2", False, "needs 3.11"), ("3.13.0", False, "has no pywatt")],
    )
    def test_another_one_is_named(self, version: str, has_pywatt: bool, told: str) -> None:
        log = logged(
            "Traceback (most recent call last):", f'  File "{FILE}", line 1, in <module>', "    import pywatt"
        )
        evidence = failed(
            "exited with code 1",
            module=module(command=["python3", "shop.py"]),
            diagnostics=None,
            interpreter=Interpreter("python3", version, "/usr", has_pywatt),
            log=(*log, *logged("ModuleNotFoundError: No module named 'pywatt'")),
        )
        assert (only(evidence).code, told in only(evidence).what) == (FindingCode.PYTHON_MISMATCH, True)


def test_what_no_check_explains_is_passed_on() -> None:
    warnings = (
        "announced itself again: the new announcement replaces the one before",
        "stdio: skipped a payload",
    )
    finding = only(healthy(warnings=warnings))
    assert (finding.code, "announced itself again" in finding.what) == (
        FindingCode.ORCHESTRATOR_WARNING,
        True,
    )


def test_pywatts_own_lines_are_nobodys_prints() -> None:
    place = frame(1113, "stream.write(msg)", file="/usr/lib/python3.11/logging/__init__.py", own=False)
    assert findings(healthy(diagnostics=diagnosed(outputs=(Output(place, 3, "serving"),)))) == {}


def test_a_long_text_is_cut() -> None:
    assert len(only(healthy(diagnostics=diagnosed(outputs=(Output(frame(3), 1, "x" * 400),)))).what) < 250


def test_prints_of_many_places_are_gathered() -> None:
    outputs = tuple(Output(frame(line, "print()"), 1, "text") for line in range(1, 31))
    report = diagnose(healthy(diagnostics=diagnosed(outputs=outputs)))
    assert len(report.findings) == 6
    assert "25 more places" in report.findings[-1].what


def test_a_report_is_sorted_counted_and_written_as_json() -> None:
    evidence = healthy(
        announcement=announced("/sum", listen="127.0.0.1:0"),
        probes=(Probe("/sum", 101.0, 1.5, 200),),
        heartbeats=(2, 0),
    )
    document = diagnose(evidence).to_document()
    assert [one["severity"] for one in document["findings"]] == ["error", "warning", "note"]
    assert document["counts"] == {"error": 1, "warning": 1, "note": 1}
    assert document["summary"].startswith("shop: 1 error, 1 warning, 1 note; ")
    assert json.loads(json.dumps(document)) == document
