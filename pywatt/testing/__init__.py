"""A strict orchestrator for the tests of modules, and the checks that any module has to pass.

Every name is imported from its own file when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pywatt.testing.driver import ReferenceDriver as ReferenceDriver
    from pywatt.testing.errors import ConformanceError as ConformanceError

_HOMES = {
    "ReferenceDriver": "pywatt.testing.driver",
    "ConformanceError": "pywatt.testing.errors",
}

__all__ = [*_HOMES]  # noqa: PLE0604  the table is the list


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'pywatt.testing' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
