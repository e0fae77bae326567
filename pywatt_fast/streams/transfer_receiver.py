"""The receiving half of a transfer: chunks in, acknowledgements and content in order out."""

from __future__ import annotations

from typing import Final, final

from ..errors import StreamFormatError, TransferError
from ..variant import COMPILED, expect
from .checksums import has_checksum
from .chunk_binary import decode_chunk
from .chunks import StreamAck, StreamChunk, StreamMetadata, checked_identifier
from .compression import decompress_chunk
from .configuration import StreamConfig
from .fields import MAX_U64, checked_natural
from .reassembly import Reassembly

_SUBJECT: Final = "transfer"
_MISMATCH: Final = "Checksum mismatch"


@final
class TransferReceiver:
    """Puts the chunks of one transfer into order.

    At most one window of content waits for missing chunks, and at most one more for `take`; chunks beyond are
    dropped without acknowledgement, so their sender repeats them. Compressed chunks are taken only when the
    settings enable compression, and never grow beyond one chunk.

    Args:
        stream_id: the UUID of the transfer.
        config: the settings of the sender.
        next_sequence: the chunk to go on from; all before are there already.
        received_size: bytes of content in those.

    Raises:
        StreamFormatError: the id is not a UUID, or a number is negative.
    """

    def __init__(
        self, stream_id: str, config: StreamConfig, next_sequence: int = 0, received_size: int = 0
    ) -> None:
        if not COMPILED:
            expect(stream_id, str, "str")
            expect(config, StreamConfig, "pywatt_fast.streams.configuration.StreamConfig")
            expect(next_sequence, int, "int")
            expect(received_size, int, "int")
        self.stream_id = checked_identifier(stream_id, _SUBJECT)
        self.metadata: StreamMetadata | None = None
        self._config = config
        self._reassembly = Reassembly(
            config.window_size * config.max_chunk_size,
            config.window_size,
            checked_natural(next_sequence, MAX_U64, _SUBJECT, "next_sequence"),
            checked_natural(received_size, MAX_U64, _SUBJECT, "received_size"),
        )
        self._total_chunks = -1  # not known before the first chunk
        self._cancelled = False
        self._counts = {
            "chunks_received": 0,
            "bytes_received": 0,
            "checksum_mismatches": 0,
            "chunks_refused": 0,
            "duplicates": 0,
            "chunks_dropped": 0,
        }

    @property
    def complete(self) -> bool:
        """Whether every chunk has come; judged at every chunk, whichever came last."""
        return self._reassembly.next_sequence == self._total_chunks

    @property
    def cancelled(self) -> bool:
        """Whether the transfer was given up."""
        return self._cancelled

    @property
    def next_sequence(self) -> int:
        """The first chunk that is missing: where a sender has to resume."""
        return self._reassembly.next_sequence

    @property
    def received_size(self) -> int:
        """Bytes of content before that chunk."""
        return self._reassembly.received_size

    def statistics(self) -> dict[str, int]:
        """What happened so far, counted."""
        return dict(self._counts)

    def receive(self, payload: bytes) -> StreamAck | None:
        """Take a chunk in either of its forms; as `receive_chunk`.

        Raises:
            StreamFormatError: the payload is not a chunk.
            TransferError: the chunk contradicts the transfer.
        """
        try:
            chunk = decode_chunk(payload)
        except StreamFormatError:
            self._counts["chunks_refused"] += 1
            raise
        return self.receive_chunk(chunk)

    def receive_chunk(self, chunk: StreamChunk) -> StreamAck | None:
        """Take a chunk.

        Returns:
            What to answer; None for a chunk that was dropped, since there is no room or no transfer any more.

        Raises:
            TransferError: the chunk contradicts the transfer. It is not taken; what came before stays.
            StreamFormatError: it is compressed and cannot be decompressed.
        """
        if not COMPILED:
            expect(chunk, StreamChunk, "pywatt_fast.streams.chunks.StreamChunk")
        self._counts["chunks_received"] += 1
        if self._cancelled:
            self._counts["chunks_dropped"] += 1
            return None
        try:
            return self._take(chunk)
        except (TransferError, StreamFormatError):
            self._counts["chunks_refused"] += 1
            raise

    def take(self) -> list[bytes]:
        """The content that has come in order since the last call, chunk by chunk."""
        return self._reassembly.take()

    def cancel(self) -> None:
        """Give the transfer up: what waits is forgotten, and what still comes is dropped and counted."""
        self._cancelled = True
        self._counts["chunks_dropped"] += self._reassembly.forget()

    def _take(self, chunk: StreamChunk) -> StreamAck | None:
        if chunk.stream_id != self.stream_id:
            raise TransferError("chunk of another transfer")
        sequence = chunk.sequence
        if not has_checksum(chunk.data, chunk.checksum):
            self._counts["checksum_mismatches"] += 1
            return StreamAck(self.stream_id, sequence, False, _MISMATCH)
        self._check_place(chunk)
        if self._reassembly.knows(sequence, chunk.checksum, len(chunk.data)):
            self._counts["duplicates"] += 1
            return StreamAck(self.stream_id, sequence, True)
        content = self._content_of(chunk)
        self._check_size(chunk, content)
        if not self._reassembly.add(sequence, content, chunk.checksum, len(chunk.data)):
            self._counts["chunks_dropped"] += 1
            return None
        self._total_chunks = chunk.total_chunks
        if chunk.stream_metadata is not None and self.metadata is None:
            self.metadata = chunk.stream_metadata
        self._counts["bytes_received"] += len(content)
        return StreamAck(self.stream_id, sequence, True)

    def _check_place(self, chunk: StreamChunk) -> None:
        """Refuse a chunk whose place contradicts itself or the chunks before."""
        sequence, total = chunk.sequence, chunk.total_chunks
        if self._total_chunks >= 0 and total != self._total_chunks:
            raise TransferError(
                f"chunk {sequence}: of {total} chunks, where {self._total_chunks} were announced"
            )
        if sequence >= total:
            raise TransferError(f"chunk {sequence}: there are only {total}")
        if chunk.is_final != (sequence == total - 1):
            raise TransferError(f"chunk {sequence} of {total}: wrongly marked as final or not")

    def _content_of(self, chunk: StreamChunk) -> bytes:
        limit = self._config.max_chunk_size
        if chunk.compressed:
            if not self._config.enable_compression:
                raise TransferError(f"chunk {chunk.sequence}: compressed, which is not enabled")
            return decompress_chunk(chunk.data, limit)
        if len(chunk.data) > limit:
            raise TransferError(f"chunk {chunk.sequence}: larger than {limit} bytes", None, limit)
        return chunk.data

    def _check_size(self, chunk: StreamChunk, content: bytes) -> None:
        """Refuse content that does not add up to the announced size, with the chunk that shows it."""
        metadata = chunk.stream_metadata if self.metadata is None else self.metadata
        if metadata is None:
            return
        size = self._reassembly.total_size + len(content)
        is_last = self._reassembly.total_count + 1 == chunk.total_chunks
        if size > metadata.total_size or (is_last and size != metadata.total_size):
            raise TransferError(
                f"chunk {chunk.sequence}: the content does not have the announced {metadata.total_size} bytes"
            )
