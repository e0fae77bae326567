"""`pywatt bench`: the floors of this machine, and how much of them pywatt reaches."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.seconds import Seconds

_SECONDS = 20.0
_QUICK_SECONDS = 3.0

_EPILOG = """\b
Subjects (or a family of them, such as split):
  split-64, split-4k, split-64k   cutting a stream into frames
  encode-small, encode-large      a message to JSON
  decode-small, decode-large      a message from JSON
  array-encode, array-decode      bytes as an array of integers, 4 KiB
  identifier                      a fresh identifier
  echo-1, echo-64                 frames to and fro, so many under way
  stream-64k, stream-1m           frames one way

\b
Rivals:
  msgspec, orjson, msgpack (encode, decode); grpc, pyzmq, websockets, aiohttp (echo)

\b
Examples:
  pywatt bench
  pywatt bench --quick --only split,echo
  pywatt bench --against msgspec,grpc
  pywatt bench --against all --json

\b
Exit codes:
  0    measured
  1    failure: a process that measures failed or did not answer
  2    wrong usage: an unknown subject or rival, or a rival that is not installed
  130  interrupted by Ctrl-C; no process is left
"""


def _subjects(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> list[str]:
    from pywatt.benchmark.subjects import SUBJECTS, named

    names = _names(value)
    for name in names:
        if not named(name):
            known = [*SUBJECTS, *dict.fromkeys(subject.family for subject in SUBJECTS.values())]
            raise click.BadParameter(f'there is no subject "{name}"{_guess(name, known)}')
    wanted = {subject.name for name in names for subject in named(name)}
    return [name for name in SUBJECTS if not names or name in wanted]


def _rivals(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[list[str], list[str]]:
    """The rivals to measure, and those of `all` that are not installed."""
    from pywatt.benchmark.rivals import RIVALS, is_installed

    names = _names(value)
    if "all" in names:
        return [name for name in RIVALS if is_installed(name)], [
            name for name in RIVALS if not is_installed(name)
        ]
    for name in names:
        if name not in RIVALS:
            raise click.BadParameter(f'there is no rival "{name}"{_guess(name, ["all", *RIVALS])}')
    missing = [name for name in names if not is_installed(name)]
    if missing:
        packages = " ".join(RIVALS[name].distribution for name in missing)
        raise click.BadParameter(f"not installed: {', '.join(missing)}; to install: pip install {packages}")
    return names, []


def _names(value: str | None) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip()))


def _guess(name: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; known are {', '.join(known)}"


@click.command("bench", epilog=_EPILOG)
@click.option("--only", metavar="SUBJECT[,..]", callback=_subjects, help="Measure these alone.")
@click.option(
    "--against",
    metavar="RIVAL[,..]",
    callback=_rivals,
    help="Measure other libraries too; all: those that are installed.",
)
@click.option(
    "--seconds",
    type=Seconds(0.01, 3600),
    help=f"Time for all measures together.  [default: {_SECONDS:g}]",
)
@click.option("--quick", is_flag=True, help=f"The same as --seconds {_QUICK_SECONDS:g}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def command(
    only: list[str], against: tuple[list[str], list[str]], seconds: float | None, quick: bool, as_json: bool
) -> int:
    """Measure what this machine can do at most, and how much of that pywatt reaches.

    A floor is the least that must be done: copying the bytes, a socket without frames. 100 % is the floor.
    """
    if quick and seconds is not None:
        raise click.UsageError("--quick and --seconds exclude each other")
    from pywatt.benchmark.rounds import measure
    from pywatt.benchmark.subjects import SUBJECTS
    from pywatt.cli.bench_report import as_object, print_report, progress_on

    rivals, missing = against
    bound = seconds or (_QUICK_SECONDS if quick else _SECONDS)
    with progress_on() as progress:
        result = measure([SUBJECTS[name] for name in only], rivals, bound, progress)
    if as_json:
        import json

        click.echo(json.dumps(as_object(result, missing, bound)))
    else:
        print_report(result, missing, bound)
    return exit_codes.SUCCESS
