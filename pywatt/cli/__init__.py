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

    with CollectorAtRest():
        from pywatt.cli.commands import invoke

    code = invoke(arguments)
    if "asyncio" not in sys.modules:
        _leave_at_once(code)
    sys.exit(code)


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
