"""What is measured, and which floors it is compared with."""

from __future__ import annotations

from typing import Final, Literal

import attrs

Rivalry = Literal["none", "codec", "transport"]
Unit = Literal["B/s", "/s"]


@attrs.frozen
class Subject:
    """One thing pywatt does.

    Args:
        name: what the command line calls it; the part before the first hyphen is its family.
        floors: the measures that pywatt is compared with, each the name of a case.
        unit: of a rate: bytes or repetitions a second.
        size: bytes of one payload, or of the content.
        in_flight: messages under way at the same time.
        rivalry: which kind of rival can do the same.
    """

    name: str
    floors: tuple[str, ...]
    unit: Unit
    size: int
    in_flight: int = 1
    rivalry: Rivalry = "none"

    @property
    def family(self) -> str:
        """What several subjects share."""
        return self.name.partition("-")[0]


JSON_FLOOR: Final = "json of the content"
RAW_ECHO: Final = "raw echo"
SOCKET_LOOP: Final = "sendall/recv_into"
MEMCPY: Final = "memcpy"
SLICES: Final = "known slices"
ARRAY_FLOOR: Final = "json of the list"
RANDOM: Final = "urandom.hex"

SUBJECTS: Final = {
    subject.name: subject
    for subject in (
        Subject("split-64", (MEMCPY, SLICES), "B/s", 64),
        Subject("split-4k", (MEMCPY, SLICES), "B/s", 4096),
        Subject("split-64k", (MEMCPY, SLICES), "B/s", 65536),
        Subject("encode-small", (JSON_FLOOR,), "/s", 1, rivalry="codec"),
        Subject("encode-large", (JSON_FLOOR,), "/s", 400, rivalry="codec"),
        Subject("decode-small", (JSON_FLOOR,), "/s", 1, rivalry="codec"),
        Subject("decode-large", (JSON_FLOOR,), "/s", 400, rivalry="codec"),
        Subject("array-encode", (ARRAY_FLOOR,), "B/s", 4096),
        Subject("array-decode", (ARRAY_FLOOR,), "B/s", 4096),
        Subject("identifier", (RANDOM,), "/s", 16),
        Subject("echo-1", (RAW_ECHO,), "/s", 256, 1, rivalry="transport"),
        Subject("echo-64", (RAW_ECHO,), "/s", 256, 64, rivalry="transport"),
        Subject("stream-64k", (SOCKET_LOOP,), "B/s", 65536),
        Subject("stream-1m", (SOCKET_LOOP,), "B/s", 1 << 20),
    )
}
"""Every subject by its name, in the order in which they are shown."""

OURS: Final = "pywatt"
"""The case that is pywatt itself."""


def named(name: str) -> list[Subject]:
    """The subjects of a name or a family; empty when there are none."""
    return [subject for subject in SUBJECTS.values() if name in (subject.name, subject.family)]
