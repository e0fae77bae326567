"""Read pywatt.toml: the text, its tables, its checks, and the line of everything that is wrong."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import attrs

from pywatt.orchestrator.configuration.checks import check_gateway, check_modules, check_secrets
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem, key_text
from pywatt.orchestrator.configuration.lines import KeyLines
from pywatt.orchestrator.configuration.reading import KeyProblem, key_names, structure, unknown_key
from pywatt.orchestrator.configuration.settings import (
    Configuration,
    GatewayConfiguration,
    LogsConfiguration,
    ModuleConfiguration,
    PumpConfiguration,
    RestartConfiguration,
    SecretsConfiguration,
    absolute_listen,
)
from pywatt.orchestrator.configuration.values import RefusedValueError, describe, read_module_name

MAX_FILE_SIZE: Final = 1024 * 1024
_TOP_LEVEL = ("gateway", "secrets", "logs", "modules")
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DECLARED_TWICE = re.compile(r"Cannot declare \('modules', '(.*)'\) twice")


def read_configuration(path: Path) -> Configuration:
    """Read and check a configuration file.

    Args:
        path: the file.

    Raises:
        ConfigurationError: everything that is wrong with it, in the order of its lines.
    """
    text = _read_text(path)
    data = _parse(text, path)
    configuration, problems = _build(path.resolve(), data)
    if problems:
        lines = KeyLines(text)
        raise ConfigurationError(
            ConfigurationProblem(
                path,
                lines.find(problem.path),
                key_text(problem.path),
                problem.what,
                problem.expected,
                problem.suggestion,
            )
            for problem in problems
        )
    return configuration


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_SIZE + 1)
    except FileNotFoundError:
        raise _whole_file(
            path,
            "no such file",
            suggestion="create it, name another with -f FILE, or run a single module with: pywatt run FILE",
        ) from None
    except OSError as error:
        raise _whole_file(path, f"cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_FILE_SIZE:
        raise _whole_file(path, "is too large", expected=f"at most {MAX_FILE_SIZE} bytes")
    if content.startswith(b"\xef\xbb\xbf"):
        raise _whole_file(path, "begins with a byte-order mark", expected="plain UTF-8", line=1)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _whole_file(
            path, f"byte {content[error.start]:#04x} is not UTF-8", expected="UTF-8 text", line=line
        ) from None


def _whole_file(
    path: Path, what: str, expected: str | None = None, suggestion: str | None = None, line: int | None = None
) -> ConfigurationError:
    return ConfigurationError([ConfigurationProblem(path, line, "", what, expected, suggestion)])


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _whole_file(path, "is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        position = _POSITION.search(message)
        line = text.count("\n") + 1
        what = message
        if position is not None:
            what = message[: position.start()]
            line = int(position[1]) if position[1] else line
        twice = _DECLARED_TWICE.search(what)
        if twice is not None:
            raise _declared_twice(text, path, twice[1], line) from None
        column = f" at column {position[2]}" if position is not None and position[2] else ""
        raise _whole_file(path, f"is not valid TOML{column}: {what}", line=line) from None


def _declared_twice(text: str, path: Path, name: str, line: int) -> ConfigurationError:
    before = "\n".join(text.split("\n")[: line - 1])
    first = KeyLines(before).find(("modules", name))
    return ConfigurationError(
        [
            ConfigurationProblem(
                path,
                line,
                key_text(("modules", name)),
                f'a module named "{name}" already stands in line {first}',
                "every module to have a name of its own",
            )
        ]
    )


def _build(path: Path, data: dict[str, Any]) -> tuple[Configuration, list[KeyProblem]]:
    directory = path.parent
    problems = [
        unknown_key((key,), list(_TOP_LEVEL), _tables_by_key()) for key in data if key not in _TOP_LEVEL
    ]
    gateway = _table(GatewayConfiguration, data, "gateway", problems)
    gateway = attrs.evolve(gateway, listen=absolute_listen(gateway.listen, directory))
    secrets = _table(SecretsConfiguration, data, "secrets", problems)
    logs = _table(LogsConfiguration, data, "logs", problems)
    if logs.directory is not None:
        logs = attrs.evolve(logs, directory=directory / logs.directory)
    problems += check_gateway(gateway)
    problems += check_secrets(_given_sources(data, secrets), directory)
    modules = _modules(data, directory, problems)
    problems += check_modules(modules, data.get("modules", {}), {problem.path for problem in problems})
    return Configuration(path, directory, gateway, secrets, logs, modules), problems


def _table(kind: type[Any], data: dict[str, Any], key: str, problems: list[KeyProblem]) -> Any:
    value = data.get(key, {})
    if not isinstance(value, dict):
        problems.append(KeyProblem((key,), f"is {describe(value)}", f"a table [{key}]"))
        return kind()
    table, found = structure(kind, value, (key,))
    problems += _with_hints(found)
    return table


def _given_sources(data: dict[str, Any], secrets: SecretsConfiguration) -> list[Any]:
    table = data.get("secrets")
    sources = table.get("from") if isinstance(table, dict) else None
    return sources if isinstance(sources, list) else secrets.sources


def _modules(
    data: dict[str, Any], directory: Path, problems: list[KeyProblem]
) -> dict[str, ModuleConfiguration]:
    tables = data.get("modules")
    if not isinstance(tables, dict) or not tables:
        what = "no module is configured" if tables is None or tables == {} else f"is {describe(tables)}"
        problems.append(KeyProblem(("modules",), what, "a table [modules.NAME] for each module"))
        return {}
    modules: dict[str, ModuleConfiguration] = {}
    for name, table in tables.items():
        path = ("modules", name)
        try:
            read_module_name(name)
        except RefusedValueError as refused:
            problems.append(KeyProblem(path, refused.what, refused.expected, refused.suggestion))
            continue
        if not isinstance(table, dict):
            problems.append(KeyProblem(path, f"is {describe(table)}", f"a table [modules.{name}]"))
            continue
        module, found = structure(ModuleConfiguration, table, path)
        problems += _with_hints(found)
        modules[name] = attrs.evolve(module, name=name, directory=directory / module.directory)
    return modules


def _with_hints(problems: Iterable[KeyProblem]) -> list[KeyProblem]:
    """Tell for an unknown key that is known in another table where it belongs."""
    elsewhere = _tables_by_key()
    hinted = []
    for problem in problems:
        table = elsewhere.get(str(problem.path[-1]))
        if problem.what != "unknown key" or problem.suggestion is not None or table is None:
            hinted.append(problem)
            continue
        if problem.path[0] == "modules":
            table = table.replace("NAME", str(problem.path[1]))
        hinted.append(attrs.evolve(problem, suggestion=f"it belongs in [{table}]"))
    return hinted


def _tables_by_key() -> dict[str, str]:
    tables: dict[str, type[Any]] = {
        "modules.NAME": ModuleConfiguration,
        "modules.NAME.restart": RestartConfiguration,
        "modules.NAME.pump": PumpConfiguration,
        "secrets": SecretsConfiguration,
        "logs": LogsConfiguration,
        "gateway": GatewayConfiguration,
    }
    return {key: name for name, kind in tables.items() for key in key_names(kind)}
