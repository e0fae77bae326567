"""`pywatt restart`: modules, while the others go on serving."""

from pywatt.cli.starting import starting_verb

_EPILOG = """\b
Examples:
  pywatt restart catalog
  pywatt restart catalog ledger --timeout 120

Ctrl-C ends this command only: a restart that has begun goes on. Two restarts of one module at once do not
disturb each other.
"""

command = starting_verb(
    "restart",
    "Restart modules, each by itself; the others go on serving.",
    _EPILOG,
    names_required=True,
)
