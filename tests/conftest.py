"""Options and fixtures that every test tree shares."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# A shared machine may stall any example; what is slow shows in the benches.
settings.register_profile("pywatt", deadline=None)
settings.load_profile("pywatt")

INTERPRETED = "pywatt_fast_interpreted"
TEXT_ONLY = "PYWATT_PURE"
WITHOUT_ORJSON = "without orjson"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vectors",
        type=Path,
        default=None,
        metavar="DIR",
        help="directory of recorded wire vectors to check instead of tests/wire/vectors",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "core" in metafunc.fixturenames:
        metafunc.parametrize("core", chosen_variants(), indirect=True, scope="session")
    if "codec" in metafunc.fixturenames:
        metafunc.parametrize("codec", [*chosen_variants(), WITHOUT_ORJSON], indirect=True, scope="session")


def chosen_variants() -> list[str]:
    chosen = os.environ.get("PYWATT_TEST_CORE", "both")
    return ["compiled", "interpreted"] if chosen == "both" else [chosen]


@pytest.fixture(scope="session")
def core(request: pytest.FixtureRequest) -> ModuleType:
    """The wire core, once compiled and once interpreted from the same text."""
    return load_core(request.param)


@pytest.fixture(scope="session")
def codec(request: pytest.FixtureRequest) -> ModuleType:
    """The wire core in every way it can come by its JSON."""
    if request.param == WITHOUT_ORJSON:
        module: ModuleType = request.getfixturevalue("core_without_orjson")
        return module
    return load_core(request.param)


@pytest.fixture(scope="session")
def cores() -> dict[str, ModuleType]:
    """Both variants, for what must be equal between them."""
    if len(chosen_variants()) == 1:
        pytest.skip("PYWATT_TEST_CORE asks for one variant: nothing to compare it with")
    return {"compiled": load_core("compiled"), "interpreted": load_core("interpreted")}


def load_core(variant: str) -> ModuleType:
    if variant == "interpreted":
        return interpreted_core()
    import pywatt_fast

    if not pywatt_fast.COMPILED:
        reason = "the compiled core is not built here: pip install -e ."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return pywatt_fast


@pytest.fixture(scope="session")
def core_without_orjson() -> ModuleType:
    """The interpreted core in a process where orjson cannot be imported."""
    return core_without("orjson")


@pytest.fixture(scope="session")
def core_without_message_pack() -> ModuleType:
    """The interpreted core in a process where msgpack cannot be imported."""
    return core_without("msgpack")


def core_without(package: str) -> ModuleType:
    hidden = sys.modules.pop(package, None)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        return interpreted_core(f"{INTERPRETED}_without_{package}")
    finally:
        del sys.modules[package]
        if hidden is not None:
            sys.modules[package] = hidden


def interpreted_core(name: str = INTERPRETED) -> ModuleType:
    """The package loaded once more from its text, under another name, whatever variant is installed."""
    if name in sys.modules:
        return sys.modules[name]
    found = importlib.util.find_spec("pywatt_fast")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with text_only():
        spec.loader.exec_module(module)
    assert not module.COMPILED
    return module


class text_only:
    """PYWATT_PURE=1 for the length of a block."""

    def __enter__(self) -> None:
        self.before = os.environ.get(TEXT_ONLY)
        os.environ[TEXT_ONLY] = "1"

    def __exit__(self, *_: object) -> None:
        if self.before is None:
            del os.environ[TEXT_ONLY]
        else:
            os.environ[TEXT_ONLY] = self.before
