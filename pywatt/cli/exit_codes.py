"""What the exit code of the command line means."""

from typing import Final

SUCCESS: Final = 0
FAILURE: Final = 1
USAGE_OR_CONFIGURATION: Final = 2
NOT_RUNNING: Final = 3
TIMED_OUT: Final = 4
INTERRUPTED: Final = 130

DESCRIPTION: Final = """\b
Exit codes:
  0    done, or stopped as asked: Ctrl-C, SIGTERM, or the end of the work
  1    failure: a module or the gateway could not start, a module answered with an error, or an internal error
  2    wrong usage, or an error in the configuration
  3    no orchestrator runs this configuration
  4    not done within the time allowed
  130  interrupted (by Ctrl-C; `up` and `run`: by a second one, before everything had stopped in order)
"""
