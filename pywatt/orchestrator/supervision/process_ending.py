"""How one process of a module ended, for its policy and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from pywatt.orchestrator.console.log_lines import telling_line

if TYPE_CHECKING:
    from pywatt.orchestrator.processes.child_process import ProcessExit


@frozen
class ProcessEnding:
    """How one process ended.

    Args:
        clean: whether it ended by itself with code 0, and nothing was wrong with it.
        failure: what to tell people about it.
        ready_for: seconds for which it had been ready.
        spawned: whether there was a process at all.
    """

    clean: bool
    failure: str
    ready_for: float = 0.0
    spawned: bool = True


def describe_exit(ended: ProcessExit, output: list[bytes], *, announced: bool, served: bool) -> str:
    """Returns what to tell people about a process that ended by itself.

    Args:
        ended: how.
        output: the last lines of its log, one of which may tell why.
        announced: whether it announced itself, where it could.
        served: whether it had been ready.
    """
    before = "" if announced else " before it announced itself"
    told = "" if ended.clean and served else telling_line(output, only_errors=served)
    return f"{ended}{before}" + (f": {told}" if told else "")
