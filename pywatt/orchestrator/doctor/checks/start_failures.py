"""A module whose start ended with an error: in its file, in its function, in what pywatt makes of them."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pywatt.orchestrator.doctor.checks.imports import import_finding, is_circle
from pywatt.orchestrator.doctor.checks.own_errors import SEE_TRACEBACK, module_function, own_error_finding
from pywatt.orchestrator.doctor.checks.python_of_command import python_mismatch
from pywatt.orchestrator.doctor.checks.start_steps import running_step
from pywatt.orchestrator.doctor.evidence import Evidence, RecordedError
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.log_tracebacks import last_traceback
from pywatt.orchestrator.doctor.quoting import (
    frame_quote,
    log_quote,
    own_frame,
    shown_path,
    shown_place,
    source_quote,
)

FIVE_LINES: Final = (
    "from pywatt import AppState, pywatt_module",
    "",
    "@pywatt_module",
    "async def main(state: AppState):",
    "    return app    # a FastAPI, Flask, ... application, or nothing",
)
_APPLICATIONS: Final = ("FastAPI(", "Starlette(", "Flask(", "web.Application(", "Quart(")


def check_start_failure(evidence: Evidence) -> Iterator[Finding]:
    """Explain the error that ended the start.

    Args:
        evidence: what was seen.
    """
    failure = start_failure(evidence)
    if not failure or python_mismatch(evidence) is not None:
        return
    for error in failure:
        for kind, explain in _KINDS.items():
            if kind in error.bases:
                finding = explain(evidence, error, failure)
                if finding is not None:
                    yield finding
                return
        if is_circle(error):
            yield import_finding(evidence, error, failure)
            return
    yield own_error_finding(evidence, failure)


def start_failure(evidence: Evidence) -> tuple[RecordedError, ...]:
    """Return the error that ended a module before it was ready and what led to it, the first cause first.

    Args:
        evidence: what was seen.
    """
    if evidence.ready is not None or evidence.ran_out_of_time:
        return ()
    if evidence.diagnostics is not None and evidence.diagnostics.failure:
        return evidence.diagnostics.failure
    found = last_traceback(evidence.log) if evidence.ended_early else None
    return () if found is None else (found,)


def _syntax_error(evidence: Evidence, error: RecordedError, _failure: Sequence[RecordedError]) -> Finding:
    file, line = str(error.details.get("file")), int(error.details.get("line") or 0)
    quote = source_quote(evidence, file, line, str(error.details.get("text") or ""))
    column = error.details.get("column")
    if quote and isinstance(column, int) and column > 0:
        marked = next(number for number, text in enumerate(quote) if text.startswith(">"))
        before = quote[marked].index("|") + 1 + column
        quote = (*quote[: marked + 1], " " * before + "^", *quote[marked + 1 :])
    return Finding(
        FindingCode.SYNTAX_ERROR,
        Severity.ERROR,
        f"{shown_path(file, evidence)} is not valid Python: {error.message}.",
        f"Correct line {line}; the mistake may also be at the end of the line before.",
        where=f"{shown_path(file, evidence)}:{line}",
        quote=quote,
    )


def _wrong_framework(_evidence: Evidence, error: RecordedError, _failure: Sequence[RecordedError]) -> Finding:
    return Finding(
        FindingCode.WRONG_FRAMEWORK,
        Severity.ERROR,
        f"{error.message.removeprefix('bootstrap failed: ')}.",
        "Leave `framework` out, or name the framework of the application that the function returns.",
        where="@pywatt_module(framework=...)",
    )


def _no_application(evidence: Evidence, error: RecordedError, _failure: Sequence[RecordedError]) -> Finding:
    frame = module_function(evidence)
    kind, _, wanted = error.message.removeprefix("configuration error: ").partition("; ")
    return Finding(
        FindingCode.FUNCTION_FAILED,
        Severity.ERROR,
        f"{evidence.module.app or 'What the function of the module returns'} cannot be served: {kind}.",
        f"{wanted[:1].upper()}{wanted[1:]}.",
        where="" if frame is None else shown_place(frame, evidence),
        quote=() if frame is None else frame_quote(evidence, frame),
    )


def _no_module(evidence: Evidence, error: RecordedError, _failure: Sequence[RecordedError]) -> Finding:
    file = evidence.source or ""
    text = evidence.source_texts.get(file, "")
    application = next(
        (
            line.partition("=")[0].strip()
            for line in text.splitlines()
            if "=" in line and line[:1].isidentifier() and any(made in line for made in _APPLICATIONS)
        ),
        None,
    )
    several = "several functions" in error.message
    found = f"It makes an application, `{application}`. " if application else ""
    cure = "Decorate the one function that makes the application, as these five lines do."
    if several:
        cure = "Keep one @pywatt_module in a file, or call the one that counts `main`."
    elif application:
        name = shown_path(file, evidence).removesuffix(".py").replace("/", ".")
        cure = (
            f"Serve it as it is, with pywatt doctor {name}:{application}, or return it from a function as "
            "these five lines do."
        )
    what = "has several functions with @pywatt_module" if several else "has no function with @pywatt_module"
    return Finding(
        FindingCode.NOT_A_MODULE,
        Severity.ERROR,
        f"{shown_path(file, evidence) or evidence.target} {what}. {found}".strip(),
        cure,
        where=shown_path(file, evidence),
        quote=() if several else FIVE_LINES,
    )


def _server_error(
    evidence: Evidence, error: RecordedError, failure: Sequence[RecordedError]
) -> Finding | None:
    taken = any(one.details.get("errno") == errno.EADDRINUSE for one in failure)
    message = error.message.removeprefix("server error: ")
    if not taken:
        return Finding(
            FindingCode.START_FAILED,
            Severity.ERROR,
            f"Its HTTP server could not start: {message}.",
            SEE_TRACEBACK,
        )
    return Finding(
        FindingCode.PORT_IN_USE,
        Severity.ERROR,
        f"The port that it binds is taken: {message}.",
        "Stop the other program that listens there, or leave `specific_port` out: pywatt finds a free one.",
        where="@pywatt_module(bind_http=True, specific_port=...)",
    )


def _exit(evidence: Evidence, error: RecordedError, _failure: Sequence[RecordedError]) -> Finding:
    frame = own_frame(error.stack)
    code = error.details.get("code")
    return Finding(
        FindingCode.EXITED,
        Severity.ERROR,
        f"It ends itself while {running_step(evidence) or 'it starts'}, with sys.exit({_argument(code)}).",
        "A module is imported, and its arguments are the orchestrator's: put what a script does under "
        'if __name__ == "__main__".',
        where="" if frame is None else shown_place(frame, evidence),
        quote=log_quote(evidence.log) if frame is None else frame_quote(evidence, frame),
    )


def _end_of_input(
    evidence: Evidence, _error: RecordedError, failure: Sequence[RecordedError]
) -> Finding | None:
    read = evidence.diagnostics is not None and evidence.diagnostics.inputs
    return None if read else own_error_finding(evidence, failure)


def _argument(code: object) -> str:
    text = "" if code is None else str(code)
    return text if re.fullmatch(r"-?\d*", text) else repr(text)


def _told_elsewhere(_evidence: Evidence, _error: RecordedError, _failure: Sequence[RecordedError]) -> None:
    """Another check explains it, from better evidence."""
    return


_Explain = Callable[[Evidence, RecordedError, Sequence[RecordedError]], Finding | None]
# The first kind that an error of the chain has, from its first cause on, decides.
_KINDS: Final[dict[str, _Explain]] = {
    "SyntaxError": _syntax_error,
    "ImportError": import_finding,
    "SecretNotFound": _told_elsewhere,
    "DuplicateHandler": _told_elsewhere,
    "EOFError": _end_of_input,
    "NotAnApplication": _no_application,
    "FrameworkMismatch": _wrong_framework,
    "NoModuleFound": _no_module,
    "ServerError": _server_error,
    "SystemExit": _exit,
}
