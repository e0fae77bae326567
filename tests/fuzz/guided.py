"""Inputs guided by the coverage of the interpreted core, with the atheris engine (`pip install atheris`)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from types import FunctionType, ModuleType

import atheris
from interpreted_core import INTERPRETED
from mutations import MAX_SIZE
from oracle import load_cores
from worker import MEMORY_EVERY, Worker


def load_instrumented_cores() -> dict[str, ModuleType]:
    """The variants, the interpreted one telling the engine where it has been."""
    cores = load_cores()
    # The hook for imports would come after the core's own, so the functions are changed where they are.
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{INTERPRETED}."):
            for function in functions_of(module):
                atheris.instrument_func(function)
    return cores


def functions_of(module: ModuleType) -> list[FunctionType]:
    """The functions and methods that a module defines."""
    found = [value for value in vars(module).values() if isinstance(value, FunctionType)]
    for kind in vars(module).values():
        if isinstance(kind, type):
            for value in vars(kind).values():
                value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                if isinstance(value, FunctionType):
                    found.append(value)
    return [function for function in found if function.__module__ == module.__name__]


def run(worker: Worker, seed: int) -> None:
    """All of the worker's inputs. Ends the process: the engine does not come back."""
    worker.begin()

    def test_one(data: bytes) -> None:
        worker.attempt(data, worker.done % MEMORY_EVERY == 0)
        worker.tell()
        if worker.done >= worker.executions:
            worker.end()
            os._exit(0)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        # The engine's own mutations learn from comparisons, ours know the forms.
        if seed % 2:
            return bytes(atheris.Mutate(data, max_size))
        return worker.mutator.mutated(data)[:max_size]

    with tempfile.TemporaryDirectory() as folder:
        for at, data in enumerate((*worker.target.seeds, *worker.corpus)):
            Path(folder, f"{at:04}").write_bytes(data)
        options = [f"-seed={seed}", f"-max_len={MAX_SIZE}", "-verbosity=0", "-timeout=60", "-rss_limit_mb=0"]
        atheris.Setup([sys.argv[0], *options, folder], test_one, custom_mutator=mutate)
        atheris.Fuzz()
