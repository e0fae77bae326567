"""Fresh random identifiers: version 4 UUIDs in their text form."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from types import ModuleType

from core.rivals import naive
from core.side_by_side import SideBySide, Subject
from core.variants import compiled_subject, part, subjects_of

MANY = 1000


def bench_new(side_by_side: SideBySide) -> None:
    ours = {
        **subjects_of("text", lambda core: fresh(core.new_identifier)),
        **compiled_subject("in place", in_place),
    }
    rivals = {"str(uuid.uuid4())": fresh(naive.new_identifier), "os.urandom(16).hex()": from_system()}
    side_by_side("new", ours, rivals, (4, uuid.RFC_4122, 36, True))


def fresh(new: Callable[[], str]) -> Subject:
    def checked() -> tuple[int | None, str, int, bool]:
        """What two texts say of themselves: version, variant, length, and that they differ."""
        text = new()
        found = uuid.UUID(text)
        return found.version, found.variant, len(text), str(found) == text != new()

    return Subject(new, value=checked)


def in_place(core: ModuleType) -> Subject:
    """Written by a loop inside the core, as the encoders of messages write them."""
    write = part(core, "measurement.write_identifiers")
    return Subject(lambda: write(MANY), units=MANY, expected=None)


def from_system() -> Subject:
    """The random bits alone, without hyphens and version: less than the others do."""
    return Subject(lambda: os.urandom(16).hex(), value=lambda: len(os.urandom(16).hex()), expected=32)
