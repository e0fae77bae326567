"""Finding the module that a file, a package or an application names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pywatt.module.loading import LoadingError, load_definition

ONE = """
from pywatt import pywatt_module

@pywatt_module(health="/{health}")
def {name}(state): ...
"""


@pytest.fixture(autouse=True)
def own_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_file_comes_with_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path / "app" / "neighbour_of_it.py", "NAME = 'found'\n")
    write(
        tmp_path / "app" / "front_module.py",
        "from neighbour_of_it import NAME\n" + ONE.format(health="a", name="go"),
    )
    assert load_definition("app/front_module.py").options.health_path == "/a"
    assert sys.modules["front_module"].NAME == "found"


def test_a_file_may_have_the_name_of_a_library(tmp_path: Path) -> None:
    write(tmp_path / "json.py", ONE.format(health="j", name="main"))
    assert load_definition("json.py").options.health_path == "/j"
    assert hasattr(sys.modules["json"], "dumps")


def test_a_package_is_named_with_dots(tmp_path: Path) -> None:
    write(tmp_path / "shop_package" / "__init__.py", "")
    write(tmp_path / "shop_package" / "web.py", ONE.format(health="p", name="main"))
    assert load_definition("shop_package.web").options.health_path == "/p"


def test_an_application_becomes_a_module(tmp_path: Path) -> None:
    write(tmp_path / "plain_web.py", "class Site:\n    app = 'the application'\nsite = Site()\n")
    assert load_definition(app="plain_web:site.app").function(None) == "the application"  # type: ignore[arg-type]


def test_a_definition_can_be_named_as_an_application(tmp_path: Path) -> None:
    write(
        tmp_path / "two_of_them.py", ONE.format(health="a", name="one") + ONE.format(health="b", name="two")
    )
    assert load_definition(app="two_of_them:two").options.health_path == "/b"


def test_main_wins_and_imported_definitions_do_not_count(tmp_path: Path) -> None:
    write(tmp_path / "library_one.py", ONE.format(health="l", name="helper"))
    write(tmp_path / "own_one.py", "from library_one import helper\n" + ONE.format(health="o", name="mine"))
    assert load_definition("own_one.py").options.health_path == "/o"
    write(tmp_path / "many.py", ONE.format(health="a", name="other") + ONE.format(health="m", name="main"))
    assert load_definition("many.py").options.health_path == "/m"


def test_two_names_for_one_definition_are_one(tmp_path: Path) -> None:
    write(tmp_path / "aliased.py", ONE.format(health="a", name="start") + "alias = start\n")
    assert load_definition("aliased.py").options.health_path == "/a"


@pytest.mark.parametrize(
    ("files", "target", "parts"),
    [
        ({}, "absent.py", ["there is no file absent.py", "seen from"]),
        ({}, "no_such_package.web", ["there is no module 'no_such_package.web'", ".py"]),
        ({"empty.py": ""}, "empty.py", ["no function with @pywatt_module", "--app"]),
        (
            {"two.py": ONE.format(health="a", name="one") + ONE.format(health="b", name="two")},
            "two.py",
            ["several functions", "one, two", "`main`"],
        ),
        ({"wrong.py": "def f(:\n"}, "wrong.py", ["cannot load wrong.py", "SyntaxError", "line 1"]),
        ({"raises.py": "\n\nraise RuntimeError('boom')\n"}, "raises.py", ["RuntimeError: boom", "line 3"]),
        (
            {"needs.py": "import no_such_thing\n"},
            "needs.py",
            ["No module named 'no_such_thing'", "is it installed for", "line 1"],
        ),
        (
            {"needs_more.py": "import no_such_thing\n"},
            "needs_more",
            ["cannot import needs_more", "no_such_thing"],
        ),
    ],
)
def test_what_cannot_be_loaded_says_what_where_and_what_to_do(
    tmp_path: Path, files: dict[str, str], target: str, parts: list[str]
) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    with pytest.raises(LoadingError) as caught:
        load_definition(target)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("app", "text"),
    [
        ("no_colon", "write package.module:attribute"),
        (":app", "write package.module:attribute"),
        ("the_site:absent", "the_site has no 'absent'"),
        ("the_site:site.absent", "looked for 'absent'"),
    ],
)
def test_an_application_that_is_not_there(tmp_path: Path, app: str, text: str) -> None:
    write(tmp_path / "the_site.py", "site = object()\n")
    with pytest.raises(LoadingError, match=text):
        load_definition(app=app)


def test_nothing_to_load() -> None:
    with pytest.raises(LoadingError, match="nothing to load"):
        load_definition()
