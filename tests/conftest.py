"""Options and fixtures that every test tree shares."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

INTERPRETED = "pywatt_fast_interpreted"
TEXT_ONLY = "PYWATT_PURE"


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
        chosen = os.environ.get("PYWATT_TEST_CORE", "both")
        variants = ["compiled", "interpreted"] if chosen == "both" else [chosen]
        metafunc.parametrize("core", variants, indirect=True, scope="session")


@pytest.fixture(scope="session")
def core(request: pytest.FixtureRequest) -> ModuleType:
    """The wire core, once compiled and once interpreted from the same text."""
    return load_core(request.param)


@pytest.fixture(scope="session")
def cores() -> dict[str, ModuleType]:
    """Both variants, for what must be equal between them."""
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


def interpreted_core() -> ModuleType:
    """The package loaded once more from its text, under another name, whatever variant is installed."""
    if INTERPRETED in sys.modules:
        return sys.modules[INTERPRETED]
    found = importlib.util.find_spec("pywatt_fast")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    spec = importlib.util.spec_from_file_location(
        INTERPRETED, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[INTERPRETED] = module
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
