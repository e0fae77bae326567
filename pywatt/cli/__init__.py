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

    from pywatt.cli.commands import invoke

    sys.exit(invoke(arguments))
