"""A wheel in a fresh environment, and the suite on what is installed there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from building import run_quietly, unpack
from interpreters import Interpreter

# They build the project, so they are about the checkout and not about a wheel.
ABOUT_THE_CHECKOUT = "tests/system/test_install.py"
# The sources and what builds them must not be found beside the tests.
SOURCES = ("pywatt", "pywatt_fast", "pywatt.egg-info", "setup.py", "setup.cfg")
WHERE = """
import importlib.util, json, sys, pywatt, pywatt_fast
print(json.dumps([pywatt.__file__, pywatt_fast.__file__, pywatt_fast.COMPILED, sys.prefix,
    importlib.util.find_spec("librt") is not None]))
"""


class Trial:
    """An environment outside the checkout with one wheel installed, and the tests of the source archive."""

    def __init__(
        self, interpreter: Interpreter, wheel: Path, archive: Path, core: str, outside: Path
    ) -> None:
        self.core = core
        folder = outside / f"{core}-{interpreter.version}"
        self.environment = folder / "environment"
        self.suite = unpack(archive, folder / "suite")
        for name in SOURCES:
            path = self.suite / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        run_quietly([interpreter.path, "-m", "venv", self.environment])
        self.python = self.environment / "bin" / "python"
        run_quietly([self.python, "-m", "pip", "install", f"pywatt[test] @ {wheel.as_uri()}"])

    def variables(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYWATT_")}
        path = f"{self.environment / 'bin'}{os.pathsep}{inherited['PATH']}"
        tested = "both" if self.core == "compiled" else "interpreted"
        return {**inherited, "PATH": path, "PYWATT_TEST_CORE": tested}

    def check_import(self) -> list[str]:
        """Whether both packages come from the environment, with the core that the wheel is for."""
        done = subprocess.run(
            [self.python, "-c", WHERE], cwd=self.suite, env=self.variables(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            return [f"it cannot be imported: {done.stderr.strip().splitlines()[-1]}"]
        *files, compiled, prefix, has_librt = json.loads(done.stdout)
        problems = [f"{file} is not of the environment" for file in files if not file.startswith(prefix)]
        if compiled != (self.core == "compiled"):
            problems.append(f"COMPILED is {compiled}")
        if has_librt != compiled:
            problems.append(f"librt is {'there' if has_librt else 'not there'}")
        return problems

    def run_suite(self, selection: list[str], cargo_target: Path) -> dict[str, int]:
        """Runs tests, shows them as they run, and counts how they ended."""
        command: list[str | Path] = [self.python, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-q"]
        command += [f"--ignore={ABOUT_THE_CHECKOUT}", *selection]
        variables = self.variables()
        variables.setdefault("CARGO_TARGET_DIR", str(cargo_target))
        last = ""
        with subprocess.Popen(
            command,
            cwd=self.suite,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sys.stdout.write(f"    {line}")
                sys.stdout.flush()
                last = line if line.strip() else last
        counts = {
            word: int(number) for number, word in re.findall(r"(\d+) (\w+?)s?\b", last.partition(" in ")[0])
        }
        failed = counts.get("failed", 0) + counts.get("error", 0)
        if process.returncode != 0:
            failed = max(failed, 1)
        return {"passed": counts.get("passed", 0), "failed": failed, "skipped": counts.get("skipped", 0)}
