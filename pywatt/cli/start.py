"""`pywatt start`: modules that do not run."""

from pywatt.cli.starting import starting_verb

_EPILOG = """\b
Examples:
  pywatt start
  pywatt start catalog --no-wait

One that runs is left alone. A module that failed or crash-loops gets a new chance.
"""

command = starting_verb(
    "start",
    "Start modules that do not run, with those they come after; all of them when none is named.",
    _EPILOG,
    names_required=False,
)
