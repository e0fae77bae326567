"""`python -m pywatt.testing -- COMMAND...` runs the conformance cases on a module, one by one."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from pywatt.testing.conformance.checking import CASE_DEADLINE, check_conformance, conformance_cases
from pywatt.testing.conformance.report import CaseResult
from pywatt.testing.errors import ConformanceError
from pywatt.testing.settings import CARRIERS, CarrierName

PASSED: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

EPILOG: Final = """\
exit codes:
  0    no case failed
  1    a case failed, or could not be run because the module does not start
  2    wrong usage
  130  interrupted

example:
  python -m pywatt.testing --secret API_KEY -- python -m pywatt hello.py
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases as the command line says.

    Args:
        arguments: without the program's name; None: those of this process.

    Returns:
        The exit code.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    carriers = _carriers(parser, given.carriers)
    if given.list:
        for case in conformance_cases(carriers, compiled=given.reference):
            print(f"{case.name:<24}{case.expectation} ({case.section})")
        return PASSED
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        parser.error(
            "no command: what starts the module stands at the end, as in `-- python -m pywatt FILE.py`"
        )
    try:
        report = asyncio.run(
            check_conformance(
                command,
                module_id=given.module_id,
                secrets=dict(_secret(parser, text, os.environ) for text in given.secret),
                carriers=carriers,
                listen=given.listen,
                deadline=given.deadline,
                compiled=given.reference,
                only=given.case or None,
                on_result=None if given.json else _show_progress,
            )
        )
    except ValueError as error:
        parser.error(str(error))
    except ConformanceError as error:
        print(error.message, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    print(json.dumps(report.document(), indent=2) if given.json else report.text())
    return PASSED if report.passed else FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pywatt.testing",
        description="Check that a module speaks the protocol as the Rust crate pywatt_sdk 0.5.3 can read it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what starts the module, after `--`")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="a secret that the module may ask for; without a value that of the variable with its name",
    )
    parser.add_argument(
        "--carriers",
        default=",".join(CARRIERS),
        metavar="LIST",
        help="what is offered: stdio (always there), unix, tcp (default: %(default)s)",
    )
    parser.add_argument("--listen", metavar="ADDRESS", help="where the module shall serve HTTP by itself")
    parser.add_argument(
        "--module-id", default="module", metavar="NAME", help="its name (default: %(default)s)"
    )
    parser.add_argument(
        "--deadline",
        type=float,
        default=CASE_DEADLINE,
        metavar="SECONDS",
        help="how long each wait may last (default: %(default)g)",
    )
    parser.add_argument(
        "--reference",
        action="store_true",
        help="the module is built with the crate: what is known of such modules counts as a deviation",
    )
    parser.add_argument(
        "--case", action="append", default=[], metavar="NAME", help="run this case only; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="show the cases and run none")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _carriers(parser: argparse.ArgumentParser, text: str) -> tuple[CarrierName, ...]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(CARRIERS))
    if unknown:
        parser.error(f"no such carrier: {unknown[0]!r}; there are {', '.join(CARRIERS)}")
    return tuple(name for name in CARRIERS if name in names)


def _secret(parser: argparse.ArgumentParser, text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if equals:
        return name, value
    if name not in environment:
        parser.error(f"the secret {name} has no value here: set the variable, or say {name}=VALUE")
    return name, environment[name]


def _show_progress(result: CaseResult) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{result.status.value}  {result.case.name}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    code = main()
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    sys.exit(code)
