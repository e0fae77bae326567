"""Which variant of the core runs: the compiled one, or its text interpreted."""

from __future__ import annotations

from types import FunctionType
from typing import Final


def _probe() -> None:
    return None


# A compiled function is a builtin. The few places where the compiler's style is slow interpreted ask this.
COMPILED: Final[bool] = not isinstance(_probe, FunctionType)


def expect(value: object, kind: type[object], name: str) -> None:
    """Refuse an argument as the compiled variant does by itself.

    Args:
        value: the argument.
        kind: the class it must have.
        name: that class as the compiler writes it.

    Raises:
        TypeError: in the compiler's words.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} object expected; got {_name_of(value)}")


def expect_texts(*values: object) -> None:
    """As `expect`, for several strings."""
    for value in values:
        if not isinstance(value, str):
            expect(value, str, "str")


def expect_optional(value: object, kind: type[object], name: str) -> None:
    """As `expect`, where None is welcome too."""
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} or None object expected; got {_name_of(value)}")


def expect_seconds(value: object) -> None:
    """As `expect`, for a float, where an integer is welcome too."""
    if not isinstance(value, int):
        expect(value, float, "float")


def _name_of(value: object) -> str:
    kind = type(value)
    if value is None:
        return "None"
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
