"""Errors that came out of the author's code while it was imported or started, or went through it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from pywatt.orchestrator.doctor.checks.start_steps import running_step
from pywatt.orchestrator.doctor.evidence import Evidence, Frame, RecordedError
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.quoting import (
    described,
    frame_quote,
    log_quote,
    own_frame,
    shown_path,
    shown_place,
)

SEE_TRACEBACK: Final = (
    "Start it with PYWATT_LOG_LEVEL=debug pywatt run: its log then has the whole traceback."
)
_CALLED_WITH: Final = "It is called with the state and nothing else: def main(state)."
_OPTION_MARKS: Final = ("pywatt_module(", "@pywatt_module decorates", "AppConfig")


def own_error_finding(evidence: Evidence, failure: Sequence[RecordedError]) -> Finding:
    """Explain an error by where it came from and what was being done.

    Args:
        evidence: what was seen.
        failure: the error and what led to it, the first cause first.
    """
    cause = failure[0]
    frame = next((found for error in failure if (found := own_frame(error.stack)) is not None), None)
    code, what = _what(evidence, failure, frame)
    wrong_call = code is FindingCode.FUNCTION_FAILED and frame is None and cause.type == "TypeError"
    if wrong_call:  # pywatt could not call the function: it takes other arguments
        frame = module_function(evidence)
    return Finding(
        code,
        Severity.ERROR,
        what,
        _CALLED_WITH if wrong_call else _cure(code, cause, frame, evidence),
        where="" if frame is None else shown_place(frame, evidence),
        quote=log_quote(evidence.log) if frame is None else frame_quote(evidence, frame),
    )


def module_function(evidence: Evidence) -> Frame | None:
    """Return where the function with @pywatt_module is defined; None when it cannot be found.

    Args:
        evidence: holds the author's files.
    """
    file = evidence.source or ""
    try:
        tree = ast.parse(evidence.source_texts.get(file, ""))
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            "pywatt_module" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            return Frame(file, node.lineno, node.name)
    return None


def _what(
    evidence: Evidence, failure: Sequence[RecordedError], frame: Frame | None
) -> tuple[FindingCode, str]:
    cause, last = failure[0], failure[-1]
    if any(mark in cause.message for mark in _OPTION_MARKS):
        return FindingCode.WRONG_OPTION, _sentence(cause.message)
    if "LoadingError" in cause.bases:  # the file is in order, and does not have what the target names
        return FindingCode.IMPORT_ERROR, _sentence(cause.message.removeprefix("bootstrap failed: "))
    variable = _missing_variable(cause)
    told = f"the environment variable {variable} is not set." if variable else _sentence(described(cause))
    if "LoadingError" in last.bases or (frame is not None and frame.function == "<module>"):
        file = shown_path(evidence.source or evidence.target, evidence)
        return FindingCode.IMPORT_ERROR, f"{file} cannot be imported: {told}"
    if last.message.startswith("bootstrap failed: ") and " failed: " in last.message:
        name = last.message.removeprefix("bootstrap failed: ").partition(" failed: ")[0]
        verb = "fails:" if variable else "raises"
        return FindingCode.FUNCTION_FAILED, f"The module's function {name} {verb} {told}"
    return FindingCode.START_FAILED, f"It fails while {running_step(evidence) or 'it starts'}: {told}"


def _cure(code: FindingCode, cause: RecordedError, frame: Frame | None, evidence: Evidence) -> str:
    if code is FindingCode.WRONG_OPTION:
        return (
            'Write @pywatt_module alone, or with its arguments by name: @pywatt_module(secrets=["API_KEY"]).'
        )
    if "LoadingError" in cause.bases:
        return "Correct the name of what is started, or the file that should have it."
    variable = _missing_variable(cause)
    if variable:
        return (
            f"Set it: --env {variable}=..., or env.{variable} in [modules.{evidence.module.name}] of "
            "pywatt.toml; what is secret is declared, and read from state.secrets."
        )
    return SEE_TRACEBACK if frame is None else f"Correct line {frame.line}."


def _missing_variable(error: RecordedError) -> str:
    """The name of an environment variable that was looked up and is not set; else nothing."""
    inner = error.stack[-1] if error.stack else None
    if error.type != "KeyError" or inner is None or inner.function != "__getitem__":
        return ""
    return error.message.strip("'\"") if inner.file.endswith(("os.py", "<frozen os>")) else ""


def _sentence(text: str) -> str:
    return text.rstrip(".") + "."
