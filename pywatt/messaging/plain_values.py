"""Plain JSON values from what modules are written with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

_DEEPEST: Final = 128


class PlainValueError(ValueError):
    """A value that has no JSON form; names the place and the type."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'the value'}: {reason}")


def to_plain(value: object, path: str = "", depth: int = 0) -> Any:
    """A value made of dicts, lists, strings, numbers, booleans and None only.

    Args:
        value: such a value already, a dataclass, attrs class or pydantic model, an enum member, a date, time,
            UUID, Decimal or path, or collections of them.
        path: where it stands, for the error.
        depth: how many collections it stands in.

    Raises:
        PlainValueError: a part of it has no JSON form, or it is nested too deeply or inside itself.
    """
    if value is None or type(value) in (str, int, float, bool):
        return value
    if depth > _DEEPEST:
        raise PlainValueError(path, f"nested deeper than {_DEEPEST} levels, or inside itself")
    if isinstance(value, Mapping):
        return {
            _plain_key(key, path): to_plain(inner, f"{path}[{key!r}]", depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(inner, f"{path}[{index}]", depth + 1) for index, inner in enumerate(value)]
    names = _attribute_names(value)
    if names is None:
        return (
            to_plain(value.value, path, depth + 1) if isinstance(value, Enum) else _plain_object(value, path)
        )
    return {
        name: to_plain(getattr(value, name), f"{path}.{name}" if path else name, depth + 1) for name in names
    }


def _plain_key(key: object, path: str) -> str:
    plain = to_plain(key, path)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, int) and not isinstance(plain, bool):
        return str(plain)
    raise PlainValueError(path, f"a key is of type {type(key).__name__}, not a string")


def _attribute_names(value: Any) -> list[str] | None:
    if isinstance(value, Enum | type):
        return None
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields

        return [field.name for field in fields(value)]
    attributes = getattr(type(value), "__attrs_attrs__", None)
    return None if attributes is None else [attribute.name for attribute in attributes]


def _plain_object(value: object, path: str) -> object:
    if isinstance(value, str | int | float):
        return value
    dump = getattr(value, "model_dump", None)
    if dump is not None and hasattr(type(value), "__pydantic_validator__"):
        return dump(mode="json")
    for kind in type(value).__mro__:
        text = _TEXTS.get((kind.__module__.partition(".")[0], kind.__qualname__))
        if text is not None:
            return text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise PlainValueError(path, "bytes have no JSON form; encode them, in base64 for example")
    raise PlainValueError(path, f"{type(value).__qualname__} has no JSON form")


def _iso_format(value: Any) -> str:
    text: str = value.isoformat()
    return text


# By name: most modules never import these.
_TEXTS: Final[dict[tuple[str, str], Callable[[Any], str]]] = {
    ("datetime", "datetime"): _iso_format,
    ("datetime", "date"): _iso_format,
    ("datetime", "time"): _iso_format,
    ("uuid", "UUID"): str,
    ("decimal", "Decimal"): str,
    ("pathlib", "PurePath"): str,
}
