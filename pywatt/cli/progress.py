"""What a verb shows while modules change: one line for each change, and for each module how it ended."""

import sys
import time
from collections.abc import Generator
from typing import Any

import click

from pywatt.cli import exit_codes
from pywatt.cli.module_table import STATE_COLOURS, trouble
from pywatt.cli.running import ANSWER_GRACE, connect
from pywatt.orchestrator.console.terminal import use_colour, visible


def carry_out(
    file: str, command: str, outcome: str, *, as_json: bool, timeout: float | None = None, **arguments: Any
) -> int:
    """Have the orchestrator do something, show what happens, and return the exit code.

    Args:
        file: the configuration that is running.
        command: what to do.
        outcome: the state that it is about, like "ready".
        as_json: print nothing but what became of the modules, as JSON.
        timeout: seconds that the orchestrator is given; None: as long as it takes.
        arguments: of the command.
    """
    within = None
    if timeout is not None:
        arguments["timeout"] = timeout
        within = timeout + ANSWER_GRACE
    with connect(file) as client:
        follow(client.stream(command, within=within, **arguments), outcome, as_json=as_json)
    return exit_codes.SUCCESS


def follow(stream: Generator[dict[str, Any], None, dict[str, Any]], outcome: str, *, as_json: bool) -> None:
    """Show the changes of a command until it is done, and print what became of each module.

    What happens on the way goes to stderr, what it comes to goes to stdout.

    Args:
        stream: of the command; its result may tell of "modules".
        outcome: the state that the command is about, like "ready".
        as_json: print nothing but the result's modules, as JSON.
    """
    began = time.monotonic()
    printed: set[str] = set()
    while True:
        try:
            item = next(stream)
        except StopIteration as end:
            result: dict[str, Any] = end.value
            break
        if as_json:
            continue
        if "lost" in item:
            click.echo(f"{item['lost']} changes were too fast to be shown", err=True)
        elif item["event"]["fields"]["after"] == outcome:
            printed.add(item["event"]["module"])
            _print(f"{item['event']['module']}  {_coloured(outcome)} in {time.monotonic() - began:.1f} s")
        else:
            _show(item["event"])
    modules = result.get("modules", [])
    if as_json:
        import json

        click.echo(json.dumps(modules, indent=2))
    else:
        for module in modules:
            if module["name"] not in printed:
                _print("\n".join([f"{module['name']}  {_coloured(module['state'])}", *trouble(module)]))


def _show(event: dict[str, Any]) -> None:
    state = event["fields"]["after"]
    rest = visible(event["message"].removeprefix(f"is {state}"))
    click.echo(f"{event['module']}  {_coloured(state)}{rest}", err=True, color=use_colour(sys.stderr))


def _print(text: str) -> None:
    click.echo(text, color=use_colour(sys.stdout))


def _coloured(state: str) -> str:
    colour = STATE_COLOURS.get(state)
    return state if colour is None else click.style(state, fg=colour)
