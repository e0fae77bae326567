"""The wire core beside naive Python and beside rivals: framing, identifiers, messages, operations.

Every line is a ratio from one run: how many times faster the core is than its rival. Prints the
installed variant, then the interpreted one.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import random
import struct
import subprocess
import sys
import uuid
from typing import Any

import orjson
from _rounds import Subjects, ratio, time_rounds

import pywatt_fast as core

CHUNK = 64 * 1024
MAX_FRAME = 64 * 1024 * 1024
CONTENT_SIZES = {"small": 1, "medium": 24, "large": 900}


def rival(name: str) -> Any:
    """A library to compare with, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def report(subject: str, times: dict[str, list[float]], goals: dict[str, float | None]) -> None:
    ours = min(times["core"])
    for other, goal in goals.items():
        if other in times:
            mark = "" if goal is None else f"   gate {goal:g}"
            figure = ratio(times, "core", other)
            print(f"  {subject:42} / {other:24} {figure:8.2f}{mark:14} ({ours * 1e9:,.0f} ns)")


# --- framing


class NaiveSplitter:
    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        self.buffer += chunk
        frames = []
        while len(self.buffer) >= 5:
            (size,) = struct.unpack(">I", self.buffer[:4])
            if len(self.buffer) < 5 + size:
                break
            frames.append((self.buffer[4], bytes(self.buffer[5 : 5 + size])))
            del self.buffer[: 5 + size]
        return frames


class BestPureSplitter:
    def __init__(self) -> None:
        self.tail = b""

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        data = self.tail + chunk if self.tail else chunk
        frames = []
        append = frames.append
        unpack = struct.Struct(">IB").unpack_from
        position, end = 0, len(data)
        while end - position >= 5:
            size, code = unpack(data, position)
            stop = position + 5 + size
            if stop > end:
                break
            append((code, data[position + 5 : stop]))
            position = stop
        self.tail = data[position:]
        return frames


def feed_all(splitter: Any, chunks: list[bytes]) -> int:
    feed = splitter.feed
    return sum(len(feed(chunk)) for chunk in chunks)


def framing() -> None:
    msgpack = rival("msgpack")
    gates = {
        64: (9, 4, 1.2, 0.8),
        512: (4.5, None, 1.2, 0.8),
        4096: (3, None, 1.2, 0.8),
        65536: (2.5, None, 1.2, 0.8),
    }
    for size, (naive, pure, rival_gate, limit) in gates.items():
        count = max(64, 2_000_000 // size)
        payload = random.Random(size).randbytes(size)
        stream = core.encode_frame(1, payload, MAX_FRAME) * count
        chunks = [stream[start : start + CHUNK] for start in range(0, len(stream), CHUNK)]
        bounds = known_slices(chunks, size)
        subjects: Subjects = {
            "core": lambda c=chunks: feed_all(core.FrameDecoder(MAX_FRAME), c),
            "naive": lambda c=chunks: feed_all(NaiveSplitter(), c),
            "best pure": lambda c=chunks: feed_all(BestPureSplitter(), c),
            "limit: known slices": lambda b=bounds: [[(1, chunk[x:y]) for x, y in cuts] for chunk, cuts in b],
        }
        if msgpack is not None:
            packed = msgpack.packb((1, payload)) * count
            pieces = [packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)]
            subjects["msgpack.Unpacker"] = lambda p=pieces: unpack_all(msgpack, p)
        goals = {
            "naive": naive,
            "best pure": pure,
            "msgpack.Unpacker": rival_gate,
            "limit: known slices": limit,
        }
        report(f"split {size} B frames", time_rounds(subjects), goals)


def known_slices(chunks: list[bytes], size: int) -> list[tuple[bytes, list[tuple[int, int]]]]:
    """As many slices per chunk as it holds frames, without looking at a header."""
    return [
        (chunk, [(at, at + size) for at in range(5, len(chunk) - size + 1, size + 5)] or [(1, len(chunk))])
        for chunk in chunks
    ]


def unpack_all(msgpack: Any, pieces: list[bytes]) -> int:
    unpacker = msgpack.Unpacker(use_list=False)
    count = 0
    for piece in pieces:
        unpacker.feed(piece)
        count += sum(1 for _ in unpacker)
    return count


# --- identifiers


def identifiers() -> None:
    times = time_rounds({"core": core.new_identifier, "str(uuid.uuid4())": lambda: str(uuid.uuid4())})
    report("new identifier", times, {"str(uuid.uuid4())": 20})


# --- messages


@dataclasses.dataclass
class NaiveMessage:
    content: Any
    metadata: dict[str, Any]
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    def encode(self) -> bytes:
        return json.dumps({"id": self.id, "content": self.content, "metadata": self.metadata}).encode()


def content_of(scale: int) -> dict[str, Any]:
    rows = [
        {"sku": f"A{at}", "cents": 1250 + at, "tags": ["new", "blue"], "ratio": 0.25} for at in range(scale)
    ]
    return {"items": rows, "op": "price"}


def orjson_message(content: Any, metadata: dict[str, Any], identifier: str) -> bytes:
    return orjson.dumps({"id": identifier, "content": content, "metadata": metadata})


def messages() -> None:
    metadata = {"source": "catalog", "destination": "ledger", "properties": {"endpoint": "price"}}
    identifier = core.new_identifier()
    for size, scale in CONTENT_SIZES.items():
        content = content_of(scale)
        encode_new(size, content, metadata)
        encode_existing(size, content, metadata, identifier)
        decode(size, orjson_message(content, metadata, identifier))


