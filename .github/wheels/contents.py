"""What a wheel and the source archive hold, and must not hold."""

from __future__ import annotations

import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

PACKAGES = ("pywatt", "pywatt_fast")
BINARIES = (".so", ".pyd")
LICENCES = {"LICENSE-MIT", "LICENSE-APACHE"}
NEEDED_BY_COMPILED = "librt"
EXPECTED_IN_ARCHIVE = [
    "pyproject.toml", "setup.py", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE",
    "pywatt/py.typed", "pywatt_fast/py.typed", "pywatt_fast/variant.py", "tests/conftest.py",
    "tests/wire/vectors", "docs/environment.md", "examples/shop/tour.py",
]  # fmt: skip


def check_wheel(wheel: Path, core: str) -> list[str]:
    """What is wrong with a wheel, one sentence each."""
    with zipfile.ZipFile(wheel) as content:
        names = [name for name in content.namelist() if not name.endswith("/")]
        metadata = Parser().parsestr(read_one(content, "METADATA"))
        tag = Parser().parsestr(read_one(content, "WHEEL"))
    return [
        *wrong_files(names, core),
        *missing_files(names),
        *wrong_core(names, core),
        *wrong_metadata(metadata, tag, core),
    ]


def read_one(content: zipfile.ZipFile, name: str) -> str:
    (found,) = [path for path in content.namelist() if path.endswith(f".dist-info/{name}")]
    return content.read(found).decode()


def wrong_files(names: list[str], core: str) -> list[str]:
    allowed = {".py", ".typed", *(BINARIES if core == "compiled" else ())}
    problems = []
    for name in map(PurePosixPath, names):
        top = name.parts[0]
        if top.endswith(".dist-info"):
            continue
        is_unit = core == "compiled" and top.startswith("pywatt_fast__mypyc.") and name.suffix in BINARIES
        if not is_unit and (top not in PACKAGES or name.suffix not in allowed):
            problems.append(f"{name} does not belong in it")
    return problems


def missing_files(names: list[str]) -> list[str]:
    licences = {PurePosixPath(name).name for name in names if ".dist-info/licenses/" in name}
    typed = {f"{package}/py.typed" for package in PACKAGES}
    return [f"{name} is missing" for name in sorted((LICENCES - licences) | (typed - set(names)))]


def wrong_core(names: list[str], core: str) -> list[str]:
    """Each module of the core but its `__init__`s has an extension beside its text, or none has."""
    modules = {
        name.removesuffix(".py")
        for name in names
        if name.startswith("pywatt_fast/") and name.endswith(".py") and not name.endswith("__init__.py")
    }
    extensions = {
        name.split(".")[0] for name in names if name.startswith("pywatt_fast/") and name.endswith(BINARIES)
    }
    expected = modules if core == "compiled" else set()
    if not modules:
        return ["the text of the core is missing"]
    return [f"{name}: text and extension do not go together" for name in sorted(extensions ^ expected)]


def wrong_metadata(metadata: Message, tag: Message, core: str) -> list[str]:
    requirements = metadata.get_all("Requires-Dist", [])
    asks = any(one.startswith(NEEDED_BY_COMPILED) for one in requirements)
    problems = []
    if asks != (core == "compiled"):
        problems.append(f"it {'asks' if asks else 'does not ask'} for {NEEDED_BY_COMPILED}")
    is_pure = tag["Tag"] == "py3-none-any"
    if is_pure != (core == "interpreted"):
        problems.append(f"its tag is {tag['Tag']}")
    return problems


def check_archive(archive: Path) -> list[str]:
    """What is wrong with the source archive, one sentence each."""
    with tarfile.open(archive) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    missing = [f"{name} is missing" for name in EXPECTED_IN_ARCHIVE if name not in names]
    built = (*BINARIES, ".c", ".h", ".o", ".pyc")
    unwanted = [f"{name} does not belong in it" for name in sorted(names) if name.endswith(built)]
    return missing + unwanted
