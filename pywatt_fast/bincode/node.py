"""What every part of a schema is: something that writes a value and reads it back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from ..variant import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import BytesWriter

MAX_DEPTH: Final = 128
UNEXPECTED_END: Final = "unexpected end of the data"
# Enough to bound any count, and small enough that count times minimum stays a 64-bit number.
_MAX_MINIMUM: Final = 1 << 24

# What the compiled writer is called with, at the speed of bytearray.
_PlainWriter: Any = (
    None if COMPILED else type("_PlainWriter", (bytearray,), {"__slots__": (), "write": bytearray.extend})
)


def new_writer() -> BytesWriter:
    """An empty buffer with `append` for one byte and `write` for several."""
    if COMPILED:
        return BytesWriter()
    return _PlainWriter()  # type: ignore[no-any-return]


def written(writer: BytesWriter) -> bytes:
    """What stands in the buffer."""
    if COMPILED:
        return writer.getvalue()
    return bytes(writer)  # type: ignore[call-overload, no-any-return]


class Misfit(Exception):
    """A value or bytes that do not fit; each node that it passes on its way out adds a step of the path.

    Args:
        problem: what is wrong.
        offset: where in the data, when reading.
    """

    def __init__(self, problem: str, offset: int = -1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.offset = offset
        self.steps: list[str] = []

    def place(self, root: str) -> str:
        """The path from the root, such as `items[3].price`."""
        self.steps.append(root)
        self.steps.reverse()
        return "".join(self.steps).removeprefix(".")


class Node(ABC):
    """One part of a schema.

    Args:
        minimum: bytes that the shortest value takes.
        depth: levels from here to the deepest leaf, this one included.
        is_key: whether a dict can have such values as keys.
    """

    def __init__(self, minimum: int, depth: int, is_key: bool) -> None:
        self.minimum: i64 = min(minimum, _MAX_MINIMUM)
        self.depth: int = depth
        self.is_key: bool = is_key

    @abstractmethod
    def write(self, writer: BytesWriter, value: object) -> None:
        """Append the value.

        Raises:
            Misfit: the value does not fit.
        """

    @abstractmethod
    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        """The value that begins there, and where it ends.

        Raises:
            Misfit: the bytes do not fit.
        """
