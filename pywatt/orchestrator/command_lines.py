"""What people are told to type about a configuration; light enough for every command line."""

import os
from typing import Final

USUAL_FILE: Final = "pywatt.toml"


def for_file(command: str, configuration: str) -> str:
    """Return a command line about a configuration, to be typed in the current directory.

    Args:
        command: without the file, like "pywatt ps".
        configuration: the file.
    """
    if os.path.realpath(configuration) == os.path.realpath(USUAL_FILE):
        return command
    return f"{command} --file {_quoted(configuration)}"


def how_to_start(configuration: str) -> str:
    """Return what to do to make a configuration run.

    Args:
        configuration: the file; for `pywatt run` that of the module.
    """
    if os.path.isdir(configuration):
        inside = os.path.join(configuration, USUAL_FILE)
        return f"it is a directory; name a file in it: --file {_quoted(inside)}"
    if not os.path.exists(configuration):
        return "there is no such file; name another with --file"
    if configuration.endswith(".py"):
        return f"start it with: pywatt run {_quoted(configuration)}"
    return f"start it with: {for_file('pywatt up -d', configuration)}"


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
