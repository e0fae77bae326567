"""Which module a target names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pywatt.orchestrator.configuration.errors import ConfigurationError
from pywatt.orchestrator.doctor.subject import subject_for, subject_for_command

CONFIGURATION = """
[secrets]
from = ["env"]

[modules.catalog]
run = "shop.py"
after = ["ledger"]
start_timeout = 12
stop_timeout = 60

[modules.ledger]
command = ["python3", "ledger.py"]
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("shop.py", "ledger.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "pywatt.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)


def test_a_file_is_examined_as_run_would_run_it(tmp_path: Path) -> None:
    subject = subject_for("shop.py", env={"TZ": "UTC"})
    assert (subject.module.name, subject.module.run, subject.module.env) == ("shop", "shop.py", {"TZ": "UTC"})
    assert subject.source == tmp_path / "shop.py"


@pytest.mark.parametrize("file", [None, "pywatt.toml"])
def test_a_name_is_a_module_of_the_configuration(file: str | None) -> None:
    module = subject_for("catalog", file=file).module
    assert (module.run, module.start_timeout) == ("shop.py", 12)


def test_it_waits_for_no_other_module_and_is_not_started_again() -> None:
    module = subject_for("catalog").module
    assert (module.after, module.restart.policy, module.stop_timeout) == ([], "never", 6.0)


@pytest.mark.parametrize("file", [None, "pywatt.toml"])
def test_an_unknown_name_suggests_one(file: str | None) -> None:
    with pytest.raises(ConfigurationError, match='did you mean "ledger"'):
        subject_for("ledgers", file=file)


def test_a_name_that_can_be_imported_is_no_mistake() -> None:
    assert subject_for("shop").module.run == "shop"


@pytest.mark.parametrize("target", ["app", "app/"])
def test_a_directory_names_a_file_in_it(tmp_path: Path, target: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "shop.py").write_text("")
    with pytest.raises(ConfigurationError, match=r"this is a directory.*such as app/shop\.py"):
        subject_for(target)


def test_files_of_secrets_come_first(tmp_path: Path) -> None:
    (tmp_path / "dev.env").write_text("A=b\n")
    sources = subject_for("catalog", secret_files=["dev.env"]).configuration.secrets.sources
    assert sources == [str(tmp_path / "dev.env"), "env"]


def test_a_command_may_ask_for_any_secret() -> None:
    subject = subject_for_command([sys.executable, "ledger.py"], sdk="crate", patience=3.0)
    assert (subject.any_secret, subject.module.name, subject.module.sdk) == (True, "ledger", "crate")
    assert subject.module.start_timeout == 3.0


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        subject_for_command(["./absent"])
