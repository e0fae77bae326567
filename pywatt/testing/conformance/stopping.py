"""The ways in which a module is asked to end."""

from __future__ import annotations

import re
from typing import Final

from pywatt.testing import sections
from pywatt.testing.conformance.case import ConformanceCase, UnmetError
from pywatt.testing.driver import ReferenceDriver
from pywatt.testing.module_process import Exit
from pywatt.testing.settings import CarrierName
from pywatt.testing.transcript import FROM_MODULE, TO_MODULE

_IDENTIFY: Final = re.compile(r'"op"\s*:\s*"identify"')


def stop_cases(carriers: tuple[CarrierName, ...]) -> list[ConformanceCase]:
    """The cases of an end, each on a process of its own.

    Args:
        carriers: what is offered to the module.
    """
    return [
        *(_shutdown_case(name) for name in carriers),
        ConformanceCase(
            "stdin-end",
            "ends with code 0 when its standard input ends",
            sections.RECEIVING,
            _ends_with_input,
            alone=True,
        ),
        ConformanceCase(
            "sigterm", "ends with code 0 on SIGTERM", sections.RECEIVING, _ends_on_signal, alone=True
        ),
    ]


def _shutdown_case(carrier: CarrierName) -> ConformanceCase:
    async def ends(module: ReferenceDriver) -> None:
        _check_exit(await module.shutdown(carrier))
        entries = list(module.transcript)
        asked = max(at for at, entry in enumerate(entries) if entry.direction == TO_MODULE)
        # Who it is, on a channel that it has just opened, may cross with the request.
        said = [entry for entry in entries[asked:] if entry.direction == FROM_MODULE]
        late = [entry for entry in said if not _IDENTIFY.search(entry.text)]
        if late:
            raise UnmetError(f"wrote to {late[0].carrier} after `shutdown`, with nothing under way")

    expectation = f"ends with code 0 on `shutdown` on {carrier}, without another word"
    return ConformanceCase(f"shutdown-{carrier}", expectation, sections.RECEIVING, ends, alone=True)


async def _ends_with_input(module: ReferenceDriver) -> None:
    _check_exit(await module.close_input())


async def _ends_on_signal(module: ReferenceDriver) -> None:
    _check_exit(await module.terminate())


def _check_exit(ended: Exit) -> None:
    if ended.code != 0:
        raise UnmetError(str(ended))
