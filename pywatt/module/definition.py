"""What a module is before it runs: a function and its options."""

from __future__ import annotations

import functools
from collections.abc import Callable

from pywatt.module.options import ModuleOptions
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
