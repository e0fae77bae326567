"""Options and fixtures that every test tree shares."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vectors",
        type=Path,
        default=None,
        metavar="DIR",
        help="directory of recorded wire vectors to check instead of tests/wire/vectors",
    )
