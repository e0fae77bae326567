"""The command line, one file for each verb."""

from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Args:
        arguments: without the program's name; None: those of this process.
    """
    # Imported here, so that a module process that passes through this package does not load it.
    import sys

    from pywatt.cli.loading import CollectorAtRest

    _open_closed_streams()
    with CollectorAtRest():
        from pywatt.cli.commands import invoke

    code = invoke(arguments)
    if "asyncio" not in sys.modules:
        _leave_at_once(code)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Open a standard stream that whoever started us has closed: the next file would take its number."""
    import os
    import sys

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode)  # noqa: SIM115  # open to the end
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _leave_at_once(code: int) -> NoReturn:
    """Leave without taking the interpreter apart: for verbs that started nothing, a sixth of their time."""
    import os
    import sys

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # reports it
    os._exit(code)
