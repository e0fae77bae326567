"""What a module process writes about itself while `pywatt doctor` examines it: one JSON object a line.

Every record has `kind` (a RecordKind) and `at`, the reading of the system's monotonic clock in seconds, which
all processes of a machine share. A stack is a list of frames, the outermost first; a frame is an object with
`file`, `line`, `function`, `text` (the line of source) and `own` (whether it is the module author's code).
`starved` is for how many seconds until then the process was ready to run and the machine ran others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

MAX_FILE: Final = 4 * 1024 * 1024
"""Bytes after which a module records nothing more; the last record says so."""

MAX_FRAMES: Final = 40
"""Frames of one stack; the outermost are left out."""

MAX_TEXT: Final = 400
"""Characters of one quoted text."""


SHORTEST_BLOCK: Final = 0.1
"""Seconds without a turn of the event loop from which it counts as blocked."""


class RecordKind(StrEnum):
    """What a record tells; in brackets: its other fields."""

    BEGUN = "begun"  # pywatt runs in the process [python, executable, starved]
    PHASE = "phase"  # the start came to a point [name: a StartPhase, starved]
    IMPORT = "import"  # one module was imported [name, own and whole in seconds, importer, place]
    OUTPUT = "output"  # a place wrote to standard output for the first time [place, text]
    OUTPUT_TOTAL = "output-total"  # how often each did [places: file, line, count]
    INPUT = "input"  # a place read standard input [place]
    BLOCKED = "blocked"  # the event loop does not turn [number, began, stack, phase]
    UNBLOCKED = "unblocked"  # it turns again [number, seconds: without those in which the machine ran others]
    WAITING = "waiting"  # where a start that takes long stands [stack, phase]
    FAILURE = (
        "failure"  # an error ended the process [errors: type, bases, message, stack, ...; the cause first]
    )
    HANDLERS = "handlers"  # what other modules may call [endpoints]
    DUPLICATE_ROUTE = "duplicate-route"  # two handlers for one request [method, path, first, second]
    SECRETS = "secrets"  # what the decorator lists [declared: names of secrets, paths: of endpoints]
    SECRET_READ = "secret-read"  # noqa: S105  # a secret was looked at for the first time [name]
    FILES = "files"  # the author's own files that are loaded [paths]
    FULL = "full"  # no further record is written


class StartPhase(StrEnum):
    """Points of a start, in their order; the value names what was done when the point is reached."""

    INTRODUCED = "first line"
    LOADED = "import of the module"
    CONNECTED = "channels"
    SECRETS = "secrets"
    STATE = "state function"
    FUNCTION = "module function"
    STARTUP = "application start-up"
    BOUND = "HTTP address"
    ANNOUNCED = "announcement"
