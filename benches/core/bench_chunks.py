"""Chunks of 64 KiB as bincode, their checksum made and tested."""

from __future__ import annotations

import random
import zlib
from types import ModuleType

from core.rivals import naive
from core.samples import IDENTIFIER
from core.side_by_side import SideBySide, Subject
from core.variants import part, subjects_of

DATA = random.Random(65536).randbytes(65536)
CHECKSUM = zlib.crc32(DATA)
PAYLOAD = naive.Chunk(IDENTIFIER, 3, 16, DATA, False, CHECKSUM, False).encode()
HEAD, TAIL = PAYLOAD.split(DATA)


def bench_write(side_by_side: SideBySide) -> None:
    def written(core: ModuleType) -> Subject:
        make = part(core, "streams.chunks.StreamChunk")
        encode = part(core, "streams.chunk_binary.encode_chunk_binary")
        checksum = part(core, "streams.checksums.crc32")
        return Subject(lambda: encode(make(IDENTIFIER, 3, 16, DATA, False, checksum(DATA), False)))

    rivals = {
        "naive": Subject(written_naively),
        "limit: copy and checksum": Subject(copied_and_summed),
    }
    side_by_side("64 KiB to bytes", subjects_of("write", written), rivals, PAYLOAD)


def written_naively() -> bytes:
    return naive.Chunk(IDENTIFIER, 3, 16, DATA, False, zlib.crc32(DATA), False).encode()


def copied_and_summed() -> bytes:
    zlib.crc32(DATA)
    return b"".join((HEAD, DATA, TAIL))


def bench_read(side_by_side: SideBySide) -> None:
    def read(core: ModuleType) -> Subject:
        decode = part(core, "streams.chunk_binary.decode_chunk_binary")

        def intact() -> tuple[str, int, bytes]:
            chunk = decode(PAYLOAD)
            assert chunk.is_intact()
            return chunk.stream_id, chunk.sequence, chunk.data

        return Subject(intact)

    rivals = {
        "naive": Subject(read_naively),
        "limit: copy and checksum": Subject(sliced_and_summed, expected=DATA),
    }
    side_by_side("64 KiB from bytes", subjects_of("read", read), rivals, (IDENTIFIER, 3, DATA))


def read_naively() -> tuple[str, int, bytes]:
    chunk = naive.Chunk.decode(PAYLOAD)
    return chunk.stream_id, chunk.sequence, chunk.data


def sliced_and_summed() -> bytes:
    data = PAYLOAD[len(HEAD) : len(HEAD) + len(DATA)]
    assert zlib.crc32(data) == CHECKSUM
    return data
