"""Imports that fail: a package that is not installed, a file off the path, a circle, a wrong name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pywatt.orchestrator.doctor.evidence import Evidence, Frame, RecordedError
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.interpreter import is_python_program
from pywatt.orchestrator.doctor.packages import package_for
from pywatt.orchestrator.doctor.quoting import frame_quote, own_frame, shown_path, shown_place


def import_finding(evidence: Evidence, error: RecordedError, _failure: Sequence[RecordedError]) -> Finding:
    """Explain an import that failed.

    Args:
        evidence: what was seen.
        error: an ImportError, or one of its kinds.
    """
    frame = own_frame(error.stack)
    where = "" if frame is None else shown_place(frame, evidence)
    quote = () if frame is None else frame_quote(evidence, frame)
    code, what, cure = _explain(evidence, error, frame)
    return Finding(code, Severity.ERROR, what, cure, where=where, quote=quote)


def is_circle(error: RecordedError) -> bool:
    """Tell whether an error comes from two files that import each other.

    Args:
        error: an ImportError, or an AttributeError of a module that is only half there.
    """
    return "partially initialized module" in error.message


def _explain(evidence: Evidence, error: RecordedError, frame: Frame | None) -> tuple[FindingCode, str, str]:
    name = str(error.details.get("name") or "")
    if "relative import" in error.message:
        return _relative(evidence, error)
    if error.type == "ModuleNotFoundError" and name:
        return _not_found(name, evidence)
    if is_circle(error):
        what = f"Two files import each other: {error.message.rstrip('.')}."
        return FindingCode.IMPORT_ERROR, what, "Move one of the imports into the function that needs it."
    shadow = _shadowed(error, evidence)
    if shadow is not None:
        what = f"{shown_path(shadow, evidence)} hides a package of the same name: {error.message}."
        return FindingCode.IMPORT_ERROR, what, f"Rename {shown_path(shadow, evidence)}."
    what = f"An import fails: {error.message.rstrip('.')}."
    line = "" if frame is None else f" in line {frame.line}"
    return FindingCode.IMPORT_ERROR, what, f"Correct the name{line}, or install the version that has it."


def _not_found(name: str, evidence: Evidence) -> tuple[FindingCode, str, str]:
    near = _found_near(name, evidence)
    if near is not None:
        return _wrong_path(name, near)
    return _no_pywatt(evidence) if name == "pywatt" else _missing_package(name, evidence)


def _relative(evidence: Evidence, error: RecordedError) -> tuple[FindingCode, str, str]:
    what = f"A relative import fails: {error.message.rstrip('.')}."
    source = Path(evidence.source) if evidence.source else None
    if source is None:
        return FindingCode.WRONG_PATH, what, "Import by the full name."
    package = source.parent.name
    cure = (
        f"A file is started by itself, outside of its package. Name the package instead, in "
        f"{source.parent.parent}: pywatt doctor {package}.{source.stem}"
    )
    return FindingCode.WRONG_PATH, what, cure


def _wrong_path(name: str, near: Path) -> tuple[FindingCode, str, str]:
    what = f"`{name}` is not found, though {near} is there: its folder is not where Python looks."
    cure = (
        f"Add the folder: --env PYTHONPATH={near.parent}, or env.PYTHONPATH in pywatt.toml; or start the "
        "module by its import path from there."
    )
    return FindingCode.WRONG_PATH, what, cure


def _no_pywatt(evidence: Evidence) -> tuple[FindingCode, str, str]:
    command = (evidence.module.command or ["python3"])[0]
    what = f"The Python that `{command}` starts has no pywatt."
    cure = f"Name the Python of your environment in the command: {sys.executable}, or install pywatt there."
    return FindingCode.PYTHON_MISMATCH, what, cure


def _missing_package(name: str, evidence: Evidence) -> tuple[FindingCode, str, str]:
    package, known = package_for(name)
    doubt = "" if known else " (if the package is called as it is imported)"
    python = _python(evidence)
    if python is None:
        program = (evidence.module.command or [evidence.target])[0]
        what = f"`{name}` is not installed for the Python that runs {program}."
        return FindingCode.MISSING_PACKAGE, what, f"Install it there: pip install {package}{doubt}"
    what = f"`{name}` is not installed for {python}."
    return FindingCode.MISSING_PACKAGE, what, f"{python} -m pip install {package}{doubt}"


def _python(evidence: Evidence) -> str | None:
    """The interpreter that ran it; None for a command that does not name one."""
    if evidence.diagnostics is not None and evidence.diagnostics.executable:
        return evidence.diagnostics.executable
    if evidence.is_python:
        return sys.executable
    program = (evidence.module.command or [""])[0]
    return program if is_python_program(program) else None


def _found_near(name: str, evidence: Evidence) -> Path | None:
    """The author's own file or folder of that name, in the folders around the module."""
    top = name.partition(".")[0]
    start = Path(evidence.source).parent if evidence.source else Path(evidence.directory)
    folders = [
        start.parent,
        start.parent.parent,
        Path(evidence.directory),
        start / "src",
        start.parent / "src",
    ]
    for folder in folders:
        if (folder / f"{top}.py").is_file():
            return folder / f"{top}.py"
        if (folder / top / "__init__.py").is_file():
            return folder / top
    return None


def _shadowed(error: RecordedError, evidence: Evidence) -> str | None:
    """The author's file that was imported in the place of a package."""
    path = error.details.get("path")
    if not isinstance(path, str) or path not in evidence.source_texts:
        return None
    name = Path(path).stem
    return path if name in sys.stdlib_module_names or package_for(name)[1] else None
