"""The secrets a Python file declares, read without running it."""

from pathlib import Path

import pytest

from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.secrets.declared_secrets import (
    allowed_secrets,
    declared_secrets,
    withheld_names,
)

BODY = "\nasync def main(state): ...\n"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('from pywatt import pywatt_module\n@pywatt_module(secrets=["A", "B"])' + BODY, ["A", "B"]),
        ('from pywatt import pywatt_module\n@pywatt_module(secrets=("A",), rotate=True)' + BODY, ["A"]),
        ("from pywatt import pywatt_module\n@pywatt_module()" + BODY, []),
        ("from pywatt import pywatt_module\n@pywatt_module" + BODY, []),
        ("from pywatt import pywatt_module\n@pywatt_module(secrets=None)" + BODY, []),
        ('import pywatt\n@pywatt.pywatt_module(secrets=["A"])' + BODY, ["A"]),
        ('from pywatt import pywatt_module as module\n@module(secrets=["A"])' + BODY, ["A"]),
        ('from pywatt.module.decorator import pywatt_module as m\n@m(secrets=["A"])' + BODY, ["A"]),
        ('@other\n@pywatt_module(secrets=["A"])\n@third(secrets=["B"])' + BODY, ["A"]),
        ('NAMES = ["A", "B"]\n@pywatt_module(secrets=NAMES)' + BODY, ["A", "B"]),
        ('NAMES: list[str] = ["A"]\n@pywatt_module(secrets=NAMES)' + BODY, ["A"]),
        ('@pywatt_module(secrets=["A" "B"])' + BODY, ["AB"]),
        ("print('no module at all')", []),
        ('raise SystemExit\n@pywatt_module(secrets=["A"])' + BODY, ["A"]),
    ],
)
def test_literal_names_are_read(tmp_path: Path, source: str, names: list[str]) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert declared_secrets(file) == names


@pytest.mark.parametrize(
    "source",
    [
        "@pywatt_module(secrets=names())" + BODY,
        '@pywatt_module(secrets=["A"] + OTHER)' + BODY,
        '@pywatt_module(secrets=["A", B])' + BODY,
        "@pywatt_module(secrets=[1])" + BODY,
        '@pywatt_module(secrets="A")' + BODY,
        "@pywatt_module(**options)" + BODY,
        "@pywatt_module(secrets=UNKNOWN)" + BODY,
        'NAMES = ["A"]\nNAMES += ["B"]\n@pywatt_module(secrets=NAMES)' + BODY,
        'NAMES = ["A"]\nif True:\n    NAMES = ["B"]\n@pywatt_module(secrets=NAMES)' + BODY,
        '@pywatt_module(secrets=["A"])' + BODY + '@pywatt_module(secrets=["B"])' + BODY,
        "def this is not Python",
        "\0",
    ],
)
def test_what_only_running_it_could_tell_is_unknown(tmp_path: Path, source: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert declared_secrets(file) is None


def test_a_file_that_is_not_there_declares_nothing_known(tmp_path: Path) -> None:
    assert declared_secrets(tmp_path / "none.py") is None


def test_the_configured_list_replaces_the_declared_one(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text('@pywatt_module(secrets=["DECLARED"])' + BODY)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "part.py").write_text('@pywatt_module(secrets=["INNER"])' + BODY)
    (tmp_path / "package" / "__init__.py").write_text("raise SystemExit")

    def allowed(**attributes: object) -> list[str] | None:
        return allowed_secrets(ModuleConfiguration(name="web", directory=tmp_path, **attributes))  # type: ignore[arg-type]

    assert allowed(run="web.py") == ["DECLARED"]
    assert allowed(run="package.part") == ["INNER"]
    assert allowed(run="web.py", secrets=["LISTED"]) == ["LISTED"]
    assert allowed(run="web.py", secrets=[]) == []
    assert allowed(app="web:app") == []
    assert allowed(command=["true"]) == []
    assert allowed(command=["true"], secrets=["LISTED"]) == ["LISTED"]


def test_what_only_the_file_lists_is_a_secret_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text('@pywatt_module(secrets=["DECLARED"])' + BODY)

    def withheld(**attributes: object) -> set[str]:
        return withheld_names(ModuleConfiguration(name="web", directory=tmp_path, **attributes))  # type: ignore[arg-type]

    assert withheld(run="web.py", secrets=["LISTED"]) == {"LISTED", "DECLARED"}
    assert withheld(run="web.py") == {"DECLARED"}
    assert withheld(run="none.py") == set()
    assert withheld(command=["true"], secrets=["LISTED"]) == {"LISTED"}
