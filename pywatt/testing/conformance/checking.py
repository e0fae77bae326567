"""Runs the cases on a module and collects how they ended."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from pywatt.testing.conformance.case import (
    ConformanceCase,
    NotApplicableError,
    Status,
    UnmetError,
)
from pywatt.testing.conformance.compiled_module import KNOWN_DEVIATIONS, known_deviation, writes_lines
from pywatt.testing.conformance.report import CaseResult, ConformanceReport
from pywatt.testing.conformance.serving import only_protocol_case, serving_cases
from pywatt.testing.conformance.starting import start_cases
from pywatt.testing.conformance.stopping import stop_cases
from pywatt.testing.conversation import CallHandler
from pywatt.testing.driver import ReferenceDriver
from pywatt.testing.errors import ConformanceError
from pywatt.testing.settings import CARRIERS, CarrierName, free_port

CASE_DEADLINE: Final = 10.0
START_DEADLINE: Final = 30.0
SILENCE: Final = 2.0
"""Seconds for what a compiled module is known not to answer, or not always."""

AT_ONCE: Final = 2
_FIRST: Final = "announce"


def conformance_cases(
    carriers: Sequence[CarrierName] = CARRIERS, *, compiled: bool = False
) -> list[ConformanceCase]:
    """All cases, in the order in which they are run.

    Args:
        carriers: the channels that are offered to the module.
        compiled: whether it is built with the published crate.
    """
    offered: tuple[CarrierName, ...] = tuple(name for name in CARRIERS if name == "stdio" or name in carriers)
    serving = serving_cases(offered, compiled)
    if compiled:
        serving.sort(key=lambda case: writes_lines(case.name))
    return [*start_cases(offered), *serving, *stop_cases(offered), only_protocol_case()]


async def check_conformance(
    command: Sequence[str],
    *,
    module_id: str = "module",
    secrets: Mapping[str, str] | None = None,
    carriers: Sequence[CarrierName] = CARRIERS,
    listen: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | str | None = None,
    deadline: float = CASE_DEADLINE,
    start_deadline: float = START_DEADLINE,
    compiled: bool = False,
    answers: Mapping[tuple[str, str], CallHandler] | None = None,
    only: Sequence[str] | None = None,
    on_result: Callable[[CaseResult], None] | None = None,
) -> ConformanceReport:
    """Run the cases on a module: most of them on one process, those that end it on processes of their own.

    Args:
        command: the program and its arguments.
        module_id: what the module is called.
        secrets: answers to what it asks for.
        carriers: the channels offered. A module that uses standard input and output only is given none.
        listen: where it shall serve HTTP by itself; None: a port of its own choice, or for a compiled module,
            which cannot choose, one that is free now.
        environment: variables beside our own.
        directory: where it runs; None: here.
        deadline: how long each wait in a case may last, in seconds.
        start_deadline: how long a start may last, up to the announcement, in seconds.
        compiled: whether it is built with the published crate: its known deviations count as such.
        answers: for a module that calls others: by module and endpoint what takes the payload and returns the
            result, as in `ReferenceDriver.answer`.
        only: the names of the cases to run; None: all.
        on_result: called with each result as soon as it is there.

    Raises:
        ValueError: there is no case of such a name.
        ConformanceError: the command cannot be started.
    """
    cases = _chosen(conformance_cases(carriers, compiled=compiled), only)
    driver = functools.partial(
        ReferenceDriver.start,
        command,
        module_id=module_id,
        secrets=secrets,
        carriers=carriers,
        environment=environment,
        directory=directory,
    )
    subject = _Subject(driver, listen, deadline, start_deadline, compiled, answers or {})
    run = _Run(subject, on_result or (lambda result: None))
    await run.all(cases)
    results = tuple(run.results[case.name] for case in cases)
    return ConformanceReport(tuple(command), results, tuple(run.log))


@frozen
class _Subject:
    """The module under test: starts as often as a case needs."""

    driver: Callable[..., ReferenceDriver]
    listen: str | None
    deadline: float
    start_deadline: float
    compiled: bool
    answers: Mapping[tuple[str, str], CallHandler]

    def deadline_of(self, case: ConformanceCase) -> float:
        """How long each wait in a case may last."""
        is_known = self.compiled and case.name in KNOWN_DEVIATIONS
        return min(self.deadline, SILENCE) if is_known else self.deadline

    def start(self, case: ConformanceCase) -> ReferenceDriver:
        listen = self.listen
        if listen is None:
            listen = f"127.0.0.1:{free_port() if self.compiled else 0}"
        driver = self.driver(
            listen=listen,
            deadline=self.deadline_of(case),
            strict=False,
            compiled=self.compiled,
            first_line=case.first_line,
            tagged_init=case.tagged_init,
        )
        for (target, endpoint), handler in self.answers.items():
            driver.answer(target, endpoint, handler)
        return driver


class _Run:
    """One run of the cases.

    Attributes:
        results: by the name of the case.
        log: the last lines of the shared process.
    """

    def __init__(self, subject: _Subject, on_result: Callable[[CaseResult], None]) -> None:
        self.results: dict[str, CaseResult] = {}
        self.log: list[str] = []
        self._subject = subject
        self._on_result = on_result
        self._told: Counter[ReferenceDriver] = Counter()

    async def all(self, cases: list[ConformanceCase]) -> None:
        """Run them all."""
        shared = [case for case in cases if not case.alone]
        alone = [case for case in cases if case.alone]
        starts = not shared or await self._on_one_process(shared)
        places = asyncio.Semaphore(AT_ONCE)

        async def on_its_own(case: ConformanceCase) -> None:
            async with places:
                if starts or not case.needs_announcement:
                    await self._on_its_own_process(case)
                else:
                    self._not_run(case)

        await asyncio.gather(*(on_its_own(case) for case in alone))

    async def _on_one_process(self, cases: list[ConformanceCase]) -> bool:
        """Run cases one after the other; False when the module did not announce itself."""
        async with self._subject.start(cases[0]) as module:
            first, others = cases[0], cases[1:]
            await self._run(first, module, lambda: self._started(first, module))
            starts = bool(module.announcements)
            for case in others:
                if starts or not case.needs_announcement:
                    module.deadline = self._subject.deadline_of(case)
                    await self._run(case, module, lambda case=case: case.check(module))  # type: ignore[misc]
                else:
                    self._not_run(case)
            self.log = [module.transcript.redacted(line) for line in module.log]
        return starts

    async def _started(self, case: ConformanceCase, module: ReferenceDriver) -> None:
        # After a violation the announcement may be what could not be read: less patience then.
        await module.until(
            lambda: module.announcements or module.violations or None,
            "the announcement",
            self._subject.start_deadline,
        )
        await module.announced()
        await case.check(module)

    async def _on_its_own_process(self, case: ConformanceCase) -> None:
        module = self._subject.start(case)

        async def drive() -> None:
            async with module:
                if case.needs_announcement:
                    await module.announced(self._subject.start_deadline)
                await case.check(module)
                if module.violations:
                    raise ConformanceError.of(module.violations)

        await self._run(case, module, drive)

    async def _run(
        self, case: ConformanceCase, module: ReferenceDriver, drive: Callable[[], Awaitable[None]]
    ) -> None:
        began = time.monotonic()
        status, detail = Status.PASSED, ""
        try:
            await drive()
        except NotApplicableError as reason:
            status, detail = Status.NOT_APPLICABLE, str(reason)
        except UnmetError as reason:
            status, detail = Status.FAILED, str(reason) + self._untold(module)
        except ConformanceError as reason:
            status, detail = Status.FAILED, reason.message
            if not reason.violations:
                detail += self._untold(module)
        self._conclude(case, status, detail, time.monotonic() - began)

    def _untold(self, module: ReferenceDriver) -> str:
        """What broke the protocol and stands with no case yet: mostly the reason of this failure."""
        violations = module.violations[self._told[module] :]
        self._told[module] += len(violations)
        return f"\n{ConformanceError.of(violations).message}" if violations else ""

    def _not_run(self, case: ConformanceCase) -> None:
        self._conclude(case, Status.NOT_RUN, "the module did not announce itself", 0.0)

    def _conclude(self, case: ConformanceCase, status: Status, detail: str, seconds: float) -> None:
        section = case.section
        if status is Status.FAILED and self._subject.compiled:
            known = known_deviation(case.name, detail)
            if known is not None:
                status, detail, section = Status.DEVIATES, known.observed, known.section
        result = CaseResult(case, status, detail, section, seconds)
        self.results[case.name] = result
        self._on_result(result)


def _chosen(cases: list[ConformanceCase], only: Sequence[str] | None) -> list[ConformanceCase]:
    if only is None:
        return cases
    known = {case.name for case in cases}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise ValueError(f"no such case: {unknown[0]!r}; there are {', '.join(sorted(known))}")
    # Nothing can be said of a module that does not start.
    return [case for case in cases if case.name in only or case.name == _FIRST]
