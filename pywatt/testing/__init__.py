"""A strict orchestrator for the tests of modules, and the checks that any module has to pass.

Every name is imported from its own file when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pywatt.testing.answers import AnnouncedEndpoint as AnnouncedEndpoint
    from pywatt.testing.answers import Announcement as Announcement
    from pywatt.testing.answers import HttpAnswer as HttpAnswer
    from pywatt.testing.answers import Identification as Identification
    from pywatt.testing.answers import RotationAnswer as RotationAnswer
    from pywatt.testing.answers import RoutedCall as RoutedCall
    from pywatt.testing.conformance.case import ConformanceCase as ConformanceCase
    from pywatt.testing.conformance.case import Status as Status
    from pywatt.testing.conformance.checking import check_conformance as check_conformance
    from pywatt.testing.conformance.checking import conformance_cases as conformance_cases
    from pywatt.testing.conformance.report import CaseResult as CaseResult
    from pywatt.testing.conformance.report import ConformanceReport as ConformanceReport
    from pywatt.testing.driver import ReferenceDriver as ReferenceDriver
    from pywatt.testing.errors import ConformanceError as ConformanceError
    from pywatt.testing.errors import ModuleEndedError as ModuleEndedError
    from pywatt.testing.errors import NotSeenError as NotSeenError
    from pywatt.testing.errors import Violation as Violation
    from pywatt.testing.module_process import Exit as Exit
    from pywatt.testing.transcript import Transcript as Transcript
    from pywatt.testing.transcript import TranscriptEntry as TranscriptEntry

_HOMES = {
    "AnnouncedEndpoint": "pywatt.testing.answers",
    "Announcement": "pywatt.testing.answers",
    "HttpAnswer": "pywatt.testing.answers",
    "Identification": "pywatt.testing.answers",
    "RotationAnswer": "pywatt.testing.answers",
    "RoutedCall": "pywatt.testing.answers",
    "ConformanceCase": "pywatt.testing.conformance.case",
    "Status": "pywatt.testing.conformance.case",
    "check_conformance": "pywatt.testing.conformance.checking",
    "conformance_cases": "pywatt.testing.conformance.checking",
    "CaseResult": "pywatt.testing.conformance.report",
    "ConformanceReport": "pywatt.testing.conformance.report",
    "ReferenceDriver": "pywatt.testing.driver",
    "ConformanceError": "pywatt.testing.errors",
    "ModuleEndedError": "pywatt.testing.errors",
    "NotSeenError": "pywatt.testing.errors",
    "Violation": "pywatt.testing.errors",
    "Exit": "pywatt.testing.module_process",
    "Transcript": "pywatt.testing.transcript",
    "TranscriptEntry": "pywatt.testing.transcript",
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
