"""What the tests of the core share."""

from collections.abc import Callable
from itertools import pairwise

import pytest


@pytest.fixture(scope="session")
def cut() -> Callable[[bytes, list[int]], list[bytes]]:
    """Cuts bytes into chunks at the given places, taken modulo their length."""

    def chunks(data: bytes, places: list[int]) -> list[bytes]:
        bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
        return [data[start:end] for start, end in pairwise(bounds)]

    return chunks
