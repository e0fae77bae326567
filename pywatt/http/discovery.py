"""Endpoints found in an application: real routes only, in the notation of an announcement.

Methods are upper case without HEAD and OPTIONS, parameters are written `:name`, the rest of a path `*rest`,
and the list is sorted by path with equal paths merged. Frameworks are recognised through `sys.modules`: an
application of a framework that was never imported cannot exist.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pywatt.http.route_notation import aiohttp_path, braced_path, flask_path, join_paths
from pywatt.protocol.operations import EndpointAnnounce

_SILENT_METHODS: Final = frozenset({"HEAD", "OPTIONS"})
_MAX_WRAPPERS: Final = 16
_ANY_METHOD: Final = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})

Found = tuple[str, Iterable[str], str | None]


class Routes:
    """What is known about an application's routes.

    Args:
        endpoints: what it serves for certain.
        opaque: path prefixes below which it may serve anything; the empty string is everything.
    """

    __slots__ = ("endpoints", "opaque")

    def __init__(self, endpoints: list[EndpointAnnounce], opaque: tuple[str, ...] = ()) -> None:
        self.endpoints = endpoints
        self.opaque = opaque

    def serves(self, method: str, path: str) -> bool | None:
        """Tell whether a literal path is the application's own; None when only asking it can tell."""
        if any(found.path == path and method in found.methods for found in self.endpoints):
            return True
        below = any(not prefix or path == prefix or path.startswith(prefix + "/") for prefix in self.opaque)
        return None if below else False


def announce_from_router(app: object) -> list[EndpointAnnounce]:
    """List the endpoints of a FastAPI, Starlette, Flask or aiohttp application; none for any other."""
    return discover(app).endpoints


def discover(app: object) -> Routes:
    """Find the routes of an application, those in mounts and routers included."""
    opaque: list[str] = []
    return Routes(merge_endpoints(_walk(app, "", opaque)), tuple(dict.fromkeys(opaque)))


def merge_endpoints(found: Iterable[Found]) -> list[EndpointAnnounce]:
    """Merge equal paths, keep the first authentication that is named, sort by path."""
    methods_of: dict[str, set[str]] = {}
    auth_of: dict[str, str | None] = {}
    for path, methods, auth in found:
        kept = {method.upper() for method in methods} - _SILENT_METHODS
        if not kept:
            continue
        methods_of.setdefault(path, set()).update(kept)
        auth_of[path] = auth_of.get(path) or auth
    return [EndpointAnnounce(path, sorted(methods_of[path]), auth_of[path]) for path in sorted(methods_of)]


def loaded(module: str, name: str) -> Any:
    """A class of a framework, or an empty tuple (an instance of nothing) when it was never imported."""
    return getattr(sys.modules.get(module), name, ())


def _walk(app: object, prefix: str, opaque: list[str], depth: int = 0) -> Iterator[Found]:
    if isinstance(app, loaded("flask", "Flask")):
        yield from _flask(app, prefix)
    elif isinstance(app, loaded("aiohttp.web", "Application")):
        yield from _aiohttp(app)
    elif isinstance(app, loaded("starlette.staticfiles", "StaticFiles")):
        yield join_paths(prefix, "/*path"), ("GET",), None
    elif isinstance(
        app, (loaded("starlette.applications", "Starlette"), loaded("starlette.routing", "Router"))
    ):
        yield from _starlette(app.routes, prefix, opaque)
    elif app is not None:
        # A wrapper passes requests on, but may also answer some itself.
        opaque.append(prefix)
        inner = getattr(app, "app", None)
        if callable(inner) and depth < _MAX_WRAPPERS:
            yield from _walk(inner, prefix, opaque, depth + 1)


def _starlette(routes: Iterable[Any], prefix: str, opaque: list[str]) -> Iterator[Found]:
    mount = loaded("starlette.routing", "Mount")
    host = loaded("starlette.routing", "Host")
    plain = loaded("starlette.routing", "Route")
    for route in _with_included_routers(routes):
        original = getattr(route, "original_route", route)
        path = getattr(route, "path", None)
        if isinstance(original, mount):
            yield from _mounted(original, join_paths(prefix, braced_path(path or "")), opaque)
        elif isinstance(original, host):
            yield from _walk(original.app, prefix, opaque)
        elif isinstance(original, plain) and path is not None:
            yield join_paths(prefix, braced_path(path)), _starlette_methods(route), _bearer(route)


def _with_included_routers(routes: Iterable[Any]) -> Iterator[Any]:
    """Newer FastAPI keeps included routers whole; its own iterator knows each path and its dependencies."""
    flatten = loaded("fastapi.routing", "iter_route_contexts")
    return iter(routes) if flatten == () else flatten(list(routes))


def _mounted(mount: Any, prefix: str, opaque: list[str]) -> Iterator[Found]:
    if mount.routes:
        yield from _starlette(mount.routes, prefix, opaque)
    else:
        yield from _walk(getattr(mount, "_base_app", mount.app), prefix, opaque)


def _starlette_methods(route: Any) -> Iterable[str]:
    if route.methods:
        return frozenset(route.methods)
    endpoint = getattr(route, "endpoint", None)
    if isinstance(endpoint, type):
        return frozenset(name for name in _ANY_METHOD if callable(getattr(endpoint, name.lower(), None)))
    return ("GET",)


def _bearer(route: Any) -> str | None:
    pending = [getattr(route, "dependant", None)]
    scheme = loaded("fastapi.security.base", "SecurityBase")
    while pending:
        dependant = pending.pop()
        if dependant is None:
            continue
        call = getattr(dependant, "call", None)
        if isinstance(call, scheme) and _is_bearer(call.model):
            return "jwt"
        pending.extend(getattr(dependant, "dependencies", ()))
    return None


def _is_bearer(model: Any) -> bool:
    kind = getattr(getattr(model, "type_", None), "value", "")
    return kind in ("oauth2", "openIdConnect") or (
        kind == "http" and str(getattr(model, "scheme", "")).lower() == "bearer"
    )


def _flask(app: Any, prefix: str) -> Iterator[Found]:
    for rule in app.url_map.iter_rules():
        if not rule.build_only and not rule.websocket:
            yield join_paths(prefix, flask_path(rule.rule)), rule.methods or ("GET",), None


def _aiohttp(app: Any) -> Iterator[Found]:
    for resource in app.router.resources():
        known = resource.get_info()
        if "app" in known:
            # The paths of a nested application already hold its prefix.
            yield from _aiohttp(known["app"])
        elif "directory" in known:
            yield join_paths(known["prefix"], "/*filename"), ("GET",), None
        else:
            path = aiohttp_path(resource.canonical, known.get("pattern"))
            for route in resource:
                yield path, _ANY_METHOD if route.method == "*" else (route.method,), None
