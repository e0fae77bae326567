"""The cases of the core: frames, messages, arrays, identifiers; no socket."""

from __future__ import annotations

from typing import Any, Final

from pywatt.benchmark import floors
from pywatt.benchmark.measures import Measure, measure_step
from pywatt.benchmark.rivals import CODECS, load
from pywatt.benchmark.subjects import ARRAY_FLOOR, JSON_FLOOR, MEMCPY, OURS, RANDOM, SLICES, Subject
from pywatt_fast import (
    CODE_BINARY,
    EncodedMessage,
    Envelope,
    FrameDecoder,
    Message,
    MessageWriter,
    decode_byte_array,
    encode_byte_array,
    encode_frame,
    new_identifier,
)

_CHUNK: Final = 1 << 16
_CHUNKS: Final = 16


def wire_cases(subject: Subject, rivals: list[str]) -> dict[str, Measure]:
    """The cases of a subject by their names.

    Args:
        subject: one that needs no socket.
        rivals: the codecs to measure too.
    """
    if subject.family == "split":
        return _split_cases(subject)
    if subject.family in ("encode", "decode"):
        return _message_cases(subject, rivals)
    if subject.family == "array":
        return _array_cases(subject)
    hundred = [None] * 100
    return {
        OURS: measure_step(lambda: [new_identifier() for _ in hundred], 100),
        RANDOM: measure_step(lambda: [floors.random_text() for _ in hundred], 100),
    }


def _split_cases(subject: Subject) -> dict[str, Measure]:
    frame = encode_frame(CODE_BINARY, bytes(subject.size), subject.size)
    stream = frame * max(1, _CHUNKS * _CHUNK // len(frame))
    chunks = [stream[start : start + _CHUNK] for start in range(0, len(stream), _CHUNK)]
    decoder = FrameDecoder(subject.size)

    def split() -> None:
        for chunk in chunks:
            decoder.feed(chunk)

    # A chunk at a time, as frames come: a megabyte at once would leave the caches that a chunk stays in.
    whole = frame * max(1, _CHUNK // len(frame))
    return {
        OURS: measure_step(split, len(stream)),
        MEMCPY: measure_step(_each([floors.copy_of(chunk) for chunk in chunks]), len(stream)),
        SLICES: measure_step(floors.slices_of(whole, subject.size), len(whole)),
    }


def _each(steps: list[Any]) -> Any:
    def run() -> None:
        for step in steps:
            step()

    return run


def message_content(records: int) -> dict[str, Any]:
    """A content of so many records of about 130 bytes of JSON."""
    return {
        "records": [
            {"key": number, "name": f"record {number}", "price": 12.5, "tags": ["a", "b"], "open": True}
            for number in range(records)
        ],
        "total": records,
    }


def _read(envelope: Envelope) -> tuple[str, object]:
    return envelope.id, envelope.content


def _message_cases(subject: Subject, rivals: list[str]) -> dict[str, Measure]:
    _, write, read = floors.json_functions()
    content = message_content(subject.size)
    message = Message.new(content)
    envelope = {"id": message.id, "content": content, "metadata": {}}
    cases: dict[str, Measure] = {}
    if subject.family == "encode":
        writer = MessageWriter()
        cases[OURS] = measure_step(lambda: writer.frame(content))
        cases[JSON_FLOOR] = measure_step(lambda: write(content))
    else:
        encoded, text = message.encode().data, write(content)
        cases[OURS] = measure_step(lambda: _read(EncodedMessage(encoded).open()))
        cases[JSON_FLOOR] = measure_step(lambda: read(text))
    for name in rivals:
        if name in CODECS:
            adapter = load(name)
            make = adapter.encoder if subject.family == "encode" else adapter.decoder
            cases[name] = measure_step(make(envelope))
    return cases


def _array_cases(subject: Subject) -> dict[str, Measure]:
    _, write, read = floors.json_functions()
    data = bytes(range(256)) * (subject.size // 256)
    numbers = list(data)
    text = write(numbers)
    if subject.name == "array-encode":
        ours = measure_step(lambda: encode_byte_array(data), subject.size)
        floor = measure_step(lambda: write(numbers), subject.size)
    else:
        ours = measure_step(lambda: decode_byte_array(text), subject.size)
        floor = measure_step(lambda: read(text), subject.size)
    return {OURS: ours, ARRAY_FLOOR: floor}
