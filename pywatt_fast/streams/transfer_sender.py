"""The sending half of a transfer: chunks out, acknowledgements and the time in."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

from ..errors import StreamFormatError, TransferError, TransferFailed
from ..variant import COMPILED, expect, expect_optional, expect_seconds
from .checksums import additive_sum, crc32
from .chunks import METADATA, StreamAck, StreamChunk, StreamMetadata, checked_identifier
from .compression import compress_chunk
from .configuration import StreamConfig
from .credit import SendCredit

if TYPE_CHECKING:
    from mypy_extensions import i64

_SUBJECT: Final = "transfer"


@final
class TransferSender:
    """Sends one content as numbered chunks until each of them is acknowledged.

    Toward our own peers the window is credit in bytes, counted from the first chunk that is not
    acknowledged, so a receiver with the same settings always has room. The reference counts the chunks on
    their way instead.

    Args:
        stream_id: the UUID of the transfer.
        content: all of it.
        config: how to cut, pace and repeat.
        metadata: what it is about; its `total_size` is the length of the content.
        binary: chunks for the bincode form (CRC-32, compression as configured) instead of JSON (sum).
        count_chunks: use the reference's window.

    Raises:
        StreamFormatError: the id is not a UUID, or the metadata give another size.
        WindowTooSmall: the window holds less than two chunks.
    """

    def __init__(
        self,
        stream_id: str,
        content: bytes,
        config: StreamConfig,
        metadata: StreamMetadata | None = None,
        binary: bool = False,
        count_chunks: bool = False,
    ) -> None:
        if not COMPILED:
            expect(stream_id, str, "str")
            expect(content, bytes, "bytes")
            expect(config, StreamConfig, "pywatt_fast.streams.configuration.StreamConfig")
            expect_optional(metadata, StreamMetadata, "pywatt_fast.streams.chunks.StreamMetadata")
            expect(binary, bool, "bool")
            expect(count_chunks, bool, "bool")
        size = len(content)
        chunk = config.max_chunk_size
        if metadata is not None and metadata.total_size != size:
            raise StreamFormatError(f"{METADATA}: field `total_size`: expected {size}")
        self.stream_id = checked_identifier(stream_id, _SUBJECT)
        self.total_chunks = (size + chunk - 1) // chunk
        self._content = content
        self._config = config
        self._metadata = StreamMetadata(size) if metadata is None else metadata
        self._binary = binary
        self._credit = None if count_chunks else SendCredit(config.window_size * chunk, chunk)
        self._base = 0  # every chunk below is acknowledged
        self._next = 0  # no chunk from here on was sent
        self._highest = 0  # what `_next` has ever been: later acknowledgements are invented
        self._acknowledged: set[int] = set()  # those above the base
        self._outstanding: dict[int, float] = {}  # when each was sent, in that order
        self._lost: deque[int] = deque()
        self._retries: dict[int, int] = {}
        self._failure: TransferFailed | None = None
        self._cancelled = False
        self._counts = {
            "chunks_sent": 0,
            "bytes_sent": 0,
            "chunks_retransmitted": 0,
            "negative_acks": 0,
            "timeouts": 0,
            "acks_ignored": 0,
        }

    @property
    def complete(self) -> bool:
        """Whether every chunk is acknowledged; empty content is complete at once and sends nothing."""
        return self._base == self.total_chunks

    @property
    def cancelled(self) -> bool:
        """Whether the transfer was given up."""
        return self._cancelled

    def statistics(self) -> dict[str, int]:
        """What happened so far, counted."""
        return dict(self._counts)

    def next_timeout(self) -> float | None:
        """When `next_chunks` has to be called again at the latest; None when nothing is on its way."""
        if self._failure is not None or self._cancelled:
            return None
        for sent in self._outstanding.values():
            return sent + self._config.ack_timeout
        return None

    def next_chunks(self, now: float) -> list[StreamChunk]:
        """The chunks to send now: first those that were lost, then new ones as the window allows.

        Args:
            now: seconds on a clock that never goes back.

        Raises:
            TransferFailed: a chunk timed out more often than allowed; every later call raises it again.
        """
        if not COMPILED:
            expect_seconds(now)
        chunks: list[StreamChunk] = []
        if self._cancelled:
            return chunks
        self._expire(now)
        while self._lost and self._has_slot():
            sequence = self._lost.popleft()
            self._counts["chunks_retransmitted"] += 1
            chunks.append(self._send(sequence, now))
        while self._next < self.total_chunks and self._may_send_new():
            sequence = self._next
            self._next += 1
            if self._next > self._highest:
                self._highest = self._next
            if self._credit is not None:
                self._credit.draw(self._size_of(sequence))
            chunks.append(self._send(sequence, now))
        return chunks

    def receive_ack(self, ack: StreamAck) -> None:
        """Note an acknowledgement; a negative one puts its chunk first in the queue.

        Raises:
            TransferError: it is for another transfer, or for a chunk that was never sent.
            TransferFailed: the chunk failed more often than allowed; every later call raises it again.
        """
        if not COMPILED:
            expect(ack, StreamAck, "pywatt_fast.streams.chunks.StreamAck")
        if self._failure is not None:
            raise self._failure
        sequence = ack.sequence
        if ack.stream_id != self.stream_id:
            raise TransferError("acknowledgement of another transfer")
        if sequence >= self._highest:
            raise TransferError(f"acknowledgement of chunk {sequence}, which was not sent")
        if (
            self._cancelled
            or sequence < self._base
            or sequence >= self._next
            or sequence in self._acknowledged
        ):
            self._counts["acks_ignored"] += 1
        elif ack.success:
            self._accept(sequence)
        elif sequence in self._outstanding:
            self._counts["negative_acks"] += 1
            self._lose(sequence)
        else:
            self._counts["acks_ignored"] += 1

    def resume(self, sequence: int) -> None:
        """Go on from a chunk that the receiver asks for, forward or back; all before count as received.

        Raises:
            TransferError: there is no such chunk.
            TransferFailed: the transfer has failed before.
        """
        if not COMPILED:
            expect(sequence, int, "int")
        if self._failure is not None:
            raise self._failure
        if not 0 <= sequence <= self.total_chunks:
            raise TransferError(f"cannot resume from chunk {sequence} of {self.total_chunks}")
        self._base = self._next = sequence
        if sequence > self._highest:
            self._highest = sequence
        self._acknowledged.clear()
        self._outstanding.clear()
        self._lost.clear()
        self._retries.clear()
        if self._credit is not None:
            chunk = self._config.max_chunk_size
            self._credit = SendCredit(self._config.window_size * chunk, chunk)

    def resume_at(self, offset: int) -> None:
        """As `resume`, from a byte of the content.

        Raises:
            TransferError: no chunk begins there.
        """
        if not COMPILED:
            expect(offset, int, "int")
        chunk = self._config.max_chunk_size
        if offset == len(self._content):
            self.resume(self.total_chunks)
        elif offset % chunk:
            raise TransferError(f"cannot resume from byte {offset}: chunks have {chunk} bytes")
        else:
            self.resume(offset // chunk)

    def cancel(self) -> None:
        """Give the transfer up: nothing is sent any more, and what still comes is ignored and counted."""
        self._cancelled = True
        self._outstanding.clear()
        self._lost.clear()

    def _has_slot(self) -> bool:
        """Whether the reference's window has room; repeated chunks need no new credit in bytes."""
        return self._credit is not None or len(self._outstanding) < self._config.window_size

    def _may_send_new(self) -> bool:
        credit = self._credit
        return self._has_slot() if credit is None else credit.room() >= self._size_of(self._next)

    def _size_of(self, sequence: int) -> i64:
        chunk = self._config.max_chunk_size
        rest = len(self._content) - sequence * chunk
        return min(rest, chunk)

    def _send(self, sequence: int, now: float) -> StreamChunk:
        self._outstanding[sequence] = now
        start = sequence * self._config.max_chunk_size
        data = self._content[start : start + self._config.max_chunk_size]
        compressed = False
        if self._binary and self._config.enable_compression:
            data, compressed = compress_chunk(data, self._config.compression_threshold)
        self._counts["chunks_sent"] += 1
        self._counts["bytes_sent"] += len(data)
        return StreamChunk(
            self.stream_id,
            sequence,
            self.total_chunks,
            data,
            compressed,
            crc32(data) if self._binary else additive_sum(data),
            sequence == self.total_chunks - 1,
            self._metadata if sequence == 0 else None,
        )

    def _accept(self, sequence: int) -> None:
        if sequence in self._outstanding:
            del self._outstanding[sequence]
        else:
            self._lost.remove(sequence)  # its first copy was only late
        self._retries.pop(sequence, None)
        self._acknowledged.add(sequence)
        while self._base in self._acknowledged:
            self._acknowledged.remove(self._base)
            if self._credit is not None:
                self._credit.refill(self._size_of(self._base))
            self._base += 1

    def _expire(self, now: float) -> None:
        if self._failure is not None:
            raise self._failure
        late: list[int] = []
        for sequence, sent in self._outstanding.items():
            if now < sent + self._config.ack_timeout:
                break
            late.append(sequence)
        for sequence in late:
            self._counts["timeouts"] += 1
            self._lose(sequence)

    def _lose(self, sequence: int) -> None:
        del self._outstanding[sequence]
        retries = self._retries.get(sequence, 0)
        if retries >= self._config.max_retries:
            self._failure = TransferFailed(sequence, self._config.max_retries)
            raise self._failure
        self._retries[sequence] = retries + 1
        self._lost.append(sequence)
