"""Where the recorded vectors are read from."""

import json
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).parent / "vectors"


def vector_directory(config: pytest.Config) -> Path:
    chosen: Path | None = config.getoption("--vectors")
    return RECORDED if chosen is None else chosen


def read_vectors(config: pytest.Config, name: str) -> Any:
    """The content of one vector file, or None where the chosen directory does not hold it."""
    file = vector_directory(config) / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


@pytest.fixture(scope="session")
def vectors(pytestconfig: pytest.Config) -> Path:
    """The directory that holds the vectors of this run."""
    return vector_directory(pytestconfig)
