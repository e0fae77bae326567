"""64 KiB as the wire writes bytes in JSON: an array of integers."""

from __future__ import annotations

import random
from functools import partial

from core.rivals import naive, pure
from core.side_by_side import SideBySide, Subject
from core.variants import subjects_of

DATA = random.Random(65536).randbytes(65536)
TEXT = naive.encode_byte_array(DATA)


def bench_write(side_by_side: SideBySide) -> None:
    rivals = {
        "naive": Subject(partial(naive.encode_byte_array, DATA)),
        "orjson.dumps(list(...))": Subject(partial(pure.encode_byte_array, DATA)),
    }
    ours = subjects_of("write", lambda core: Subject(partial(core.encode_byte_array, DATA)))
    side_by_side("64 KiB to text", ours, rivals, TEXT)


def bench_read(side_by_side: SideBySide) -> None:
    rivals = {
        "naive": Subject(partial(naive.decode_byte_array, TEXT)),
        "bytes(orjson.loads(...))": Subject(partial(pure.decode_byte_array, TEXT)),
    }
    ours = subjects_of("read", lambda core: Subject(partial(core.decode_byte_array, TEXT)))
    side_by_side("64 KiB from text", ours, rivals, DATA)
