"""Base64 of 4 KiB, canonical text alone."""

from __future__ import annotations

import base64
import random
from functools import partial

from core.rivals import naive
from core.side_by_side import SideBySide, Subject
from core.variants import part, subjects_of

DATA = random.Random(64).randbytes(4096)
TEXT = base64.b64encode(DATA)


def bench_encode(side_by_side: SideBySide) -> None:
    ours = subjects_of(
        "encode", lambda core: Subject(partial(part(core, "messages.base64_text.encode_base64"), DATA))
    )
    side_by_side("4 KiB to text", ours, {"base64.b64encode": Subject(partial(base64.b64encode, DATA))}, TEXT)


def bench_decode(side_by_side: SideBySide) -> None:
    ours = subjects_of(
        "decode", lambda core: Subject(partial(part(core, "messages.base64_text.decode_base64"), TEXT))
    )
    rivals = {
        "base64.b64decode": Subject(partial(base64.b64decode, TEXT)),
        "naive, as strict": Subject(partial(naive.decode_canonical_base64, TEXT)),
    }
    side_by_side("4 KiB from text", ours, rivals, DATA)
