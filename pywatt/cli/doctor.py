"""`pywatt doctor`: start one module alone and say, as a person would, what is wrong with it."""

from typing import TYPE_CHECKING, Any, Final

import click

from pywatt.cli import exit_codes
from pywatt.cli.module_options import ENV_OPTION, SECRET_FILE_OPTION
from pywatt.cli.seconds import Seconds

if TYPE_CHECKING:
    from pywatt.orchestrator.doctor.subject import Subject

_COMMAND: Final = "pywatt.doctor.command"
_EPILOG = """\b
Examples:
  pywatt doctor hello.py
  pywatt doctor shop.catalog                    a module that can be imported
  pywatt doctor shop.web:app                    an ASGI, WSGI or aiohttp application
  pywatt doctor catalog -f shop/pywatt.toml     a module of a configuration
  pywatt doctor --sdk crate -- ./target/release/geo --fast
  pywatt doctor hello.py --json | jq '.findings[].code'

docs/doctor.md explains every finding by its code.

\b
Exit codes:
  0    no finding is an error (with --strict: nor a warning)
  1    a finding is an error, or an internal error
  2    wrong usage, or an error in the configuration
  130  interrupted by Ctrl-C; the module has been ended
"""


class _DoctorCommand(click.Command):
    """Takes everything after `--` as a program and its arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before `--`; keep what follows as it is."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[_COMMAND] = args[place + 1 :]
            args = args[:place]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show both forms."""
        return ["[OPTIONS]", "TARGET | -- COMMAND..."]


@click.command("doctor", cls=_DoctorCommand, epilog=_EPILOG)
@click.argument("target", required=False, metavar="TARGET")
@click.option(
    "-f", "--file", metavar="FILE", type=click.Path(), help="TARGET is a module of this pywatt.toml."
)
@ENV_OPTION
@SECRET_FILE_OPTION
@click.option(
    "--sdk",
    type=click.Choice(["pywatt", "crate", "none"]),
    help="What the program after -- is built with, as in pywatt.toml.  [default: pywatt]",
)
@click.option(
    "--time",
    "seconds",
    metavar="SECONDS",
    type=Seconds(min=0.1, max=3600),
    help="How long it may take to start, and is watched.  [default: its start_timeout, and 1 s]",
)
@click.option("--no-requests", is_flag=True, help="Ask no endpoint: a GET of this module changes something.")
@click.option("--strict", is_flag=True, help="Warnings fail it too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    target: str | None,
    file: str | None,
    env: dict[str, str],
    secret_file: tuple[str, ...],
    sdk: Any,
    seconds: float | None,
    no_requests: bool,
    strict: bool,
    as_json: bool,
) -> int:
    """Start one module alone, watch it, ask it, stop it, and say what is wrong with it.

    TARGET is a Python file, an import path, package.module:name for an application, or a module's name in
    pywatt.toml. After -- any program can stand. What could not be checked is said too.
    """
    program = ctx.meta.get(_COMMAND)
    if (target is None) == (program is None) or program == []:
        raise click.UsageError("name one module, or a program after --", ctx)
    if program is None and sdk is not None:
        raise click.UsageError(
            "--sdk belongs to a program after --; pywatt.toml says it for its own modules", ctx
        )
    if program is not None and file is not None:
        raise click.UsageError("-f names a configuration, which a program after -- does not have", ctx)
    from pywatt.cli.doctor_report import ProgressLine, print_report
    from pywatt.orchestrator.doctor.session import run_examination

    subject = _subject(
        target, program, sdk=sdk, file=file, env=env, secret_files=secret_file, patience=seconds
    )
    with ProgressLine(subject.module.name, wanted=not as_json) as progress:
        report = run_examination(subject, observe=seconds, requests=not no_requests, progress=progress.show)
    if as_json:
        import json

        click.echo(json.dumps(report.to_document()))
    else:
        print_report(report)
    return exit_codes.SUCCESS if report.is_healthy(strict=strict) else exit_codes.FAILURE


def _subject(
    target: str | None, program: list[str] | None, *, sdk: Any, file: str | None, **settings: Any
) -> "Subject":
    from pywatt.orchestrator.doctor.subject import subject_for, subject_for_command

    if program is not None:
        return subject_for_command(program, sdk=sdk or "pywatt", **settings)
    assert target is not None
    return subject_for(target, file=file, **settings)
