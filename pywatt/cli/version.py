"""`pywatt version`: what is installed, and what it runs on."""

import click


@click.command("version", epilog="\b\nExamples:\n  pywatt version\n  pywatt version --json\n")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def command(as_json: bool) -> None:
    """Show the version, whether the core is compiled, and what it runs on."""
    facts = collect()
    if as_json:
        import json

        click.echo(json.dumps(facts))
        return
    _print_table(facts)


def _print_table(facts: dict[str, str | None]) -> None:
    from rich.console import Console
    from rich.text import Text

    loop, orjson = facts["event_loop"], facts["orjson"]
    rows = {
        "pywatt": facts["pywatt"],
        "core": facts["core"],
        "Python": f"{facts['python']} ({facts['implementation']})",
        "event loop": f"uvloop {facts['uvloop']}" if loop == "uvloop" else loop,
        "JSON": f"orjson {orjson}" if orjson else "standard library",
    }
    console = Console(highlight=False, soft_wrap=True)
    for name, value in rows.items():
        console.print(Text.assemble((f"{name:<10}", "bold"), f"  {value}"))


def one_line() -> str:
    """Return the version in one line."""
    facts = collect()
    return f"pywatt {facts['pywatt']} ({facts['core']} core, Python {facts['python']})"


def collect() -> dict[str, str | None]:
    """Return what there is to say about this installation; None stands for what is not there."""
    import sys

    from pywatt.build_info import UNKNOWN, get_version_info

    info = get_version_info()
    uvloop = _release("uvloop")
    return {
        "pywatt": info["sdk_version"],
        "core": info["core"],
        "python": info["python_version"],
        "implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
            sys.implementation.name, sys.implementation.name
        ),
        "event_loop": _event_loop(uvloop),
        "uvloop": uvloop,
        "orjson": _release("orjson"),
        "git_hash": None if info["git_hash"] == UNKNOWN else info["git_hash"],
    }


def _event_loop(uvloop: str | None) -> str:
    import os

    # The same choice as pywatt.event_loop, which would have to import asyncio to make it.
    chosen = os.environ.get("PYWATT_EVENT_LOOP", "auto")
    return "uvloop" if uvloop is not None and chosen != "asyncio" else "asyncio"


def _release(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
