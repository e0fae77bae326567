"""Builds the compiled core where that is possible; the rest of the project stands in pyproject.toml.

PYWATT_BUILD_EXT=require  compile the core or fail
PYWATT_BUILD_EXT=forbid   install the interpreted core
PYWATT_BUILD_EXT=auto     compile it where a C compiler works, else install the interpreted core (the default)

A compiled core needs librt at run time and an interpreted one must not ask for it, so `auto` compiles one
small C file before the metadata is written and lets that decide.
"""

import os
import sys
import tempfile
import tomllib
from pathlib import Path

from setuptools import Distribution, Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = "pywatt_fast"
PROBE = "#include <Python.h>\nPyMODINIT_FUNC PyInit_probe(void) { return NULL; }\n"
PROJECT = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text(encoding="utf-8"))
SETTINGS = PROJECT["tool"]["pywatt"]
COMMAND = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")


def say(text: str) -> None:
    print(f"pywatt: {text}", flush=True)


def asked_for() -> str:
    wish = os.environ.get("PYWATT_BUILD_EXT", "") or "auto"
    if wish not in ("auto", "require", "forbid"):
        raise SystemExit(f"pywatt: PYWATT_BUILD_EXT is {wish!r}; it must be require, forbid or auto")
    return wish


def why_not_compiled() -> str | None:
    """Why the core cannot be compiled here, found by really building an extension; None when it can."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} cannot load extensions made by mypyc"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text(PROBE, encoding="ascii")
        attempt = Distribution({"name": "probe", "ext_modules": [Extension("probe", [str(source)])]})
        command = build_ext(attempt)
        command.build_lib = command.build_temp = folder
        try:
            command.ensure_finalized()
            command.run()
        except (Exception, SystemExit) as error:
            return f"no working C compiler ({error})"
    return None


def mypy_is_here() -> bool:
    try:
        import mypyc.build  # noqa: F401
    except ImportError:
        return False
    return True


def core_extensions() -> list[Extension]:
    from mypyc.build import mypycify

    # The outermost __init__ stays interpreted because it chooses the variant, the others because they hold
    # no code. One unit, because its modules call each other in numbers.
    root = Path(__file__).parent
    files = (root / PACKAGE).rglob("*.py")
    names = sorted(file.relative_to(root).as_posix() for file in files if file.name != "__init__.py")
    options = ["--config-file=", "--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"]
    return list(mypycify([*options, *names], group_name=PACKAGE, opt_level="3", debug_level="0"))


def choose(wish: str) -> tuple[list[Extension], bool]:
    """The extensions to build, and whether what is installed will be compiled."""
    if wish == "forbid" or COMMAND == "sdist":
        return [], False
    reason = why_not_compiled()
    if reason is None and COMMAND == "egg_info" and not mypy_is_here():
        return [], True  # the builder asks what it has to fetch: mypy comes with the answer
    if reason is None and not mypy_is_here():
        reason = "mypy is not installed beside setuptools"
    if reason is None:
        try:
            return core_extensions(), True
        except (Exception, SystemExit) as error:
            reason = f"mypyc could not translate the core ({error})"
    if wish == "require":
        raise SystemExit(f"pywatt: PYWATT_BUILD_EXT=require, but {reason}")
    say(f"{reason}; going on with the interpreted core, which is slower and otherwise the same")
    return [], False


class BuildCore(build_ext):
    """Builds all extensions or none: some without the others could not be imported."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            if WISH == "require":
                raise
            reason = str(error)[-60:]
            say(f"THE COMPILED CORE COULD NOT BE BUILT (... {reason}); installing the interpreted core")
            self.forget()

    def forget(self) -> None:
        for output in self.get_outputs():
            Path(output).unlink(missing_ok=True)
        if self.inplace:
            for extension in self.extensions:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = self.distribution.ext_modules = []
        self.correct_metadata()

    def correct_metadata(self) -> None:
        """Metadata written for the compiled core asks for librt: take that back."""
        self.distribution.install_requires = list(SETTINGS["dependencies"])
        self.distribution.metadata.install_requires = self.distribution.install_requires
        self.distribution.have_run.pop("egg_info", None)
        unwanted = tuple(f"Requires-Dist: {name}" for name in SETTINGS["compiled-dependencies"])
        for prepared in self.prepared_metadata():
            lines = prepared.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if not line.startswith(unwanted)]
            prepared.write_text("".join(kept), encoding="utf-8")

    def prepared_metadata(self) -> list[Path]:
        """Where the builder has put the metadata that it wrote before the extensions were tried."""
        folders = [
            getattr(self.distribution.command_obj.get(name), "dist_info_dir", None)
            for name in ("bdist_wheel", "editable_wheel")
        ]
        found = [Path(folder, "METADATA") for folder in folders if folder]
        unpacked = getattr(self.distribution.command_obj.get("install"), "install_purelib", None)
        return found + (list(Path(unpacked).glob("*.dist-info/METADATA")) if unpacked else [])


WISH = asked_for()
EXTENSIONS, COMPILED = choose(WISH)
if COMMAND not in ("sdist", "egg_info"):
    say(f"building with the {'compiled' if COMPILED else 'interpreted'} core (PYWATT_BUILD_EXT={WISH})")

setup(
    ext_modules=EXTENSIONS,
    cmdclass={"build_ext": BuildCore},
    install_requires=SETTINGS["dependencies"] + (SETTINGS["compiled-dependencies"] if COMPILED else []),
    setup_requires=SETTINGS["build-dependencies"] if COMPILED else [],
)
