"""What must hold between the keys of a configuration, and between it and the files it names."""

import importlib.machinery
import importlib.util
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pywatt.channels.limits import MAX_SOCKET_PATH
from pywatt.orchestrator.configuration.errors import KeyPath, did_you_mean
from pywatt.orchestrator.configuration.reading import KeyProblem
from pywatt.orchestrator.configuration.settings import GatewayConfiguration, ModuleConfiguration
from pywatt.orchestrator.configuration.values import OPTIONAL_SOURCE, is_import_path, is_source
from pywatt.protocol.listen import UnixAddress


def check_gateway(gateway: GatewayConfiguration) -> Iterator[KeyProblem]:
    """Check that the gateway's socket path can be bound.

    Args:
        gateway: with an absolute Unix path.
    """
    if isinstance(gateway.listen, UnixAddress):
        length = len(os.fsencode(gateway.listen.path))
        if length > MAX_SOCKET_PATH:
            yield KeyProblem(
                ("gateway", "listen"), f"is a path of {length} bytes", f"at most {MAX_SOCKET_PATH} bytes"
            )


def check_secrets(sources: Sequence[object], directory: Path) -> Iterator[KeyProblem]:
    """Check that the files of secrets exist.

    `.env` may be missing: by custom it is kept out of version control. Others were named on purpose.

    Args:
        sources: the list as the TOML reader gave it.
        directory: what its files are relative to.
    """
    for index, source in enumerate(sources):
        path = ("secrets", "from", index)
        if not isinstance(source, str) or not is_source(source):
            continue
        if source in sources[:index]:
            yield KeyProblem(path, f'"{source}" stands here twice', "every source once")
        elif source not in ("env", OPTIONAL_SOURCE) and not (directory / source).exists():
            yield KeyProblem(path, f"no such file: {directory / source}")


def check_modules(
    modules: Mapping[str, ModuleConfiguration], tables: Any, wrong: Collection[KeyPath]
) -> list[KeyProblem]:
    """Check all modules, alone and against each other.

    Args:
        modules: those whose table could be read; keys that are wrong have their default.
        tables: the modules as the TOML reader gave them.
        wrong: keys that are already reported; nothing that depends on them is checked.
    """
    problems: list[KeyProblem] = []
    names = list(tables) if isinstance(tables, dict) else []
    for module in modules.values():
        path = ("modules", module.name)
        wrong_keys = {key[2] for key in wrong if key[:2] == path and len(key) > 2}
        problems += _check_program(module, tables[module.name], wrong_keys)
        problems += _check_after(module, names)
        problems += _check_sdk(module, wrong_keys)
        problems += _check_pump(module, tables[module.name], wrong_keys)
        problems += _check_values(module)
    problems += _check_cycles(modules)
    problems += _check_routes(modules)
    return problems


def check_target(module: ModuleConfiguration, path: KeyPath) -> Iterator[KeyProblem]:
    """Check that what a module is started from exists, without running any of it.

    Args:
        module: with exactly one of `run`, `app` and `command`.
        path: the path of the module's table.
    """
    if module.command is not None:
        yield from _check_command(module, path)
    elif module.app is not None:
        name = module.app.partition(":")[0]
        if find_module_file(name, module) is None:
            yield KeyProblem(
                (*path, "app"), f'no Python module "{name}"', f"it in {module.directory} or installed"
            )
    elif module.run is not None:
        yield from _check_run(module, module.run, path)


def find_module_file(name: str, module: ModuleConfiguration) -> Path | None:
    """Return the file of a Python module, found without importing anything; None when there is none.

    Args:
        name: the import path.
        module: its directory and its PYTHONPATH are searched before what is installed.
    """
    first, *rest = name.split(".")
    own_paths = filter(None, module.env.get("PYTHONPATH", "").split(os.pathsep))
    places = [str(module.directory), *(str(module.directory / path) for path in own_paths)]
    spec = importlib.machinery.PathFinder.find_spec(first, places)
    if spec is None:
        try:
            spec = importlib.util.find_spec(first)
        except (ImportError, ValueError):
            return None
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        # By its last name: a dotted one would make the finder ask for parents that nobody has imported.
        spec = importlib.machinery.PathFinder.find_spec(part, list(spec.submodule_search_locations))
    if spec is None:
        return None
    return Path(spec.origin) if spec.origin else Path(next(iter(spec.submodule_search_locations or ()), name))


def _check_program(
    module: ModuleConfiguration, table: Mapping[str, Any], wrong: Collection[str | int]
) -> Iterator[KeyProblem]:
    path = ("modules", module.name)
    given = [key for key in ("run", "app", "command") if key in table]
    if len(given) != 1:
        what = f"has both {' and '.join(given)}" if given else "says nothing to start"
        place = (*path, given[-1]) if given else path
        yield KeyProblem(place, what, "exactly one of run, app and command")
    elif given[0] not in wrong and "directory" not in wrong:
        if not module.directory.is_dir():
            yield KeyProblem((*path, "directory"), f"no such directory: {module.directory}")
        else:
            yield from check_target(module, path)


def _check_run(module: ModuleConfiguration, run: str, path: KeyPath) -> Iterator[KeyProblem]:
    if is_import_path(run):
        if find_module_file(run, module) is None:
            yield KeyProblem(
                (*path, "run"), f'no Python module "{run}"', f"it in {module.directory} or installed"
            )
        return
    file = module.directory / run
    if file.is_file():
        return
    near = sorted(found.name for found in file.parent.glob("*.py"))
    what = f"is a directory: {file}" if file.is_dir() else f"no such file: {file}"
    yield KeyProblem((*path, "run"), what, None, did_you_mean(file.name, near))