def encode_new(size: str, content: Any, metadata: dict[str, Any]) -> None:
    """A message with a fresh id: from a metadata object, and from metadata text that the caller keeps."""
    kept = core.MessageMetadata(None, None, "catalog", "ledger", metadata["properties"])
    text = kept.to_json()
    rivals: Subjects = {
        "naive": lambda: NaiveMessage(content, metadata).encode(),
        "pure + orjson": lambda: orjson_message(content, metadata, str(uuid.uuid4())),
    }
    msgspec = rival("msgspec")
    if msgspec is not None:
        encode = msgspec.json.Encoder().encode
        rivals["msgspec + uuid4"] = lambda: encode(
            {"id": uuid.uuid4(), "content": content, "metadata": metadata}
        )
    small = size == "small"
    goals = {"naive": 22, "pure + orjson": 10, "msgspec + uuid4": 8} if small else dict.fromkeys(rivals)
    objects = {"core": lambda: core.Message(content, kept).encode().data}
    report(f"encode new {size} Message", time_rounds(objects | rivals), dict.fromkeys(goals))
    texts = {"core": lambda: core.wrap_operation(core.encode_json(content), text)}
    report(f"encode new {size}, metadata text kept", time_rounds(texts | rivals), goals)


def encode_existing(size: str, content: Any, metadata: dict[str, Any], identifier: str) -> None:
    message = core.Message(
        content, core.MessageMetadata(None, None, "catalog", "ledger", metadata["properties"]), identifier
    )
    subjects: Subjects = {
        "core": lambda: message.encode().data,
        "pure + orjson": lambda: orjson_message(content, metadata, identifier),
        "orjson.dumps(content)": lambda: orjson.dumps(content),
        "orjson sorted": lambda: orjson.dumps(content, option=orjson.OPT_SORT_KEYS),
    }
    goal = 0.8 if size == "large" else None
    report(
        f"encode existing {size} message",
        time_rounds(subjects),
        {"pure + orjson": None, "orjson.dumps(content)": goal, "orjson sorted": None},
    )


def pure_decode(data: bytes) -> tuple[Any, ...]:
    value = orjson.loads(data)
    uuid.UUID(value["id"])
    metadata = value["metadata"]
    return value["id"], value["content"], metadata.get("source"), metadata.get("destination")


def decode(size: str, data: bytes) -> None:
    encoded = core.EncodedMessage(data)
    subjects: Subjects = {
        "core": encoded.decode_full,
        "pure + orjson": lambda: pure_decode(data),
        "orjson.loads": lambda: orjson.loads(data),
        "json": lambda: json.loads(data),
    }
    goals: dict[str, float | None] = {"pure + orjson": 1.5, "orjson.loads": None, "json": None}
    if size != "small":
        goals = {"orjson.loads": 0.85, "json": None}
    report(f"decode {size} message", time_rounds(subjects), goals)
    if hasattr(encoded, "peek_metadata"):
        subjects = {
            "core": lambda: encoded.peek_metadata().destination,
            "orjson.loads": lambda: orjson.loads(data),
        }
        goal = {"small": 2.5, "medium": 24, "large": 350}[size]
        report(f"route {size} message by its metadata", time_rounds(subjects), {"orjson.loads": goal})


# --- operations


def operations() -> None:
    headers = {"content-type": "application/json", "x-request-id": "8c1d", "content-length": "64"}
    for size in (0, 64, 4096, 262_144):
        body = random.Random(size).randbytes(size)
        response = core.HttpResponse("r-1", 200, headers, body)
        fields = {"op": "http_response", "request_id": "r-1", "status_code": 200, "headers": headers}
        text = core.write_operation(response, False)
        wrapped = core.write_operation(response, True)
        write: Subjects = {
            "core": lambda r=response: core.write_operation_frame(r, True, MAX_FRAME),
            "orjson of a list": lambda b=body, f=fields: orjson.dumps(
                {"id": str(uuid.uuid4()), "content": {**f, "body": list(b)}, "metadata": {}}
            ),
            "json of a list": lambda b=body, f=fields: json.dumps(
                {"id": str(uuid.uuid4()), "content": {**f, "body": list(b)}, "metadata": {}}
            ).encode(),
        }
        goals: dict[str, float | None] = {"orjson of a list": None, "json of a list": None}
        report(f"write a response of {size} B", time_rounds(write), goals)
        read: Subjects = {
            "core": lambda w=wrapped: core.read_operation(w),
            "orjson and bytes": lambda w=wrapped: bytes(orjson.loads(w)["content"]["body"]),
            "json and bytes": lambda w=wrapped: bytes(json.loads(w)["content"]["body"]),
        }
        report(
            f"read a response of {size} B",
            time_rounds(read),
            {"orjson and bytes": None, "json and bytes": None},
        )
        assert core.read_operation(text) == core.read_operation(wrapped) == response
    routed()


def routed() -> None:
    payload = core.Message(
        content_of(4), core.MessageMetadata(None, None, "a", "b", {"endpoint": "price"})
    ).encode()
    call = core.RouteToModule("b", "price", core.new_identifier(), payload)
    text = core.write_operation(call, True)
    read: Subjects = {
        "core": lambda: core.read_operation(text),
        "orjson and bytes": lambda: bytes(orjson.loads(text)["content"]["payload"]["data"]),
    }
    report("read route_to_module", time_rounds(read), {"orjson and bytes": None})


def main() -> None:
    variant = "compiled" if core.COMPILED else "interpreted"
    print(
        f"{variant} core, CPython {sys.version.split()[0]}; times faster than, median of interleaved rounds"
    )
    framing()
    identifiers()
    messages()
    operations()
    if core.COMPILED and "--once" not in sys.argv:
        sys.stdout.flush()
        subprocess.run(
            [sys.executable, __file__, "--once"], env={**os.environ, "PYWATT_PURE": "1"}, check=True
        )


if __name__ == "__main__":
    main()
