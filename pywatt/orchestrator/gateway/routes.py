"""Which module a request target belongs to, and what of the target the module sees."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

MODULE_PREFIX = "/m/"

# A path can only climb with two dots in a row, each of them plain or escaped. An escaped percent sign may
# hide either behind one more round of decoding.
_MIGHT_CLIMB = re.compile(r"\.\.|%2e|%25", re.IGNORECASE)
_SEPARATORS = re.compile(r"[/\\]")
_MAX_DECODINGS = 8


class Match(NamedTuple):
    """A request target, divided.

    Attributes:
        module: the name of the module, or None when no route fits; "/m/NAME" names one that may not exist.
        prefix: the stripped prefix, without a slash at its end; empty for a module at "/".
        target: what the module sees: path and query exactly as the client sent them, beginning with "/".
        climbs: True when `..` would leave the prefix under some reading of the escapes.
    """

    module: str | None
    prefix: str
    target: str
    climbs: bool


class RouteTable:
    """Finds the module for a raw request target; the longest prefix wins.

    Args:
        modules: every module's name; each is served below "/m/NAME".
        routes: (prefix, module) pairs from the configuration; a prefix begins with "/".
        single: the one module that `pywatt run` serves at "/" besides, or None.
    """

    def __init__(self, modules: Iterable[str], routes: Iterable[tuple[str, str]], single: str | None = None):
        self._modules = frozenset(modules)
        prefixes = {prefix.rstrip("/"): module for prefix, module in routes}
        if single is not None:
            prefixes.setdefault("", single)
        self._prefixes = sorted(prefixes.items(), key=lambda item: len(item[0]), reverse=True)
        # Under `up` a misspelt "/m/NAME" must not fall through to whatever is mounted at "/".
        self._reserve_module_paths = single is None

    def find(self, target: str) -> Match:
        """Divide a request target.

        Args:
            target: the origin-form target of the request line, percent-escapes and query untouched.
        """
        path, question_mark, query = target.partition("?")
        module, prefix = self._owner(path)
        rest = path[len(prefix) :]
        climbs = (".." in path or "%" in path) and _MIGHT_CLIMB.search(path) is not None and leaves_root(rest)
        return Match(module, prefix, (rest or "/") + question_mark + query, climbs)

    def _owner(self, path: str) -> tuple[str | None, str]:
        if path.startswith(MODULE_PREFIX):
            name = path[len(MODULE_PREFIX) :].partition("/")[0]
            if name in self._modules:
                return name, MODULE_PREFIX + name
            if self._reserve_module_paths:
                return name, MODULE_PREFIX[:-1]
        for prefix, module in self._prefixes:
            length = len(prefix)
            if path.startswith(prefix) and (len(path) == length or path[length] == "/"):
                return module, prefix
        return None, ""


def leaves_root(path: str) -> bool:
    """Tell whether `..` in a path would climb above its start.

    Nobody knows how often the module behind decodes its path, nor whether it takes escaped slashes and
    backslashes for separators: the answer is True when any of these readings climbs.

    Args:
        path: a raw path, without its query.
    """
    decoded = path
    segments = path.split("/")
    for _ in range(_MAX_DECODINGS):
        if _climbs(segments) or _climbs(_SEPARATORS.split(decoded)):
            return True
        if "%" not in decoded:
            return False
        once = unquote(decoded, encoding="latin-1")
        if once == decoded:
            return False
        decoded = once
        segments = [unquote(segment, encoding="latin-1") for segment in segments]
    # Escapes nested this deep are an attempt to hide something.
    return True


def _climbs(segments: Iterable[str]) -> bool:
    depth = 0
    for segment in segments:
        # Some servers cut path parameters off a segment before they look at it ("..;x").
        name = segment.partition(";")[0]
        if name == "..":
            depth -= 1
            if depth < 0:
                return True
        elif name not in {"", "."}:
            depth += 1
    return False
