"""Which Python a command starts, asked of that Python."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pywatt.orchestrator.doctor.evidence import Interpreter

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration

TIMEOUT: Final = 5.0
MAX_ANSWER: Final = 4096
_PYTHON: Final = re.compile(r"(python|pypy)[0-9.]*")
# The current directory is no place from which a script's own imports come.
_QUESTION: Final = """
import json, sys
sys.path[:1] = []
try:
    import importlib.util
    found = importlib.util.find_spec("pywatt") is not None
except Exception:
    found = False
print(json.dumps({"version": sys.version.split()[0], "prefix": sys.prefix, "pywatt": found}))
"""


def is_python_program(program: str) -> bool:
    """Tell from its name whether a program is a Python interpreter.

    Args:
        program: its path, or its name.
    """
    return _PYTHON.fullmatch(Path(program).name) is not None


async def ask_interpreter(module: ModuleConfiguration, environment: Mapping[str, str]) -> Interpreter | None:
    """Return what the Python of a command says of itself; None for a command that starts no Python.

    Args:
        module: its configuration.
        environment: what the command gets.
    """
    command = (module.command or [""])[0]
    if not is_python_program(command):
        return None
    unknown = Interpreter(command, "", "", has_pywatt=False)
    try:
        process = await asyncio.create_subprocess_exec(
            command,
            "-c",
            _QUESTION,
            cwd=module.directory,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return unknown
    try:
        async with asyncio.timeout(TIMEOUT):
            assert process.stdout is not None
            answer = json.loads(await process.stdout.read(MAX_ANSWER))
            await process.wait()
    except (TimeoutError, ValueError):
        return unknown
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if not isinstance(answer, dict):
        return unknown
    return Interpreter(
        command, str(answer.get("version")), str(answer.get("prefix")), answer.get("pywatt") is True
    )
