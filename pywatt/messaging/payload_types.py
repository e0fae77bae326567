"""Payloads in the types that handlers are annotated with.

Nothing is coerced: a number is no string, a string no number. pydantic models are read by pydantic itself,
which is never imported here; cattrs is imported only for types that need it.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin, is_typeddict

from pywatt.errors import ConfigError, InvalidPayload
from pywatt.protocol.strict_values import (
    RefusedFieldError,
    RefusedValueError,
    read_boolean,
    read_float,
    read_integer,
    read_text,
)
from pywatt.protocol.structuring import SeveralRefusedError, refusals, strict_converter

if TYPE_CHECKING:
    from cattrs import Converter

Read = Callable[[object], Any]
_MOST_SHOWN: Final = 10


def reader_for(annotation: Any) -> Read:
    """What turns a decoded payload into the annotated type.

    Args:
        annotation: a type, already evaluated.

    Returns:
        A function that raises InvalidPayload, naming the field, for a payload that is something else.

    Raises:
        ConfigError: payloads cannot be turned into that type.
    """
    if annotation in (Any, object):
        return _as_it_is
    simple = _SIMPLE.get(annotation) if isinstance(annotation, type) else None
    return _translated(simple) if simple is not None else _structured(annotation)


def _as_it_is(value: object) -> object:
    return value


def _read_none(value: object) -> None:
    if value is not None:
        raise RefusedValueError("null", value)


def _read_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedValueError("an object", value)
    return value


def _read_array(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise RefusedValueError("an array", value)
    return value


_SIMPLE: Final[dict[type, Read]] = {
    str: read_text,
    bool: read_boolean,
    int: read_integer,
    float: read_float,
    types.NoneType: _read_none,
    dict: _read_object,
    list: _read_array,
}


def _translated(read: Read) -> Read:
    def checked(value: object) -> Any:
        try:
            return read(value)
        except (RefusedFieldError, RefusedValueError) as error:
            raise InvalidPayload(str(error)) from None

    return checked


def _structured(annotation: Any) -> Read:
    try:
        hook = payload_converter().get_structure_hook(annotation)
    except Exception as error:
        # cattrs reports what it cannot read with many kinds of errors.
        raise ConfigError(f"payloads cannot be read as {annotation!r}: {error}") from error

    def read(value: object) -> Any:
        try:
            return hook(value, annotation)
        except Exception as error:
            # A fault of the annotated class comes out of this call as it is.
            found = list(islice(refusals(error, revealing=True), _MOST_SHOWN))
            details = [{"field": refusal.path, "reason": refusal.reason} for refusal in found]
            raise InvalidPayload("; ".join(map(str, found)), {"errors": details}) from None

    return read


@cache
def payload_converter() -> Converter:
    """The strict converter, and hooks for the types that operations never hold."""
    from cattrs.strategies import configure_union_passthrough

    converter = strict_converter().copy()
    configure_union_passthrough(Union[str, bool, int, float, None], converter)  # noqa: UP007
    converter.register_structure_hook_func(_is_literal, _read_literal)
    converter.register_structure_hook_func(_is_text_made, _read_text_made)
    converter.register_structure_hook_factory(is_typeddict, _typed_dict_hook)
    converter.register_structure_hook_factory(_is_tuple, _tuple_hook)
    converter.register_structure_hook_func(_is_pydantic, _read_pydantic)
    return converter


def _is_literal(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Literal


def _read_literal(value: object, kind: Any) -> object:
    for allowed in get_args(kind):
        if type(allowed) is type(value) and allowed == value:
            return allowed
    raise RefusedFieldError("", f"expected one of {', '.join(repr(allowed) for allowed in get_args(kind))}")


_MADE_FROM_TEXT: Final[dict[tuple[str, str], str]] = {
    ("datetime", "datetime"): "fromisoformat",
    ("datetime", "date"): "fromisoformat",
    ("datetime", "time"): "fromisoformat",
    ("uuid", "UUID"): "",
    ("decimal", "Decimal"): "",
}


def _is_text_made(kind: Any) -> bool:
    return isinstance(kind, type) and (kind.__module__, kind.__qualname__) in _MADE_FROM_TEXT


def _read_text_made(value: object, kind: Any) -> object:
    method = _MADE_FROM_TEXT[(kind.__module__, kind.__qualname__)]
    text = read_text(value)
    try:
        return getattr(kind, method)(text) if method else kind(text)
    except (ValueError, ArithmeticError):
        raise RefusedFieldError("", f"expected the text of a {kind.__name__}") from None


def _typed_dict_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    from cattrs.gen.typeddicts import make_dict_structure_fn

    structured = make_dict_structure_fn(kind, converter)
    # cattrs itself looks for fields in anything.
    return lambda value, target: structured(_read_object(value), target)


def _is_tuple(kind: Any) -> bool:
    return kind is tuple or get_origin(kind) is tuple


def _tuple_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    arguments = get_args(kind) or (Any, ...)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        items = list[arguments[0]]  # type: ignore[valid-type]
        read_items = converter.get_structure_hook(items)
        return lambda value, _: tuple(read_items(value, items))
    hooks = [(converter.get_structure_hook(argument), argument) for argument in arguments]

    def read(value: Any, _kind: Any) -> Any:
        given = _read_array(value)
        if len(given) != len(hooks):
            raise RefusedFieldError("", f"expected an array of {len(hooks)} values")
        return tuple(
            _read_item(hook, argument, item, index)
            for index, ((hook, argument), item) in enumerate(zip(hooks, given, strict=True))
        )

    return read


def _read_item(hook: Callable[[Any, Any], Any], kind: Any, item: object, index: int) -> Any:
    try:
        return hook(item, kind)
    except Exception as error:
        raise SeveralRefusedError([(index, error)]) from None


def _is_pydantic(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "__pydantic_validator__")


def _read_pydantic(value: object, kind: Any) -> Any:
    try:
        # Models have a method for this; pydantic's dataclasses have only the validator.
        return kind.__pydantic_validator__.validate_python(value)
    except ValueError as error:
        describe = getattr(error, "errors", None)
        if describe is None:
            raise
        first = describe(include_url=False, include_context=False, include_input=False)[0]
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]
        ).removeprefix(".")
        raise RefusedFieldError(path, first["msg"]) from None
