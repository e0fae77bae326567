"""Which secrets a module may ask for: what the configuration lists, or what the Python file declares."""

import ast
from pathlib import Path
from typing import Final

from pywatt.orchestrator.configuration.checks import find_module_file
from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.configuration.values import is_import_path

MAX_SOURCE_SIZE: Final = 4 * 1024 * 1024
_DECORATOR = "pywatt_module"


def allowed_secrets(module: ModuleConfiguration) -> list[str] | None:
    """Return the names a module may ask for.

    Args:
        module: a checked module.

    Returns:
        The configured list, else what its file declares, else nothing; None when the file declares its
        secrets in a way that only running it could tell.
    """
    return list(module.secrets) if module.secrets is not None else _declared_by(module)


def withheld_names(module: ModuleConfiguration) -> set[str]:
    """Return the names that a module lists as secrets, in the configuration or in its file.

    A name that only the file lists is not handed out, but it is a secret all the same.

    Args:
        module: a checked module.
    """
    return {*(module.secrets or ()), *(_declared_by(module) or ())}


def _declared_by(module: ModuleConfiguration) -> list[str] | None:
    if module.run is None:
        return []
    if not is_import_path(module.run):
        return declared_secrets(module.directory / module.run)
    file = find_module_file(module.run, module)
    return None if file is None or file.suffix != ".py" else declared_secrets(file)


def declared_secrets(path: Path) -> list[str] | None:
    """Return the names in `@pywatt_module(secrets=[...])` of a Python file, without running it.

    Args:
        path: the file.

    Returns:
        The names in their order; nothing when the decorator names none or is not used; None when the list
        is not literal or the file cannot be parsed.
    """
    try:
        if path.stat().st_size > MAX_SOURCE_SIZE:
            return None
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    decorators = _decorators(tree)
    if len(decorators) > 1:
        # One file is one module: which of them counts is the loader's to refuse.
        return None
    return _named_by(decorators[0], tree) if decorators else []


def _named_by(decorator: ast.expr, tree: ast.Module) -> list[str] | None:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    names: list[str] | None = []
    for keyword in keywords:
        if keyword.arg is None:
            # Whatever `**options` holds may name secrets.
            return None
        if keyword.arg == "secrets":
            names = _literal_names(keyword.value, tree)
    return names


def _decorators(tree: ast.Module) -> list[ast.expr]:
    names = _names_of_decorator(tree)
    return [
        decorator
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for decorator in node.decorator_list
        if _is_decorator(decorator, names)
    ]


def _names_of_decorator(tree: ast.Module) -> set[str]:
    names = {_DECORATOR}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "pywatt":
            names |= {alias.asname for alias in node.names if alias.name == _DECORATOR and alias.asname}
    return names


def _is_decorator(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr == _DECORATOR
    return isinstance(node, ast.Name) and node.id in names


def _literal_names(node: ast.expr, tree: ast.Module) -> list[str] | None:
    if isinstance(node, ast.Name):
        constant = _constant(node.id, tree)
        if constant is None:
            return None
        node = constant
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if value is None:
        return []
    if not isinstance(value, (list, tuple, set)) or not all(isinstance(name, str) for name in value):
        return None
    return sorted(value) if isinstance(value, set) else list(value)


def _constant(name: str, tree: ast.Module) -> ast.expr | None:
    """Return what a module-level name is assigned, if that happens exactly once in the whole file."""
    stores = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    values = []
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        else:
            continue
        if isinstance(target, ast.Name) and target.id == name:
            values.append(value)
    return values[0] if len(values) == 1 == len(stores) else None
