"""Secrets: which are missing, which may not be had, which nobody needs, which logs would show."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pywatt.observe.redaction import min_length
from pywatt.orchestrator.doctor.evidence import AskedSecret, Evidence
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity


def check_secrets(evidence: Evidence) -> Iterator[Finding]:
    """Look at every secret that was asked for or declared.

    Args:
        evidence: what was seen.
    """
    for secret in evidence.secrets:
        if secret.source is None:
            yield _refused(secret, evidence) if secret.refused else _missing(secret, evidence)
            continue
        if not secret.listed:
            yield _not_listed(secret, evidence)
        if not secret.hidden:
            yield _not_hidden(secret)
    for name in _unused(evidence):
        yield Finding(
            FindingCode.SECRET_NOT_USED,
            Severity.NOTE,
            f"The secret {name} is declared, and nothing in the module's files uses it.",
            f"Take {name} out of secrets=[...]: what a module does not have it cannot lose.",
            where=name,
        )


def mentioned(name: str, evidence: Evidence) -> bool:
    """Tell whether the author's files name a secret anywhere but where it is declared.

    Args:
        name: the secret.
        evidence: holds the files.
    """
    return any(_mentions(name, text) for text in evidence.source_texts.values())


def _missing(secret: AskedSecret, evidence: Evidence) -> Finding:
    looked = ", ".join(evidence.looked_in) or "no source at all"
    place = "a file that [secrets] from names" if _from_file(evidence) else ".env"
    again = evidence.target if evidence.is_python else "..."
    return Finding(
        FindingCode.MISSING_SECRET,
        Severity.ERROR,
        f"The secret {secret.name} is missing. It was looked for in, in this order: {looked}.",
        f"Give it in one of these ways: {secret.name}=... pywatt doctor {again}; a line {secret.name}=... in "
        f"{place}; or --secret-file FILE.",
        where=secret.name,
    )


def _from_file(evidence: Evidence) -> bool:
    return evidence.target == evidence.module.name and not evidence.target.endswith(".py")


def _refused(secret: AskedSecret, evidence: Evidence) -> Finding:
    name = evidence.module.name
    cure = f'List it: secrets = ["{secret.name}"] in [modules.{name}]'
    if evidence.is_python:
        cure = f'Declare it as a plain list of texts: @pywatt_module(secrets=["{secret.name}"])'
    return Finding(
        FindingCode.SECRET_NOT_ALLOWED,
        Severity.ERROR,
        f"It asks for the secret {secret.name}, which it may not have: {secret.reason}.",
        f"{cure}.",
        where=secret.name,
    )


def _not_listed(secret: AskedSecret, evidence: Evidence) -> Finding:
    return Finding(
        FindingCode.SECRET_NOT_LISTED,
        Severity.NOTE,
        f"It asks for the secret {secret.name}; under `pywatt up` a command gets only what its table lists.",
        f'List it in pywatt.toml: secrets = ["{secret.name}"] in [modules.{evidence.module.name}].',
        where=secret.name,
    )


def _not_hidden(secret: AskedSecret) -> Finding:
    return Finding(
        FindingCode.SECRET_NOT_HIDDEN,
        Severity.NOTE,
        f"The value of {secret.name} is too short or too common a word to be removed from logs.",
        f"Use a longer value: {min_length()} characters at least (PYWATT_REDACT_MIN_LENGTH).",
        where=secret.name,
    )


def _unused(evidence: Evidence) -> list[str]:
    diagnostics = evidence.diagnostics
    if diagnostics is None or evidence.announcement is None:
        return []
    return [
        name
        for name in diagnostics.declared_secrets
        if name not in diagnostics.read_secrets and not mentioned(name, evidence)
    ]


def _mentions(name: str, text: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return name in text
    declarations = {
        id(constant)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "secrets"
        for constant in ast.walk(node.value)
    }
    return any(
        isinstance(node, ast.Constant) and node.value == name and id(node) not in declarations
        for node in ast.walk(tree)
    )
