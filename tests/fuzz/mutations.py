"""Inputs made from other inputs: hostile, seeded, and quick enough not to be the bottleneck."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from random import Random

from fuzz_target import Target

MAX_SIZE = 4096
# What a value of JSON may be replaced by: every type, at its edges.
STRANGERS = (
    b"null", b"true", b"false", b"0", b"5", b"-1", b"-0", b"256", b"65536", b"65535",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809",
    b"18446744073709551615", b"18446744073709551616", b"1.5", b"1e30", b"1e400", b"9" * 60, b'""', b'"x"',
    b'"\\u0061"', b'"\\ud800"', b'"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"', b"[]", b"[1]", b"[[1]]",
    b"[256]", b"[1.0]", b"[true]", b"{}", b'{"a":"b"}', b'{"a":1,"a":2}', b'"Qz7canary"', b'["Qz7canary"]',
    b"NaN", b'"Json"', b'"Binary"', b'"heartbeat"', b'"http_request"', b'{"data":[1],"format":"Json"}',
    b'{"id":"x"}', b'"\xff"',
)  # fmt: skip
_LENGTHS = (0, 1, 2, 3, 4, 5, 127, 128, 255, 256, 65535, 65536, 70_000, 2**31 - 1, 2**31, 2**32 - 1)
_LONG_LENGTHS = (*_LENGTHS, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_SPACES = (b" ", b"\n", b"\t", b"\r", b"  \r\n\t", b"\x0b", b"\xc2\xa0")
_DEPTHS = (1, 2, 3, 10, 60, 127, 128, 253, 254, 255, 256, 500)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_DIGITS = re.compile(rb"[0-9]+")


class Structure:
    """Where the values and members of a JSON text stand; of a broken text, as many as can be told."""

    def __init__(self, text: bytes) -> None:
        self.values: list[tuple[int, int]] = []
        self.members: list[tuple[int, int]] = []
        self.strings: list[tuple[int, int]] = []
        self.spots = [found.span() for found in _TOKEN.finditer(text)]
        tokens = [text[start:end] for start, end in self.spots]
        opened: list[int] = []
        key_of: dict[int, int] = {}
        for at, token in enumerate(tokens):
            start, end = self.spots[at]
            if token in (b"{", b"["):
                opened.append(at)
                continue
            if token in (b"}", b"]"):
                if not opened:
                    continue
                at = opened.pop()
                start = self.spots[at][0]
            elif token in (b",", b":"):
                continue
            elif token[:1] == b'"':
                self.strings.append((start, end))
                if at + 1 < len(tokens) and tokens[at + 1] == b":":
                    key_of[at + 2] = start
                    continue
            self.values.append((start, end))
            if at in key_of:
                self.members.append((key_of[at], end))


@lru_cache(maxsize=4096)
def structure_of(text: bytes) -> Structure:
    return Structure(text)


class Mutator:
    """Makes inputs for a target, the same ones again from the same seed.

    Args:
        target: whose seeds and tokens are used.
        corpus: further inputs to begin with.
        seed: what the inputs depend on.
    """

    def __init__(self, target: Target, corpus: list[bytes], seed: int) -> None:
        self.random = Random(seed)
        self.pool = [*target.seeds, *corpus] or [b""]
        self.kept = len(self.pool)
        self.tokens = target.tokens or (b"\0", b"\xff")
        self.json = target.json
        self.rough: list[Callable[[bytes], bytes]] = [
            self.flip, self.set_byte, self.insert, self.insert, self.overwrite, self.delete, self.repeat,
            self.truncate, self.splice, self.length, self.number, self.shuffle,
        ]  # fmt: skip
        self.fine: list[Callable[[bytes], bytes]] = [
            self.retype, self.retype, self.exchange, self.duplicate, self.duplicate_other, self.drop,
            self.space, self.escape, self.nest, self.rename,
        ]  # fmt: skip

    def keep(self, data: bytes) -> None:
        """Begin with this input too from now on; the oldest of the kept ones goes when there are many."""
        if len(data) > MAX_SIZE:
            return
        if len(self.pool) < self.kept + 400:
            self.pool.append(data)
        else:
            self.pool[self.kept + int(self.random.random() * 400)] = data

    def next(self) -> bytes:
        """One input, made from any of the pool."""
        return self.mutated(self.pool[int(self.random.random() * len(self.pool))])

    def mutated(self, data: bytes) -> bytes:
        """One input, made from the given one."""
        chance = self.random.random
        steps = 1 + int(chance() * chance() * 4)
        if self.json and chance() < 0.6:
            data = self.fine[int(chance() * len(self.fine))](data)
            if chance() < 0.6:
                return data
        for _ in range(steps):
            data = self.rough[int(chance() * len(self.rough))](data)
        return data[:MAX_SIZE]

    def below(self, bound: int) -> int:
        return int(self.random.random() * bound)

    def token(self) -> bytes:
        return self.tokens[self.below(len(self.tokens))]

    # --- of any bytes

    def flip(self, data: bytes) -> bytes:
        if not data:
            return data
        at = self.below(len(data))
        return data[:at] + bytes((data[at] ^ (1 << self.below(8)),)) + data[at + 1 :]

    def set_byte(self, data: bytes) -> bytes:
        at = self.below(len(data) + 1)
        return data[:at] + bytes((self.below(256),)) + data[at + 1 :]

    def insert(self, data: bytes) -> bytes:
        at = self.below(len(data) + 1)
        return data[:at] + self.token() + data[at:]

    def overwrite(self, data: bytes) -> bytes:
        at = self.below(len(data) + 1)
        token = self.token()
        return data[:at] + token + data[at + (len(token) if self.below(2) else self.below(12)) :]

    def delete(self, data: bytes) -> bytes:
        at = self.below(len(data) + 1)
        return data[:at] + data[at + 1 + self.below(16) :]

    def repeat(self, data: bytes) -> bytes:
        at = self.below(len(data) + 1)
        part = data[at : at + 1 + self.below(24)]
        return data[:at] + part * (1 + self.below(1 + self.below(12))) + data[at:]

    def truncate(self, data: bytes) -> bytes:
        return data[: self.below(len(data) + 1)]

    def splice(self, data: bytes) -> bytes:
        other = self.pool[self.below(len(self.pool))]
        return data[: self.below(len(data) + 1)] + other[self.below(len(other) + 1) :]

    def shuffle(self, data: bytes) -> bytes:
        first, second, third = sorted(self.below(len(data) + 1) for _ in range(3))
        return data[:first] + data[second:third] + data[first:second] + data[third:]

    def length(self, data: bytes) -> bytes:
        """A number of a length's usual forms over what stands somewhere: fixed width or a varint."""
        at = self.below(len(data) + 1)
        form = self.below(6)
        if form < 3:
            value = _LENGTHS[self.below(len(_LENGTHS))]
            if form == 2:
                value = len(data) - at + self.below(5) - 2
            written = (value & 0xFFFFFFFF).to_bytes(4, "little" if form == 1 else "big")
        elif form < 5:
            value = _LONG_LENGTHS[self.below(len(_LONG_LENGTHS))]
            written = value.to_bytes(8, "little" if form == 3 else "big")
        else:
            # bincode's marks before 16, 32, 64 and 128 bits, and MessagePack's before lengths.
            mark = (0xFB, 0xFC, 0xFD, 0xFE, 0xDB, 0xDD, 0xDF, 0xC6)[self.below(8)]
            written = bytes((mark,)) + self.random.randbytes(self.below(9))
        return data[:at] + written + data[at + len(written) :]

    def number(self, data: bytes) -> bytes:
        """Another number where digits stand."""
        found = _DIGITS.search(data, self.below(len(data) + 1))
        if found is None:
            return self.flip(data)
        value = (*_LONG_LENGTHS, 10**18, 10**19)[self.below(len(_LONG_LENGTHS) + 2)]
        return data[: found.start()] + b"%d" % value + data[found.end() :]

    # --- of JSON text

    def retype(self, data: bytes) -> bytes:
        values = structure_of(data).values
        if not values:
            return self.insert(data)
        start, end = values[self.below(len(values))]
        return data[:start] + STRANGERS[self.below(len(STRANGERS))] + data[end:]

    def exchange(self, data: bytes) -> bytes:
        """A value of another input in the place of one of this."""
        values = structure_of(data).values
        other = self.pool[self.below(len(self.pool))]
        others = structure_of(other).values
        if not values or not others:
            return self.splice(data)
        start, end = values[self.below(len(values))]
        first, last = others[self.below(len(others))]
        return data[:start] + other[first:last] + data[end:]

    def duplicate(self, data: bytes) -> bytes:
        """A member twice, with another value or spacing."""
        members = structure_of(data).members
        if not members:
            return self.repeat(data)
        start, end = members[self.below(len(members))]
        member = data[start:end]
        form = self.below(4)
        if form == 1:
            member = member.replace(b'":', b'" :', 1)
        elif form > 1:
            key = member.partition(b":")[0]
            member = key + (b":" if form == 2 else b" : ") + STRANGERS[self.below(len(STRANGERS))]
        if self.below(2):
            return data[:start] + member + b"," + data[start:]
        return data[:end] + b"," + member + data[end:]

    def duplicate_other(self, data: bytes) -> bytes:
        """A member of another input beside one of this."""
        members = structure_of(data).members
        other = self.pool[self.below(len(self.pool))]
        others = structure_of(other).members
        if not members or not others:
            return self.splice(data)
        at = members[self.below(len(members))][0]
        first, last = others[self.below(len(others))]
        return data[:at] + other[first:last] + b"," + data[at:]

    def drop(self, data: bytes) -> bytes:
        structure = structure_of(data)
        places = structure.members or structure.values
        if not places:
            return self.delete(data)
        start, end = places[self.below(len(places))]
        if data[end : end + 1] == b",":
            end += 1
        elif data[start - 1 : start] == b",":
            start -= 1
        return data[:start] + data[end:]

    def space(self, data: bytes) -> bytes:
        """White space between tokens, or what only looks like it."""
        spots = structure_of(data).spots
        if not spots:
            return self.insert(data)
        at = spots[self.below(len(spots))][self.below(2)]
        return data[:at] + _SPACES[self.below(len(_SPACES))] + data[at:]

    def escape(self, data: bytes) -> bytes:
        """A character of a string, or of a key, in its escaped form."""
        strings = structure_of(data).strings
        if not strings:
            return self.insert(data)
        start, end = strings[self.below(len(strings))]
        at = start + 1 + self.below(max(1, end - start - 2))
        if at >= end - 1 or data[at] in b'"\\' or data[at] > 127:
            return data[:at] + b"\\n" + data[at:]
        return data[:at] + b"\\u%04x" % data[at] + data[at + 1 :]

    def rename(self, data: bytes) -> bytes:
        """One key or text in the place of another."""
        strings = structure_of(data).strings
        if len(strings) < 2:
            return self.insert(data)
        start, end = strings[self.below(len(strings))]
        first, last = strings[self.below(len(strings))]
        return data[:start] + data[first:last] + data[end:]

    def nest(self, data: bytes) -> bytes:
        """A value in brackets, now and then in very many."""
        values = structure_of(data).values
        if not values:
            return self.insert(data)
        start, end = values[self.below(len(values))]
        depth = _DEPTHS[self.below(3 if self.below(20) else len(_DEPTHS))]
        if self.below(2000) == 0:
            depth = (900, 1000, 1023, 1024, 1025, 3000, 100_000)[self.below(7)]
        opening, closing = (b"[", b"]") if self.below(2) else (b'{"a":', b"}")
        return data[:start] + opening * depth + data[start:end] + closing * depth + data[end:]
