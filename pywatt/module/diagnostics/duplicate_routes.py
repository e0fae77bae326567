"""HTTP routes that an application has twice: frameworks keep both, and call the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pywatt.messaging.handlers import place_of


class DuplicateRoute(NamedTuple):
    """A method and path with two handlers, each as `name (file:line)`."""

    method: str
    path: str
    first: str
    second: str


def duplicate_routes(app: object) -> Iterator[DuplicateRoute]:
    """Find the routes of a FastAPI, Starlette or Flask application that come after one for the same requests.

    aiohttp refuses them itself; what other frameworks do is not known.

    Args:
        app: the application.
    """
    seen: dict[tuple[str, str], Any] = {}
    for method, path, handler in _routes(app):
        first = seen.setdefault((method, path), handler)
        if first is not handler:
            yield DuplicateRoute(method, path, place_of(first), place_of(handler))


def _routes(app: Any) -> Iterator[tuple[str, str, Any]]:
    rules = getattr(app, "url_map", None)
    if rules is not None:
        for rule in rules.iter_rules():
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, rule.rule, app.view_functions[rule.endpoint]
        return
    for route in getattr(app, "routes", ()):
        path, handler = getattr(route, "path", None), getattr(route, "endpoint", None)
        if isinstance(path, str) and callable(handler):
            for method in sorted((getattr(route, "methods", None) or set()) - {"HEAD", "OPTIONS"}):
                yield method, path, handler
