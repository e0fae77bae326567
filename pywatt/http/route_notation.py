"""Path patterns of the frameworks, turned into the notation of an announcement."""

from __future__ import annotations

from re import Pattern


def braced_path(path: str) -> str:
    """``/u/{id:int}/{rest:path}`` as Starlette and FastAPI write it becomes ``/u/:id/*rest``."""
    parts: list[str] = []
    position = 0
    while (start := path.find("{", position)) >= 0:
        end = _closing_brace(path, start)
        if end < 0:
            break
        name, _, kind = path[start + 1 : end].partition(":")
        parts.append(path[position:start])
        parts.append(("*" if kind == "path" else ":") + name.strip())
        position = end + 1
    parts.append(path[position:])
    return "".join(parts)


def aiohttp_path(canonical: str, pattern: Pattern[str] | None) -> str:
    """aiohttp's ``/u/{id}`` becomes ``/u/:id``; a parameter whose expression takes slashes becomes ``*name``.

    Args:
        canonical: the resource's path without expressions.
        pattern: its whole expression, where it has parameters.
    """
    path = braced_path(canonical)
    if pattern is not None:
        for name in pattern.groupindex:
            if f"(?P<{name}>.*)" in pattern.pattern or f"(?P<{name}>.+)" in pattern.pattern:
                path = path.replace(f":{name}", f"*{name}")
    return path


def flask_path(rule: str) -> str:
    """``/u/<int:id>/<path:rest>`` becomes ``/u/:id/*rest``."""
    parts: list[str] = []
    position = 0
    while (start := rule.find("<", position)) >= 0:
        end = rule.find(">", start)
        if end < 0:
            break
        converter, separator, name = rule[start + 1 : end].rpartition(":")
        parts.append(rule[position:start])
        parts.append(("*" if separator and converter.partition("(")[0] == "path" else ":") + name)
        position = end + 1
    parts.append(rule[position:])
    return "".join(parts)


def join_paths(prefix: str, path: str) -> str:
    """Put a path below a prefix, with exactly one slash between them."""
    joined = prefix.rstrip("/") + ("/" + path.lstrip("/") if path else "")
    return joined or "/"


def pattern_matches(pattern: str, path: str) -> bool:
    """Tell whether a path fits an announced pattern; a segment with a parameter in it fits any segment."""
    wanted, given = pattern.split("/"), path.split("/")
    for index, segment in enumerate(wanted):
        if "*" in segment:
            return len(given) > index
        if index >= len(given) or (":" not in segment and segment != given[index]):
            return False
    return len(wanted) == len(given)


def _closing_brace(path: str, start: int) -> int:
    depth = 0
    for index in range(start, len(path)):
        if path[index] == "{":
            depth += 1
        elif path[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    return -1
