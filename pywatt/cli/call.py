"""`pywatt call`: call a message endpoint of a running module."""

import sys
from typing import Any

import click

from pywatt.cli import exit_codes
from pywatt.cli.running import ANSWER_GRACE, FILE_OPTION, complete_modules, connect, timeout_option

DEFAULT_TIMEOUT = 30.0

_EPILOG = f"""\b
Examples:
  pywatt call catalog price '{{"sku":"A1"}}'
  pywatt call catalog reload                       without a payload
  pywatt call ledger import - < entries.json       the payload from standard input
  pywatt call ledger remind '"ada"' --notify       without waiting for an answer
  pywatt call catalog price '{{"sku":"A1"}}' | jq .cents

The answer is JSON on stdout: laid out on a terminal, else on one line. A failure is told on stderr, with
its code.

{exit_codes.DESCRIPTION}"""


@click.command("call", epilog=_EPILOG)
@click.argument("module", shell_complete=complete_modules)
@click.argument("endpoint")
@click.argument("payload", metavar="[JSON|-]", default="null")
@timeout_option(DEFAULT_TIMEOUT, "How long to wait for the answer.", positive=True)
@click.option("--notify", is_flag=True, help="Expect no answer; what becomes of it is in the module's log.")
@click.option("--json", "as_json", is_flag=True, help="The answer on one line, also on a terminal.")
@FILE_OPTION
def command(
    *, module: str, endpoint: str, payload: str, timeout: float, notify: bool, as_json: bool, file: str
) -> int:
    """Call a message endpoint of a module, as another module would, and print its answer."""
    import json

    content = _read_payload(payload)
    with connect(file) as client:
        answer = client.request(
            "call",
            within=timeout + ANSWER_GRACE,
            module=module,
            endpoint=endpoint,
            payload=content,
            timeout=timeout,
            notify=notify,
        )
    if notify:
        return exit_codes.SUCCESS
    laid_out = sys.stdout.isatty() and not as_json
    text = json.dumps(
        answer["result"],
        # Readable where every letter can be written; JSON in any case.
        ensure_ascii=sys.stdout.encoding.lower() != "utf-8",
        indent=2 if laid_out else None,
        separators=None if laid_out else (",", ":"),
    )
    click.echo(text)
    return exit_codes.SUCCESS


def _read_payload(payload: str) -> Any:
    # Read as the orchestrator reads it: what it would refuse is told here, with its place.
    from pywatt_fast import decode_json

    name = "the payload"
    content = payload.encode(errors="surrogateescape")
    if payload == "-":
        content = sys.stdin.buffer.read()
        name = "standard input"
    try:
        return decode_json(content)
    except ValueError as error:
        why = str(error).partition(": ")[2]  # its kind stands before
        hint = f"; a text needs quotes of its own: '\"{payload}\"'" if payload.isidentifier() else ""
        raise click.UsageError(f"{name} is not JSON: {why}{hint}", click.get_current_context()) from None
