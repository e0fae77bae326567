"""The group of all verbs, and how their errors reach a person."""

from collections.abc import Sequence
from typing import Any, Final

import click

from pywatt.cli import exit_codes
from pywatt.cli.loading import CollectorAtRest

_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
# Each verb lives in a file of its own name and is loaded when it is used.
_VERBS: Final = {
    "up": "Start the modules of a pywatt.toml.",
    "run": "Start one module from one file.",
    "dev": "Start modules, and restart each when its files change.",
    "ps": "Show the modules: state, restarts, CPU, memory, and why one is not well.",
    "logs": "Show what modules have logged.",
    "events": "Show what happened, and what happens.",
    "wait": "Wait until modules are ready.",
    "call": "Call a message endpoint of a module.",
    "get": "Send an HTTP request through the gateway.",
    "restart": "Restart modules; the others go on serving.",
    "stop": "Stop modules; the orchestrator stays.",
    "start": "Start modules that do not run.",
    "down": "Stop everything, the orchestrator included.",
    "doctor": "Start one module alone and say what is wrong with it.",
    "bench": "Measure this machine's floors, and pywatt against them.",
    "version": "Show the version, the core and what it runs on.",
    "completion": "Print the completion script for a shell.",
}
_EXAMPLES: Final = """\b
Examples:
  pywatt run hello.py                  one module, at http://127.0.0.1:9900/
  pywatt up                            all modules of ./pywatt.toml
  pywatt doctor hello.py               what is wrong with it
  pywatt up -f shop/pywatt.toml        all modules of another file
  pywatt ps                            how they are
  pywatt restart catalog               one of them anew
  pywatt down                          stop everything
  eval "$(pywatt completion bash)"     completion for this shell
"""


class VerbGroup(click.Group):
    """Loads a verb when it is asked for; help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which help shows them."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, or None when there is no such verb."""
        if cmd_name not in _VERBS:
            return None
        from importlib import import_module

        with CollectorAtRest():
            command: click.Command = import_module(f"pywatt.cli.{cmd_name}").command
        command.short_help = _VERBS[cmd_name]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that the arguments begin with; say which one was probably meant."""
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            raise click.UsageError(f'there is no command "{args[0]}"{_guess(args[0])}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from pywatt.cli.version import one_line

    click.echo(one_line())
    ctx.exit()


@click.group(
    cls=VerbGroup,
    context_settings=_CONTEXT,
    invoke_without_command=True,
    epilog=f"{_EXAMPLES}\n{exit_codes.DESCRIPTION}",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def pywatt(ctx: click.Context) -> int:
    """Run small services, written in Python or not, together."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return exit_codes.USAGE_OR_CONFIGURATION
    return exit_codes.SUCCESS


def invoke(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors are shown on stderr.

    Args:
        arguments: without the program's name; None: those of this process.
    """
    _spell_out_what_cannot_be_encoded()
    try:
        code: Any = pywatt.main(
            args=None if arguments is None else list(arguments), prog_name="pywatt", standalone_mode=False
        )
    except (click.Abort, KeyboardInterrupt):
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        _forget_output()  # whoever read it has seen enough
        return exit_codes.FAILURE
    except Exception as error:
        from pywatt.cli.error_report import report

        return report(error)
    return code if isinstance(code, int) else exit_codes.SUCCESS


def _spell_out_what_cannot_be_encoded() -> None:
    """Names of files and texts of modules may hold what the user's locale has no letter for."""
    import sys

    if hasattr(sys.stdout, "reconfigure"):  # none, or something else, where a program calls this
        sys.stdout.reconfigure(errors="backslashreplace")


def _forget_output() -> None:
    import os
    import sys

    # What is still in the buffer would be complained about at the very end.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _guess(name: str) -> str:
    import difflib

    if name.endswith(".py"):
        return f"; to run a file: pywatt run {name}"
    close = difflib.get_close_matches(name, _VERBS, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
