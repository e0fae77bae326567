"""docs/configuration.md and the classes say the same."""

import re
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest

from pywatt.cli import exit_codes
from pywatt.orchestrator.configuration.reading import key_names
from pywatt.orchestrator.configuration.settings import (
    GatewayConfiguration,
    LogsConfiguration,
    ModuleConfiguration,
    PumpConfiguration,
    RestartConfiguration,
    SecretsConfiguration,
)

PAGE = Path(__file__).parents[4] / "docs" / "configuration.md"
TABLES: dict[str, type[Any]] = {
    "gateway": GatewayConfiguration,
    "secrets": SecretsConfiguration,
    "logs": LogsConfiguration,
    "modules.NAME": ModuleConfiguration,
    "modules.NAME.restart": RestartConfiguration,
    "modules.NAME.pump": PumpConfiguration,
}
# What stands in words in the column of defaults.
NO_DEFAULT = {"run", "app", "command", "route"}
DEFAULT_IN_WORDS = {
    "modules.NAME.secrets": "what the Python file declares",
    "modules.NAME.health": "what it announces",
    "modules.NAME.restart": "its own defaults",
    "modules.NAME.pump": "its own defaults",
    "logs.directory": "the run directory's `logs`",
}


def documented(table: str) -> dict[str, list[str]]:
    section = PAGE.read_text().split(f"\n## `[{table}]`\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows}


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_documented_and_every_documented_key_exists(table: str) -> None:
    assert list(documented(table)) == list(key_names(TABLES[table]))


@pytest.mark.parametrize("table", TABLES)
def test_the_documented_defaults_are_the_real_ones(table: str) -> None:
    defaults = TABLES[table]()
    for key, attribute in key_names(TABLES[table]).items():
        cell = documented(table)[key][1]
        real = getattr(defaults, attribute)
        if key in NO_DEFAULT:
            assert (cell, real) == ("none", None), key
        elif f"{table}.{key}" in DEFAULT_IN_WORDS:
            assert cell == DEFAULT_IN_WORDS[f"{table}.{key}"]
        else:
            written = tomllib.loads(f"value = {cell.strip('`')}")["value"]
            assert written == (real if isinstance(real, (int, float, list, dict)) else str(real)), key


def test_the_documented_units_are_the_ones_in_the_classes() -> None:
    for table, kind in TABLES.items():
        for key, row in documented(table).items():
            is_duration = attrs.fields_dict(kind)[key_names(kind)[key]].type
            assert ("float" in str(is_duration)) == (row[0] == "seconds"), key


def test_the_documented_exit_codes_are_those_of_the_command_line() -> None:
    section = PAGE.read_text().split("\n## Exit codes\n")[1]
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)]
    assert codes == [int(code) for code in re.findall(r"^  (\d+) ", exit_codes.DESCRIPTION, re.MULTILINE)]
    assert codes == [0, 1, 2, 3, 4, 130]