def _check_command(module: ModuleConfiguration, path: KeyPath) -> Iterator[KeyProblem]:
    if not module.command or not module.command[0]:
        yield KeyProblem(
            (*path, "command"), "is empty", 'a program and its arguments, such as ["./geo", "--fast"]'
        )
        return
    program = module.command[0]
    place = (*path, "command", 0)
    if "/" in program:
        file = module.directory / program
        if not file.is_file():
            yield KeyProblem(place, f"no such file: {file}")
        elif not os.access(file, os.X_OK):
            yield KeyProblem(place, f"is not executable: {file}", None, f"chmod +x {file}")
    elif shutil.which(program, path=module.env.get("PATH")) is None:
        suggestion = f'write "./{program}"' if (module.directory / program).is_file() else None
        yield KeyProblem(place, f'no program "{program}" in PATH', None, suggestion)


def _check_after(module: ModuleConfiguration, names: list[str]) -> Iterator[KeyProblem]:
    for index, name in enumerate(module.after):
        path = ("modules", module.name, "after", index)
        if name == module.name:
            yield KeyProblem(path, "a module cannot start after itself")
        elif name not in names:
            yield KeyProblem(path, f'no module is named "{name}"', None, did_you_mean(name, names))
        elif name in module.after[:index]:
            yield KeyProblem(path, f'"{name}" stands here twice')


def _check_sdk(module: ModuleConfiguration, wrong: Collection[str | int]) -> Iterator[KeyProblem]:
    path = ("modules", module.name)
    if module.sdk == "pywatt" or "sdk" in wrong:
        return
    if module.command is None and "command" not in wrong:
        yield KeyProblem(
            (*path, "sdk"),
            f'is "{module.sdk}" for a Python module',
            f'command = [...] with sdk = "{module.sdk}"; run and app always use the pywatt SDK',
        )
    if module.sdk == "none":
        if module.secrets:
            yield KeyProblem(
                (*path, "secrets"),
                'a module with sdk = "none" cannot ask for secrets',
                "no secrets, or another sdk",
            )
        if "PORT" in module.env:
            yield KeyProblem(
                (*path, "env", "PORT"), 'is set by the orchestrator for sdk = "none"', "another name"
            )


def _check_pump(
    module: ModuleConfiguration, table: Mapping[str, Any], wrong: Collection[str | int]
) -> Iterator[KeyProblem]:
    path = ("modules", module.name, "pump")
    if "pump" in table and module.sdk != "crate" and "sdk" not in wrong:
        yield KeyProblem(
            path,
            f'has no meaning for a module with sdk = "{module.sdk}"',
            'sdk = "crate": only modules built with the Rust crate need leave to send',
        )
    elif module.pump.quick > module.pump.slow:
        yield KeyProblem(
            (*path, "quick"),
            f"is {module.pump.quick:g}, above slow",
            f"at most {module.pump.slow:g}",
        )


def _check_values(module: ModuleConfiguration) -> Iterator[KeyProblem]:
    path = ("modules", module.name)
    for name, count in Counter(module.secrets or ()).items():
        if count > 1:
            yield KeyProblem((*path, "secrets"), f'"{name}" stands here twice')
    if module.heartbeat_timeout <= module.heartbeat_interval:
        yield KeyProblem(
            (*path, "heartbeat_timeout"),
            f"is {module.heartbeat_timeout:g}, not above heartbeat_interval",
            f"more than {module.heartbeat_interval:g}",
        )
    if module.restart.initial_delay > module.restart.max_delay:
        yield KeyProblem(
            (*path, "restart", "initial_delay"),
            f"is {module.restart.initial_delay:g}, above max_delay",
            f"at most {module.restart.max_delay:g}",
        )


def _check_cycles(modules: Mapping[str, ModuleConfiguration]) -> Iterator[KeyProblem]:
    finished: set[str] = set()
    for name in modules:
        cycle = _find_cycle(name, modules, finished)
        if cycle is not None:
            index = modules[cycle[0]].after.index(cycle[1])
            yield KeyProblem(
                ("modules", cycle[0], "after", index),
                f"the modules wait for each other: {' -> '.join(cycle)}",
                "an order in which they can start",
            )


def _find_cycle(
    start: str, modules: Mapping[str, ModuleConfiguration], finished: set[str]
) -> list[str] | None:
    trail: list[str] = []
    pending: list[tuple[str, Iterator[str]]] = []

    def enter(name: str) -> None:
        trail.append(name)
        pending.append((name, iter(modules[name].after)))

    cycle: list[str] | None = None
    if start not in finished:
        enter(start)
    while pending:
        name, following = pending[-1]
        step = next(following, None)
        if step is None:
            pending.pop()
            trail.pop()
            finished.add(name)
        elif step in trail:
            # A module that waits for itself is reported where it stands.
            if cycle is None and step != name:
                cycle = [*trail[trail.index(step) :], step]
        elif step in modules and step not in finished:
            enter(step)
    return cycle


def _check_routes(modules: Mapping[str, ModuleConfiguration]) -> Iterator[KeyProblem]:
    routed = [(module.route, module.name) for module in modules.values() if module.route is not None]
    for index, (route, name) in enumerate(routed):
        for other_route, other in routed[:index]:
            if _overlap(route, other_route):
                what = f'"{route}" overlaps with "{other_route}" of module {other}'
                if route == other_route:
                    what = f'"{route}" is already the route of module {other}'
                yield KeyProblem(("modules", name, "route"), what, "every path to belong to one module")


def _overlap(one: str, other: str) -> bool:
    if one == other:
        return True
    # "/" takes what no other route takes.
    if "/" in {one, other}:
        return False
    return one.startswith(other + "/") or other.startswith(one + "/")
