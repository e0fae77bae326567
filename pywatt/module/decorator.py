"""@pywatt_module: turns a function into a module that any orchestrator can start."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, Unpack, overload

from pywatt.module.options import ModuleArguments, ModuleOptions, check_arguments
from pywatt.module.state import AppState

ModuleFunction = Callable[[AppState], object]
"""Takes the state; returns (or awaits) a web application of any kind, or None."""


class ModuleDefinition:
    """A function and the options it was decorated with.

    Calling it calls the function, so that tests need nothing of pywatt but a state.

    Args:
        function: takes the AppState, sync or async; returns a web application or None.
        options: the decorator's arguments, checked.
    """

    def __init__(self, function: ModuleFunction, options: ModuleOptions) -> None:
        if not callable(function):
            raise TypeError(f"@pywatt_module decorates a function, not {function!r}")
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options

    def __call__(self, state: AppState) -> object:
        return self.function(state)

    def __repr__(self) -> str:
        return f"<pywatt module {getattr(self.function, '__qualname__', repr(self.function))}>"

    def run(self) -> NoReturn:
        """Serve the module until its orchestrator stops it, then leave the process.

        On a terminal it says how to start the module instead, and leaves with 2.
        """
        from pywatt.module.process import run_module

        sys.exit(run_module(lambda: self, sys.argv[0]))


@overload
def pywatt_module(function: ModuleFunction, /) -> ModuleDefinition: ...


@overload
def pywatt_module(**arguments: Unpack[ModuleArguments]) -> Callable[[ModuleFunction], ModuleDefinition]: ...


def pywatt_module(
    function: ModuleFunction | None = None, /, **arguments: Unpack[ModuleArguments]
) -> ModuleDefinition | Callable[[ModuleFunction], ModuleDefinition]:
    """Make a module of a function that takes the AppState and returns a web application or None.

    Used as `@pywatt_module` or as `@pywatt_module(secrets=["API_KEY"], ...)`; ModuleArguments documents each
    argument.

    Raises:
        TypeError: an argument is unknown or of the wrong type.
        ValueError: an argument cannot have this value.
        NotImplementedError: an argument asks for what this version does not have.
    """
    options = check_arguments(arguments)
    if function is not None:
        return ModuleDefinition(function, options)
    return lambda decorated: ModuleDefinition(decorated, options)
