"""Builds splitter.c with the compiler that is here, once per interpreter and change, and loads it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType

from core.side_by_side import Missing

SOURCE = Path(__file__).with_name("splitter.c")
BUILD = Path(__file__).parents[3] / "build" / "benches"


@cache
def c_splitter() -> ModuleType | Missing:
    """The module with the class `Splitter`, or why there is none."""
    binary = BUILD / f"c_splitter{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not binary.exists() or binary.stat().st_mtime < SOURCE.stat().st_mtime:
        reason = build(binary)
        if reason is not None:
            return Missing(reason)
    loader = importlib.machinery.ExtensionFileLoader("c_splitter", str(binary))
    spec = importlib.util.spec_from_loader("c_splitter", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def build(binary: Path) -> str | None:
    """Compile as extensions of this interpreter are compiled; returns why it failed."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    linking = ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    unfinished = binary.with_suffix(f".{os.getpid()}")
    include = f"-I{sysconfig.get_path('include')}"
    command = [*compiler, "-O3", "-DNDEBUG", "-fPIC", *linking, include, str(SOURCE), "-o", str(unfinished)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"no C compiler ({error.strerror}: {compiler[0]})"
    if done.returncode != 0:
        return f"splitter.c could not be compiled ({done.stderr.strip()[-200:]})"
    unfinished.replace(binary)
    return None
