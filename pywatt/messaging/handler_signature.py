"""What a message handler takes: nothing, or one payload of the annotated type."""

from __future__ import annotations

import inspect
import sys
import types
from collections import ChainMap
from collections.abc import Callable
from functools import partial
from typing import Any, Final, get_type_hints

from pywatt.errors import ConfigError
from pywatt.messaging.payload_types import Read, reader_for

_MOST_FRAMES: Final = 20
_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def payload_reader(endpoint: str, handler: Callable[..., Any]) -> Read | None:
    """What turns the payload into the handler's argument; None when it takes no argument.

    Args:
        endpoint: for the error.
        handler: a function, method or callable object.

    Raises:
        ConfigError: the handler needs more than one argument, or its annotation cannot be used.
    """
    if not callable(handler):
        raise ConfigError(f"the handler of message endpoint {endpoint!r} is not callable")
    parameters = list(inspect.signature(handler).parameters.values())
    required = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind not in _VARIADIC
    ]
    positional = [
        parameter
        for parameter in parameters
        if parameter.kind not in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD)
    ]
    if len(required) > 1 or any(parameter.kind is parameter.KEYWORD_ONLY for parameter in required):
        names = ", ".join(parameter.name for parameter in required)
        raise ConfigError(
            f"the handler of message endpoint {endpoint!r} takes ({names}); the payload is all there is"
        )
    if not positional:
        return None
    annotation = positional[0].annotation
    if annotation is inspect.Parameter.empty or positional[0].kind is inspect.Parameter.VAR_POSITIONAL:
        annotation = Any
    try:
        return reader_for(_evaluated(annotation, handler))
    except NameError as error:
        raise ConfigError(
            f"the annotation of the handler of message endpoint {endpoint!r} cannot be evaluated: {error}"
        ) from error
    except ConfigError as error:
        raise ConfigError(f"the handler of message endpoint {endpoint!r}: {error.message}") from error


def _evaluated(annotation: Any, handler: Callable[..., Any]) -> Any:
    holder = types.SimpleNamespace(__annotations__={"payload": annotation})
    names = _global_names(handler)
    try:
        return get_type_hints(holder, names, include_extras=True)["payload"]
    except NameError:
        # A class defined inside main(state), and annotations that are text: the name lives in a frame that is
        # still running.
        return get_type_hints(holder, names, ChainMap(names, *_running_names()), include_extras=True)[
            "payload"
        ]


def _global_names(handler: Any) -> dict[str, Any]:
    while isinstance(handler, partial):
        handler = handler.func
    function = inspect.unwrap(handler)
    if not hasattr(function, "__globals__"):
        function = getattr(function, "__func__", None) or type(function).__call__
    names: dict[str, Any] = getattr(function, "__globals__", {})
    return names


def _running_names() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    current: types.FrameType | None = sys._getframe(1)
    while current is not None and len(found) < _MOST_FRAMES:
        found.append(current.f_locals)
        current = current.f_back
    return found
