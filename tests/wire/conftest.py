"""Runs a test once per recorded case.

A test that takes `NAME_case` runs for every case of `NAME.json` in the directory of vectors. Where the file
holds one list per direction, each case also has its direction under "side", and a test that takes
`NAME_of_SIDE_case` runs for the cases of that direction only.
"""

import json
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).parent / "vectors"
DIFFERENCES = Path(__file__).parent / "differences.json"
CASE = "_case"
OURS = "_ours"
OF_SIDE = "_of_"


def vector_directory(config: pytest.Config) -> Path:
    chosen: Path | None = config.getoption("--vectors")
    return RECORDED if chosen is None else chosen


def read_vectors(config: pytest.Config, name: str) -> Any:
    """The content of one vector file, or None where the chosen directory does not hold it."""
    # What nobody but us writes is recorded nowhere else.
    folder = RECORDED if OURS in name else vector_directory(config)
    file = folder / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def cases_of(content: Any) -> list[dict[str, Any]]:
    if content is None:
        return []
    if isinstance(content, list):
        return content
    return [case | {"side": side} for side, cases in content.items() for case in cases]


def label(case: dict[str, Any]) -> str:
    return ascii(case.get("name", case.get("text", "")))[1:61]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in metafunc.fixturenames:
        if name.endswith(CASE):
            file, _, side = name.removesuffix(CASE).partition(OF_SIDE)
            cases = [
                case
                for case in cases_of(read_vectors(metafunc.config, file))
                if side in ("", case.get("side"))
            ]
            metafunc.parametrize(name, cases, ids=[f"{at}-{label(case)}" for at, case in enumerate(cases)])


@pytest.fixture(scope="session")
def vectors(pytestconfig: pytest.Config) -> Path:
    """The directory that holds the vectors of this run."""
    return vector_directory(pytestconfig)


@pytest.fixture(scope="session")
def differences() -> dict[str, Any]:
    """What we answer otherwise than the reference crate, on purpose."""
    content: dict[str, Any] = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    return content
