"""What `run`, `dev` and `doctor` share: the options of one module that has no configuration file."""

from collections.abc import Callable
from typing import Any

import click

Decorated = Callable[..., Any]


def _variables(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            # The text is not shown: a forgotten name leaves a value that may be confidential.
            raise click.BadParameter("expected NAME=VALUE")
        variables[name] = text
    return variables


ENV_OPTION: Callable[[Decorated], Decorated] = click.option(
    "--env",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_variables,
    help="Add a variable to the module's environment. May be repeated.",
)
SECRET_FILE_OPTION: Callable[[Decorated], Decorated] = click.option(
    "--secret-file",
    metavar="FILE",
    multiple=True,
    type=click.Path(),
    help="A .env or .toml file of secrets; it wins over the environment. May be repeated.",
)
