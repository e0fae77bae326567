"""The check of a wheel's contents finds what it is there to find."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
INFO = "pywatt-0.1.0.dist-info"
TEXT = [
    "pywatt/__init__.py", "pywatt/py.typed", "pywatt_fast/__init__.py", "pywatt_fast/py.typed",
    "pywatt_fast/variant.py", "pywatt_fast/framing/__init__.py", "pywatt_fast/framing/lines.py",
    f"{INFO}/licenses/LICENSE-MIT", f"{INFO}/licenses/LICENSE-APACHE",
]  # fmt: skip
SUFFIX = ".cpython-311-x86_64-linux-gnu.so"
BINARIES = [
    f"pywatt_fast__mypyc{SUFFIX}",
    f"pywatt_fast/variant{SUFFIX}",
    f"pywatt_fast/framing/lines{SUFFIX}",
]
TAGS = {"compiled": "cp311-cp311-manylinux_2_17_x86_64", "interpreted": "py3-none-any"}
LIBRT = {"compiled": "Requires-Dist: librt>=0.16\n", "interpreted": ""}


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / ".github" / "wheels"))
    return importlib.import_module("contents")


def wheel(folder: Path, names: list[str], tag: str, requirement: str) -> Path:
    path = folder / f"pywatt-0.1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as content:
        for name in names:
            content.writestr(name, "")
        content.writestr(f"{INFO}/METADATA", f"Name: pywatt\nRequires-Dist: attrs>=23.2\n{requirement}")
        content.writestr(f"{INFO}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
    return path


def names_for(variant: str) -> list[str]:
    return TEXT + (BINARIES if variant == "compiled" else [])


@pytest.mark.parametrize("variant", TAGS)
def test_a_sound_wheel_is_accepted(contents: ModuleType, tmp_path: Path, variant: str) -> None:
    assert (
        contents.check_wheel(wheel(tmp_path, names_for(variant), TAGS[variant], LIBRT[variant]), variant)
        == []
    )


@pytest.mark.parametrize(
    "name",
    [
        "tests/conftest.py",
        "pywatt_fast/framing/lines.c",
        "build/__native_pywatt_fast.c",
        "pywatt/__pycache__/a.pyc",
        ".env",
    ],
)
@pytest.mark.parametrize("variant", TAGS)
def test_junk_is_named(contents: ModuleType, tmp_path: Path, variant: str, name: str) -> None:
    path = wheel(tmp_path, [*names_for(variant), name], TAGS[variant], LIBRT[variant])
    assert contents.check_wheel(path, variant) == [f"{name} does not belong in it"]


@pytest.mark.parametrize("name", [TEXT[1], TEXT[3], TEXT[-1], TEXT[-2]])
def test_types_and_licences_may_not_be_missing(contents: ModuleType, tmp_path: Path, name: str) -> None:
    path = wheel(tmp_path, [one for one in TEXT if one != name], TAGS["interpreted"], "")
    (problem,) = contents.check_wheel(path, "interpreted")
    assert problem.endswith("is missing")


@pytest.mark.parametrize("name", ["pywatt_fast/framing/lines.py", BINARIES[-1]])
def test_text_and_extension_go_together(contents: ModuleType, tmp_path: Path, name: str) -> None:
    names = [one for one in names_for("compiled") if one != name]
    (problem,) = contents.check_wheel(wheel(tmp_path, names, TAGS["compiled"], LIBRT["compiled"]), "compiled")
    assert "pywatt_fast/framing/lines" in problem


def test_the_compiled_core_asks_for_librt_and_the_interpreted_one_does_not(
    contents: ModuleType, tmp_path: Path
) -> None:
    compiled = wheel(tmp_path, names_for("compiled"), TAGS["compiled"], LIBRT["interpreted"])
    interpreted = wheel(tmp_path, names_for("interpreted"), TAGS["interpreted"], LIBRT["compiled"])
    assert contents.check_wheel(compiled, "compiled") == ["it does not ask for librt"]
    assert contents.check_wheel(interpreted, "interpreted") == ["it asks for librt"]


@pytest.mark.parametrize(("variant", "other"), [("compiled", "interpreted"), ("interpreted", "compiled")])
def test_a_tag_that_promises_something_else_is_named(
    contents: ModuleType, tmp_path: Path, variant: str, other: str
) -> None:
    path = wheel(tmp_path, names_for(variant), TAGS[other], LIBRT[variant])
    assert contents.check_wheel(path, variant) == [f"its tag is {TAGS[other]}"]
