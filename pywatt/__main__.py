"""`python -m pywatt FILE` is a module; `python -m pywatt up`, `run`, `version` are the command line."""

from __future__ import annotations

import sys
from typing import NoReturn

COMMANDS = (
    *("up", "run", "dev", "ps", "logs", "events", "wait", "restart", "stop", "start", "down"),
    *("call", "get", "doctor", "bench", "version", "completion"),
)

USAGE = """\
python -m pywatt FILE.py                 be the module in a file      (an orchestrator does this)
python -m pywatt package.module          be the module in a package
python -m pywatt --app package.web:app   serve an application as a module
python -m pywatt up | run | ...          the command line, the same as `pywatt`"""


def main() -> NoReturn:
    """Do what the arguments say, and leave the process."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--app"] or (arguments and arguments[0].startswith("--app=")):
        sys.exit(_serve_application(arguments))
    if arguments and arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
        sys.exit(_serve_target(arguments))
    from pywatt import cli

    sys.argv[0] = "pywatt"
    cli.main()


def _serve_target(arguments: list[str]) -> int:
    from pywatt.module.loading import load_definition
    from pywatt.module.process import run_module

    target = arguments[0]
    # What the module's own code sees is what `python FILE` would show it.
    sys.argv = arguments
    return run_module(lambda: load_definition(target), target)


def _serve_application(arguments: list[str]) -> int:
    from pywatt.module.loading import load_definition
    from pywatt.module.process import run_module

    option, _, value = arguments[0].partition("=")
    rest = arguments[1:] if value else arguments[2:]
    app = value or (arguments[1] if len(arguments) > 1 else "")
    if not app:
        print(f"{option} names an application:\n{USAGE}", file=sys.stderr)
        return 2
    sys.argv = [app, *rest]
    return run_module(lambda: load_definition(app=app), app)


if __name__ == "__main__":
    main()
