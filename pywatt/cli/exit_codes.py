"""What the exit code of the command line means."""

from typing import Final

STOPPED_AS_ASKED: Final = 0
FAILURE: Final = 1
USAGE_OR_CONFIGURATION: Final = 2
INTERRUPTED: Final = 130

DESCRIPTION: Final = """\b
Exit codes:
  0    stopped as asked: Ctrl-C, SIGTERM, or the end of the work
  1    failure: a module or the gateway could not start, or an internal error
  2    wrong usage, or an error in the configuration
  130  interrupted before everything had stopped in order (a second Ctrl-C)
"""
