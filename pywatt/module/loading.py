"""Finds the module that a file, a package or an application names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import ModuleType

from pywatt.errors import BootstrapError
from pywatt.module.author_code import describe
from pywatt.module.definition import ModuleDefinition
from pywatt.module.options import ModuleOptions


class LoadingError(BootstrapError):
    """A module's code could not be loaded, or holds no module."""


class NoModuleFound(LoadingError):
    """The code was loaded, and holds no function with @pywatt_module, or several."""


def load_definition(target: str | None = None, *, app: str | None = None) -> ModuleDefinition:
    """The definition that a target names.

    Args:
        target: a Python file, or a dotted name; it holds one function with @pywatt_module.
        app: instead of a target, "package.module:attribute" of an application or a definition.

    Raises:
        LoadingError: says what is wrong, where, and what to do.
    """
    if app is not None:
        return _definition_for_application(app)
    if target is None:
        raise LoadingError("nothing to load: name a Python file, a package or --app package.module:attribute")
    if target.endswith(".py") or os.sep in target:
        return _only_definition(_import_file(target), target)
    return _only_definition(_import_name(target), target)


def _import_file(path: str) -> ModuleType:
    if not os.path.isfile(path):
        raise LoadingError(f"there is no file {path} (seen from {os.getcwd()})")
    directory, name = os.path.split(os.path.abspath(path))
    # As `python FILE` does: the file's own directory comes first.
    sys.path.insert(0, directory)
    stem = name.removesuffix(".py")
    taken = stem in sys.modules or stem in sys.stdlib_module_names or not stem.isidentifier()
    module_name = f"pywatt_module_{stem}" if taken else stem
    spec = importlib.util.spec_from_file_location(module_name, os.path.join(directory, name))
    if spec is None or spec.loader is None:
        raise LoadingError(f"{path} is not a Python file: its name must end with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LoadingError(f"cannot load {path}: {describe(error)}") from error
    return module


def _import_name(name: str) -> ModuleType:
    # `python -m` puts the current directory there; `pywatt` as a command does not.
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise LoadingError(
                f"there is no module {name!r} to import (seen from {os.getcwd()}); "
                "a file is named with its .py"
            ) from None
        raise LoadingError(f"cannot import {name}: {describe(error)}") from error
    except Exception as error:
        raise LoadingError(f"cannot import {name}: {describe(error)}") from error


def _only_definition(module: ModuleType, target: str) -> ModuleDefinition:
    found = {name: value for name, value in vars(module).items() if isinstance(value, ModuleDefinition)}
    own = {name: value for name, value in found.items() if value.function.__module__ == module.__name__}
    candidates = own or found
    distinct = list({id(value): value for value in candidates.values()}.values())
    if len(distinct) == 1:
        return distinct[0]
    if "main" in candidates:
        return candidates["main"]
    if distinct:
        names = ", ".join(sorted(candidates))
        raise NoModuleFound(
            f"{target} has several functions with @pywatt_module ({names}): keep one, or call one `main`"
        )
    raise NoModuleFound(
        f"{target} has no function with @pywatt_module: decorate the one that takes the state and returns "
        "the application, or start an application directly with --app package.module:attribute"
    )


def _definition_for_application(app: str) -> ModuleDefinition:
    module_name, separator, attribute = app.partition(":")
    if not separator or not module_name or not attribute:
        raise LoadingError(f"{app!r} does not name an application: write package.module:attribute")
    found: object = _import_name(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise LoadingError(f"{module_name} has no {attribute!r} (looked for {part!r})")
        found = getattr(found, part)
    if isinstance(found, ModuleDefinition):
        return found
    application = found
    return ModuleDefinition(lambda state: application, ModuleOptions())
