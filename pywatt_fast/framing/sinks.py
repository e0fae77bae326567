"""What frames are handed to inside the core: a compiled subclass receives them without a call into Python.

A sink does not raise: in the middle of a chunk the decoder could not go on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from mypy_extensions import i64


class FrameSink(ABC):
    """Receives whole frames from a `FrameDecoder`."""

    @abstractmethod
    def receive(self, code: i64, payload: bytes) -> None:
        """One frame: its format code and its payload."""


class SpanSink(ABC):
    """Receives payloads from a `SpanDecoder` as parts of the chunks that they came in, uncopied."""

    @abstractmethod
    def receive(self, code: i64, chunk: bytes, start: i64, end: i64, missing: i64) -> None:
        """A part of a payload.

        Args:
            code: the frame's format code.
            chunk: what was fed.
            start: where in it the part begins.
            end: where it ends.
            missing: payload bytes of the same frame that are still to come; 0 in its last part.
        """


@final
class SpanList(SpanSink):
    """Keeps spans until they are taken: the way out of the core for those who want payloads uncopied."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, bytes, int, int, int]] = []

    def receive(self, code: i64, chunk: bytes, start: i64, end: i64, missing: i64) -> None:
        """Keep one span."""
        self._spans.append((code, chunk, start, end, missing))

    def take(self) -> list[tuple[int, bytes, int, int, int]]:
        """The spans since the last call, in order, as (code, chunk, start, end, missing)."""
        spans = self._spans
        self._spans = []
        return spans
