"""Commands by name: what each takes, and the check of what a client sent."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from attrs import frozen

from pywatt.orchestrator.control.errors import ControlError

Arguments = Mapping[str, Any]
SendItem = Callable[[Mapping[str, Any]], None]
"""Sends one item of a stream, or of the progress of a command, without waiting.

One that the client is too slow for is dropped, counted, and told to it as `{"lost": count}`.
"""
Handler = Callable[[Arguments, SendItem], Awaitable[Mapping[str, Any]]]


@frozen
class Parameter:
    """One argument of a command.

    Args:
        expected: what is accepted, for people.
        accepts: whether a value is.
        default: what stands in where the client sends none.
    """

    expected: str
    accepts: Callable[[Any], bool]
    default: Any = None


@frozen
class Command:
    """A command that clients may ask for.

    Args:
        handler: does it; gets the checked arguments, defaults filled in, and `send_item`; returns the result.
            It is cancelled when the client goes.
        parameters: what it takes.
    """

    handler: Handler
    parameters: Mapping[str, Parameter]


CommandTable = Mapping[str, Command]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


NAMES: Final = Parameter(
    "a list of names",
    lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    default=(),
)
SECONDS: Final = Parameter(
    "a number of seconds, 0 or more, or null",
    lambda value: value is None or (_is_number(value) and value >= 0),
)
COUNT: Final = Parameter(
    "a whole number, 0 or more, or null",
    lambda value: value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0),
)
FLAG: Final = Parameter("true or false", lambda value: isinstance(value, bool), default=False)
TEXT: Final = Parameter("a text or null", lambda value: value is None or isinstance(value, str))


def find_command(commands: CommandTable, name: Any) -> Command:
    """Return the command of a name.

    Args:
        commands: all there are.
        name: as the client sent it.

    Raises:
        ControlError: "unknown_command", with the one that was probably meant.
    """
    if not isinstance(name, str):
        raise ControlError("bad_request", f'"command" must be a text, not {kind_of(name)}')
    try:
        return commands[name]
    except KeyError:
        raise ControlError(
            "unknown_command", f"there is no command {name!r}", meant(name, commands)
        ) from None


def check_arguments(name: str, command: Command, given: Any) -> dict[str, Any]:
    """Return the arguments of a command, with its defaults.

    Args:
        name: of the command.
        command: what it takes.
        given: what the client sent; None is nothing.

    Raises:
        ControlError: "bad_argument", with what is accepted.
    """
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise ControlError("bad_request", f'"arguments" must be an object, not {kind_of(given)}')
    for key, value in given.items():
        parameter = command.parameters.get(key)
        if parameter is None:
            takes = meant(key, command.parameters) if command.parameters else f"{name} takes no arguments"
            raise ControlError("bad_argument", f"{name} has no argument {key!r}", takes)
        if not parameter.accepts(value):
            raise ControlError(
                "bad_argument",
                f"the argument {key!r} of {name} cannot be {kind_of(value)}",
                f"expected {parameter.expected}",
            )
    return {key: given.get(key, parameter.default) for key, parameter in command.parameters.items()}


def check_names(known: Iterable[str], names: Iterable[str]) -> None:
    """Check that modules exist.

    Args:
        known: the modules there are.
        names: those that are asked for.

    Raises:
        ControlError: "module_not_found", with the one that was probably meant.
    """
    modules = list(known)
    for name in names:
        if name not in modules:
            raise ControlError("module_not_found", f"there is no module {name!r}", meant(name, modules))


def meant(name: str, known: Iterable[str]) -> str:
    """Return advice on a name that does not exist.

    Args:
        name: the name.
        known: those that do.
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    expected = f"expected one of: {', '.join(names)}"
    return f"did you mean {close[0]!r}? {expected}" if close else expected


def kind_of(value: Any) -> str:
    """Return what a value of JSON is, without showing all of it.

    Args:
        value: as the client sent it.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value:g}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return "a list" if isinstance(value, list) else "an object"
