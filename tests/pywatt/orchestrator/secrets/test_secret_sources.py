"""Where secrets come from, and what a file of secrets must be like."""

import os
from pathlib import Path

import pytest

from pywatt.observe.redaction import redact
from pywatt.orchestrator.configuration.errors import ConfigurationError
from pywatt.orchestrator.configuration.settings import Configuration, SecretsConfiguration
from pywatt.orchestrator.secrets.secret_file import MAX_SECRET_FILE
from pywatt.orchestrator.secrets.secret_sources import SecretSources

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def secrets(directory: Path, sources: list[str], **environment: str) -> SecretSources:
    configuration = Configuration(
        path=directory / "pywatt.toml", directory=directory, secrets=SecretsConfiguration(sources)
    )
    return SecretSources(configuration, environment)


def write(directory: Path, name: str, text: str | bytes, mode: int = 0o600) -> Path:
    file = directory / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return file


def test_the_first_source_that_has_the_name_wins(tmp_path: Path) -> None:
    write(tmp_path, ".env", "ONE=dotenv-one\nTWO=dotenv-two\n")
    write(tmp_path, "secrets.toml", 'ONE = "toml-one"\nTWO = "toml-two"\nTHREE = "toml-three"\n')
    found = secrets(tmp_path, ["env", ".env", "secrets.toml"], ONE="environment-one")
    assert found.get("ONE") == "environment-one"
    assert found.get("TWO") == "dotenv-two"
    assert found.get("THREE") == "toml-three"
    assert found.get("FOUR") is None
    turned = secrets(tmp_path, ["secrets.toml", ".env", "env"], ONE="environment-one")
    assert turned.get("ONE") == "toml-one"


def test_the_environment_is_this_process_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_TEST_SECRET", "from-the-process")
    configuration = Configuration(path=tmp_path / "pywatt.toml", directory=tmp_path)
    assert SecretSources(configuration).get("PYWATT_TEST_SECRET") == "from-the-process"


def test_an_empty_value_is_a_value(tmp_path: Path) -> None:
    write(tmp_path, ".env", "EMPTY=\nQUOTED=''\n")
    found = secrets(tmp_path, ["env", ".env"], NOTHING="")
    assert (found.get("NOTHING"), found.get("EMPTY"), found.get("QUOTED")) == ("", "", "")


def test_a_value_arrives_as_it_is_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".env",
        "# a comment\nexport A=plain # comment\nB='sin gle ${A}'\n"
        'C="two\\nlines"\nD=overwritten\nE = spaced\nD=pa${A}ss\n',
    )
    found = secrets(tmp_path, [".env"])
    assert found.get("A") == "plain"
    assert found.get("B") == "sin gle ${A}"
    assert found.get("C") == "two\nlines"
    assert found.get("D") == "pa${A}ss"
    assert found.get("E") == "spaced"


def test_what_was_handed_out_is_redacted_from_then_on(tmp_path: Path) -> None:
    write(tmp_path, "secrets.toml", 'HANDED = "handed-out-value"\nKEPT = "kept-back-value"\n')
    found = secrets(tmp_path, ["secrets.toml"])
    assert redact("handed-out-value") == "handed-out-value"
    found.get("HANDED")
    assert redact("a handed-out-value b") == "a [REDACTED] b"
    assert redact("kept-back-value") == "kept-back-value"


def test_no_value_is_shown(tmp_path: Path) -> None:
    write(tmp_path, ".env", "KEY=a-hidden-value\n")
    found = secrets(tmp_path, [".env"])
    assert "hidden" not in repr(found) + repr(found.__dict__.get("warnings"))


@pytest.mark.parametrize("name", ["", "A=B", "A\0B", "A\nB", "x" * 257])
def test_a_name_that_no_secret_can_have_is_not_found(tmp_path: Path, name: str) -> None:
    assert secrets(tmp_path, ["env"], A="1").get(name) is None


def test_a_missing_dotenv_file_is_empty(tmp_path: Path) -> None:
    assert secrets(tmp_path, [".env"]).get("A") is None


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    write(tmp_path, "real", 'A = "1234"\n')
    (tmp_path / "secrets.toml").symlink_to("real")
    assert secrets(tmp_path, ["secrets.toml"]).get("A") == "1234"


def test_a_file_that_everybody_can_read_is_worth_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, ".env", "A=hidden\n", mode=0o644)
    found = secrets(tmp_path, [".env"])
    assert found.warnings == [f"{file} holds secrets and can be read by every user: chmod 600 {file}"]
    assert found.get("A") == "hidden"


def test_a_file_of_one_s_own_is_not(tmp_path: Path) -> None:
    write(tmp_path, ".env", "A=1\n", mode=0o640)
    assert secrets(tmp_path, [".env"]).warnings == []


@pytest.mark.parametrize(
    ("name", "content", "mode", "said"),
    [
        (".env", "A=1\n", 0o602, "can be written by every user; expected mode 0600; chmod 600 "),
        (".env", "A=hidden-value\nwhat is this\n", 0o600, ".env:2: is not a setting; expected NAME=value"),
        (".env", "JUST_A_NAME\n", 0o600, ".env:1: is not a setting; expected NAME=value"),
        (".env", b"A=1\nB=\xff\n", 0o600, ".env:2: is not UTF-8"),
        (".env", "#" * (MAX_SECRET_FILE + 1), 0o600, "is too large; expected at most 1048576 bytes"),
        ("s.toml", 'A = "hidden-value\n', 0o600, "s.toml:1: is not valid TOML"),
        ("s.toml", "# x\nPIN = 123456\n", 0o600, "s.toml:2: PIN: is a number; expected a text in quotes"),
        ("s.toml", '[table]\nA = "hidden-value"\n', 0o600, "s.toml:1: table: is a table"),
        ("s.toml", '"A=B" = "hidden-value"\n', 0o600, "s.toml:1: a name cannot be used"),
        ("s.toml", "a = " + "[" * 5000, 0o600, "is nested too deeply"),
    ],
)
def test_files_that_are_refused(
    tmp_path: Path, name: str, content: str | bytes, mode: int, said: str
) -> None:
    write(tmp_path, name, content, mode)
    with pytest.raises(ConfigurationError) as caught:
        secrets(tmp_path, [name])
    assert said in str(caught.value)
    assert "hidden-value" not in str(caught.value)
    assert "123456" not in str(caught.value)


@needs_root
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, ".env", "A=1\n")
    os.chown(file, 12345, -1)
    with pytest.raises(ConfigurationError, match="belongs to user 12345"):
        secrets(tmp_path, [".env"])


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env", 0o600)
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        secrets(tmp_path, [".env"])
    (tmp_path / "secrets.toml").mkdir()
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        secrets(tmp_path, ["secrets.toml"])


def test_all_files_are_checked_before_anything_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ".env", "nonsense here\n")
    write(tmp_path, "a.toml", "A = 1\nB = 2\n")
    with pytest.raises(ConfigurationError) as caught:
        secrets(tmp_path, [".env", "a.toml"])
    assert [problem.line for problem in caught.value.problems] == [1, 1, 2]
