"""What a module process tells of the files it is made of."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from pywatt.errors import BootstrapError
from pywatt.module.author_code import authors_traceback
from pywatt.module.loaded_files import LOADED_FILES, LoadedFiles
from pywatt.module.loading import LoadingError, load_definition


@pytest.fixture
def report(tmp_path: Path) -> LoadedFiles:
    return LoadedFiles(str(tmp_path / "report.json"))


@pytest.fixture(autouse=True)
def own_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test imports is gone after it."""
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setattr(sys, "path", list(sys.path))


def written(tmp_path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((tmp_path / "report.json").read_text())
    return document


def files(tmp_path: Path) -> set[str]:
    names = written(tmp_path)["files"]
    assert isinstance(names, list)
    return {Path(name).name for name in names if name.startswith(str(tmp_path))}


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(textwrap.dedent(text))
    return str(folder / name)


def failure_of(target: str) -> LoadingError:
    with pytest.raises(LoadingError) as raised:
        load_definition(target)
    return raised.value


def test_nothing_is_reported_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(LOADED_FILES, raising=False)
    assert LoadedFiles.wanted() is None
    monkeypatch.setenv(LOADED_FILES, str(tmp_path / "report.json"))
    assert LoadedFiles.wanted() is not None


def test_the_authors_files_are_reported_and_no_others(
    report: LoadedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ModuleType("own_prices")
    own.__file__ = write(tmp_path, "own_prices.py", "")
    monkeypatch.setitem(sys.modules, "own_prices", own)
    report.report()
    names = written(tmp_path)["files"]
    assert isinstance(names, list)
    assert own.__file__ in names
    assert not [name for name in names if "site-packages" in name or name == json.__file__]
    assert not [name for name in names if f"{Path(__file__).parents[3]}/pywatt" in name]
    assert written(tmp_path)["failure"] is None


def test_what_is_imported_later_is_reported_too(
    report: LoadedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.report()
    late = ModuleType("late_prices")
    late.__file__ = write(tmp_path, "late_prices.py", "")
    monkeypatch.setitem(sys.modules, "late_prices", late)
    report.report()
    assert "late_prices.py" in files(tmp_path)


def test_a_file_with_a_syntax_error_is_among_them(report: LoadedFiles, tmp_path: Path) -> None:
    write(tmp_path, "broken_prices.py", "TEXT = 'one\n")
    error = failure_of(write(tmp_path, "shop_one.py", "import broken_prices\n"))
    report.report_failure(error)
    assert files(tmp_path) == {"shop_one.py", "broken_prices.py"}
    failure = written(tmp_path)["failure"]
    assert isinstance(failure, str)
    assert "SyntaxError: unterminated string literal" in failure
    assert "TEXT = 'one" in failure


def test_a_file_whose_import_failed_is_among_them(report: LoadedFiles, tmp_path: Path) -> None:
    write(tmp_path, "empty_prices.py", "TEXT = [][0]\n")
    report.report_failure(failure_of(write(tmp_path, "shop_two.py", "import empty_prices\n")))
    assert files(tmp_path) == {"shop_two.py", "empty_prices.py"}


def test_a_file_that_is_missing_is_among_them(report: LoadedFiles, tmp_path: Path) -> None:
    report.report_failure(failure_of(write(tmp_path, "shop_three.py", "import missing_prices\n")))
    assert {"shop_three.py", "missing_prices.py"} <= files(tmp_path)


def test_a_run_directory_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    LoadedFiles(str(tmp_path / "gone" / "report.json")).report()


def test_a_traceback_shows_the_authors_frames_alone(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "shop_four.py",
        """
        import json

        def read(text):
            return json.loads(text)

        read("{")
        """,
    )
    shown = authors_traceback(failure_of(target))
    assert shown.startswith("Traceback (most recent call last):\n")
    assert shown.count('  File "') == 2
    assert "in read\n    return json.loads(text)" in shown
    assert "json.decoder.JSONDecodeError: " in shown.splitlines()[-1]


def test_an_error_that_is_pywatts_own_has_none() -> None:
    assert authors_traceback(BootstrapError("no port is free")) == ""
