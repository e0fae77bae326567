"""Read a file of secrets: who may have written it, how large it is, and what it holds."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem, key_text
from pywatt.orchestrator.configuration.lines import KeyLines
from pywatt.orchestrator.configuration.values import RefusedValueError, check_secret_name, kind_of

MAX_SECRET_FILE: Final = 1024 * 1024
_POSITION = re.compile(r"\(at line (\d+), column \d+\)")


@attrs.frozen
class SecretFile:
    """The content of one file of secrets.

    Attributes:
        values: names and values; never shown.
        warnings: what a careful person would change, without any value.
    """

    values: Mapping[str, str] = attrs.field(repr=False)
    warnings: tuple[str, ...] = ()


def read_secret_file(path: Path) -> SecretFile | None:
    """Read a .env or .toml file of secrets; None when there is none.

    Args:
        path: the file; a name that ends with ".toml" is TOML, any other is read as .env.

    Raises:
        ConfigurationError: it may have been written by somebody else, is too large, or cannot be read.
    """
    try:
        # A named pipe in its place must not stop the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}") from None
    # Everything is asked of this one descriptor: a path may be replaced between two questions.
    try:
        warnings = _check_permissions(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_SECRET_FILE + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_SECRET_FILE:
        raise _refused(path, "is too large", f"at most {MAX_SECRET_FILE} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, "is not UTF-8", line=content.count(b"\n", 0, error.start) + 1) from None
    values = _read_toml(path, text) if path.name.endswith(".toml") else _read_dotenv(path, text)
    return SecretFile(values, warnings)


def _check_permissions(path: Path, status: os.stat_result) -> tuple[str, ...]:
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "is not a regular file")
    if status.st_uid not in {os.geteuid(), 0}:
        raise _refused(
            path, f"belongs to user {status.st_uid}", "a file of your own", f"chown {os.geteuid()} {path}"
        )
    if status.st_mode & stat.S_IWOTH:
        raise _refused(path, "can be written by every user", "mode 0600", f"chmod 600 {path}")
    if status.st_mode & stat.S_IROTH:
        return (f"{path} holds secrets and can be read by every user: chmod 600 {path}",)
    return ()


def _read_toml(path: Path, text: str) -> dict[str, str]:
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise _refused(path, "is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        # The text of the reader's error may quote the file: only the position is shown.
        position = _POSITION.search(str(error))
        raise _refused(
            path, "is not valid TOML", 'NAME = "value"', line=int(position[1]) if position else None
        ) from None
    lines = KeyLines(text)
    problems = []
    values: dict[str, str] = {}
    for name, value in data.items():
        try:
            check_secret_name(name)
        except RefusedValueError as refused:
            problems.append(
                _problem(path, "a name cannot be used", refused.expected, line=lines.find((name,)))
            )
            continue
        if isinstance(value, str):
            values[name] = value
        else:
            line = lines.find((name,))
            problem = _problem(path, f"is {kind_of(value)}", "a text in quotes", line=line)
            problems.append(attrs.evolve(problem, key=key_text((name,))))
    if problems:
        raise ConfigurationError(problems)
    return values


def _read_dotenv(path: Path, text: str) -> dict[str, str]:
    import io

    # Its parser rather than its `dotenv_values`: that one only logs what it cannot read, and replaces ${NAME}
    # inside values, while a secret has to arrive as it is written.
    from dotenv.parser import parse_stream

    problems = []
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(_problem(path, "is not a setting", "NAME=value", line=binding.original.line))
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    if problems:
        raise ConfigurationError(problems)
    return values


def _refused(
    path: Path,
    what: str,
    expected: str | None = None,
    suggestion: str | None = None,
    line: int | None = None,
) -> ConfigurationError:
    return ConfigurationError([_problem(path, what, expected, suggestion, line)])


def _problem(
    path: Path,
    what: str,
    expected: str | None = None,
    suggestion: str | None = None,
    line: int | None = None,
) -> ConfigurationProblem:
    return ConfigurationProblem(path, line, "", what, expected, suggestion)
