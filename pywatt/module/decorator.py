"""@pywatt_module: turns a function into a module that any orchestrator can start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn, Unpack, overload

from pywatt.module.definition import ModuleDefinition, ModuleFunction
from pywatt.module.options import ModuleArguments, check_arguments


class DecoratedModule(ModuleDefinition):
    """A definition that its own file can start: `main.run()` under the usual guard."""

    def run(self) -> NoReturn:
        """Serve the module until its orchestrator stops it, then leave the process.

        On a terminal it says how to start the module instead, and leaves with 2.
        """
        from pywatt.module.process import run_module

        sys.exit(run_module(lambda: self, sys.argv[0]))


@overload
def pywatt_module(function: ModuleFunction, /) -> DecoratedModule: ...


@overload
def pywatt_module(**arguments: Unpack[ModuleArguments]) -> Callable[[ModuleFunction], DecoratedModule]: ...


def pywatt_module(
    function: ModuleFunction | None = None, /, **arguments: Unpack[ModuleArguments]
) -> DecoratedModule | Callable[[ModuleFunction], DecoratedModule]:
    """Make a module of a function that takes the AppState and returns a web application or None.

    Used as `@pywatt_module` or as `@pywatt_module(secrets=["API_KEY"], ...)`; ModuleArguments documents each
    argument.

    Raises:
        TypeError: an argument is unknown or of the wrong type.
        ValueError: an argument cannot have this value.
        ConfigError: an argument asks for what this version does not have.
    """
    options = check_arguments(arguments)
    if function is not None:
        return DecoratedModule(function, options)
    return lambda decorated: DecoratedModule(decorated, options)
