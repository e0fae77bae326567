"""Options and fixtures that every test tree shares."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings
from interpreted_core import interpreted_core, interpreted_core_without

from pywatt.observe.redaction import process_redactor

# A shared machine may stall any example; what is slow shows in the benches.
settings.register_profile("pywatt", deadline=None)
settings.load_profile("pywatt")

WITHOUT_ORJSON = "without orjson"
# How a test's id shows what it ran on.
NAMES = {"compiled": "compiled", "interpreted": "pure", WITHOUT_ORJSON: WITHOUT_ORJSON}


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, what runs under nohup the end of the terminal,
    # and the processes of the tests would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vectors",
        type=Path,
        default=None,
        metavar="DIR",
        help="directory of recorded wire vectors to check instead of tests/wire/vectors",
    )


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """What a test registers as a secret is none in the next one, where the same word may be a line of log."""
    before = dict(vars(process_redactor))
    yield
    vars(process_redactor).update(before)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "core" in metafunc.fixturenames:
        variants = chosen_variants()
        metafunc.parametrize(
            "core", variants, ids=[NAMES[name] for name in variants], indirect=True, scope="session"
        )
    if "codec" in metafunc.fixturenames:
        variants = [*chosen_variants(), WITHOUT_ORJSON]
        metafunc.parametrize(
            "codec", variants, ids=[NAMES[name] for name in variants], indirect=True, scope="session"
        )


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
    return interpreted_core_without("orjson")


@pytest.fixture(scope="session")
def core_without_message_pack() -> ModuleType:
    """The interpreted core in a process where msgpack cannot be imported."""
    return interpreted_core_without("msgpack")
