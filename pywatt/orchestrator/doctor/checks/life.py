"""A module that does not come up, does not stay, does not answer, or does not leave."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Iterator
from typing import Final

from pywatt.orchestrator.doctor.checks.python_of_command import python_mismatch
from pywatt.orchestrator.doctor.checks.start_failures import start_failure
from pywatt.orchestrator.doctor.checks.start_steps import running_step
from pywatt.orchestrator.doctor.evidence import Evidence, Frame
from pywatt.orchestrator.doctor.findings import Finding, FindingCode, Severity
from pywatt.orchestrator.doctor.log_tracebacks import crash_stack
from pywatt.orchestrator.doctor.quoting import (
    frame_quote,
    log_quote,
    own_frame,
    shown_place,
    stack_quote,
)
from pywatt.orchestrator.links.crate_peer import UNSERIALISABLE_IDENTIFY

SLOW_STOP: Final = 2.0
"""Seconds from which a stop is slow."""

HANDSHAKE: Final = (
    'its first line on standard input:  {"op":"init", ...}',
    'what it answers on standard output: {"op":"announce","listen":"","endpoints":[]}',
)
_CRATE_TARGET: Final = '"target":"pywatt_sdk::'
_MARK_CRATE: Final = (
    'Mark it in pywatt.toml, sdk = "crate" (here: --sdk crate): it then gets a TCP channel of its own.'
)
_CRASHES: Final = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
_SERVERS: Final = re.compile(
    r"uvicorn|hypercorn|waitress|gunicorn|werkzeug|http/server|socketserver|aiohttp/web|serve_forever"
)


def check_life(evidence: Evidence) -> Iterator[Finding]:
    """Look at how the module came up, lived and left.

    Args:
        evidence: what was seen.
    """
    crate = _crate_without_tcp(evidence)
    if crate is not None:
        yield crate
        return
    if evidence.ready is None:
        yield from _not_up(evidence)
    else:
        yield from _up(evidence)
    if evidence.stop is not None:
        yield from _leaving(evidence)


def _crate_without_tcp(evidence: Evidence) -> Finding | None:
    """A module of the Rust crate that is not marked as one, or that takes no TCP channel."""
    if evidence.ready is not None:
        return None
    ended = any(UNSERIALISABLE_IDENTIFY.decode() in line.text for line in evidence.log)
    marked = evidence.module.sdk == "crate"
    if not ended and (marked or not any(_CRATE_TARGET in line.text for line in evidence.log)):
        return None
    if marked:
        what = (
            "It is built with the Rust crate, and ended because it took no TCP channel, which it was offered."
        )
        cure = "Let its ChannelPreferences use TCP: without that channel the crate cannot say who it is."
    elif ended:
        what = "It is built with the Rust crate, and ended because it was offered no TCP channel."
        cure = _MARK_CRATE
    else:
        what = "It is built with the Rust crate, and not marked as such: it is spoken to in the wrong way."
        cure = _MARK_CRATE
    return Finding(
        FindingCode.CRATE_WITHOUT_TCP, Severity.ERROR, what, cure, quote=log_quote(evidence.log, 2)
    )


def _not_up(evidence: Evidence) -> Iterator[Finding]:
    mismatch = python_mismatch(evidence)
    if mismatch is not None:
        yield mismatch
        return
    if any(secret.source is None for secret in evidence.secrets) or start_failure(evidence):
        return  # explained by that
    if evidence.exit is None:
        yield Finding(
            FindingCode.CANNOT_START,
            Severity.ERROR,
            f"It could not be started: {evidence.failure.rstrip('.')}.",
            _command_cure(evidence.failure),
            where=(evidence.module.command or [evidence.target])[0],
        )
    elif not evidence.ran_out_of_time:
        yield _exited(evidence, _moment(evidence))
    elif evidence.announcement is None and evidence.module.sdk != "none":
        yield _never_announced(evidence)
    else:
        yield Finding(
            FindingCode.NOT_READY,
            Severity.ERROR,
            f"It {evidence.failure.rstrip('.')}.",
            _not_ready_cure(evidence),
            quote=log_quote(evidence.log, 3),
        )


def _command_cure(failure: str) -> str:
    if os.strerror(errno.ENOEXEC) in failure:
        return (
            "A script needs a first line such as #!/bin/sh, and a program has to be built for this machine."
        )
    return "Correct the command; a program of the current directory is written ./program."


def _not_ready_cure(evidence: Evidence) -> str:
    if "GET" in evidence.failure:
        return "The health path has to answer 200 when the module can serve; take it out if there is none."
    if evidence.module.sdk == "none":
        return "It has to serve HTTP on 127.0.0.1 at the port in $PORT."
    if "heartbeat" in evidence.failure:
        return (
            'It has to answer {"op":"heartbeat"} with {"op":"heartbeat_ack"}, on the channel where it came.'
        )
    return "It has to accept connections at the address that it announces, before or soon after it does."


def _moment(evidence: Evidence) -> str:
    if evidence.announcement is not None:
        return ""
    doing = running_step(evidence)
    return f" while {doing}" if doing else " before it announced itself"


def _exited(evidence: Evidence, when: str) -> Finding:
    number = None if evidence.exit is None else evidence.exit.number
    if number is not None:
        return _killed(evidence, number, when)
    hint = () if evidence.announcement is not None or evidence.is_python else HANDSHAKE
    return Finding(
        FindingCode.EXITED,
        Severity.ERROR,
        f"It {evidence.exit} by itself{when}.",
        "A module runs until it is told to stop; the last lines of its log say why it left."
        if evidence.log
        else "A module runs until it is told to stop; it wrote nothing that says why it left.",
        quote=(*log_quote(evidence.log), *hint),
    )


def _killed(evidence: Evidence, number: int, when: str) -> Finding:
    """A signal ended it that nobody sent here."""
    frame = own_frame(crash_stack(evidence.log))
    if number in _CRASHES:
        cure = (
            "C code crashed: look at what is called there, and whether the package was built for this Python."
        )
    elif number == signal.SIGKILL:
        cure = "Nobody here sent that: the system does it when memory runs out, and says so in its own log."
    else:
        cure = "Nobody here sent that: look for what does."
    return Finding(
        FindingCode.EXITED,
        Severity.ERROR,
        f"It {evidence.exit}{when}.",
        cure,
        where="" if frame is None else shown_place(frame, evidence),
        quote=log_quote(evidence.log) if frame is None else frame_quote(evidence, frame),
    )


def _never_announced(evidence: Evidence) -> Finding:
    seconds = evidence.module.start_timeout
    stack = _last_wait(evidence)
    frame = own_frame(stack)
    if any(_SERVERS.search(one.file) or _SERVERS.search(one.function) for one in stack) and frame is not None:
        return Finding(
            FindingCode.OWN_SERVER,
            Severity.ERROR,
            "It starts a web server of its own while it is imported, and never comes to an end of that.",
            'Put that line under if __name__ == "__main__": pywatt serves the application itself.',
            where=shown_place(frame, evidence),
            quote=frame_quote(evidence, frame),
        )
    if frame is not None:
        return Finding(
            FindingCode.NEVER_ANNOUNCED,
            Severity.ERROR,
            f"It did not announce itself within {seconds:g} s: it stands at {shown_place(frame, evidence)}.",
            "A file has to come to its end when it is imported: what takes long belongs into a function."
            if frame.function == "<module>"
            else "The module's function has to return; work that goes on belongs into state.run(...).",
            where=shown_place(frame, evidence),
            quote=stack_quote(evidence, stack),
        )
    return Finding(
        FindingCode.NEVER_ANNOUNCED,
        Severity.ERROR,
        f"It did not announce itself within {seconds:g} s.",
        _silence_cure(evidence),
        quote=(*log_quote(evidence.log, 3), *HANDSHAKE),
    )


def _silence_cure(evidence: Evidence) -> str:
    if evidence.secrets and evidence.module.sdk != "crate":
        return (
            "It got its secrets and said nothing more. A module of the Rust crate loses answers unless it is "
            'marked sdk = "crate" (here: --sdk crate).'
        )
    return 'Does it speak the protocol at all? A plain web server is marked sdk = "none" (here: --sdk none).'


def _last_wait(evidence: Evidence) -> tuple[Frame, ...]:
    diagnostics = evidence.diagnostics
    if diagnostics is None:
        return ()
    blocked = [block.stack for block in diagnostics.blocks if block.seconds is None]
    waits = [wait.stack for wait in diagnostics.waits if wait.stack]
    return (waits or blocked or [()])[-1] if not blocked else blocked[-1]


def _up(evidence: Evidence) -> Iterator[Finding]:
    sent, answered = evidence.heartbeats
    if evidence.ended_early:
        yield _exited(evidence, ", after it was ready")
    elif sent and not answered:
        yield Finding(
            FindingCode.HEARTBEAT_UNANSWERED,
            Severity.ERROR,
            f"It answered none of {sent} heartbeats: under `pywatt up` it is restarted again and again.",
            'Answer {"op":"heartbeat"} with {"op":"heartbeat_ack"}, on the channel where it came.',
        )
    announcement = evidence.announcement
    if announcement is not None and re.search(r":0$", announcement.listen):
        yield Finding(
            FindingCode.PORT_ZERO,
            Severity.WARNING,
            f"It announces {announcement.listen}, and nobody can find what it binds there.",
            'Announce the port that was bound. A crate module has to be given a port: sdk = "crate" does.',
            where=announcement.listen,
        )


def _leaving(evidence: Evidence) -> Iterator[Finding]:
    stop, ended = evidence.stop, evidence.exit
    assert stop is not None
    if stop.children:
        yield Finding(
            FindingCode.LEAVES_CHILDREN,
            Severity.WARNING,
            f"It left {len(stop.children)} of its processes running when it ended.",
            "End and wait for what you start, in the application's shutdown; pywatt kills what is left.",
            quote=stop.children[:5],
        )
    terminated = ended is not None and ended.number is not None
    if terminated and evidence.module.sdk != "none":
        yield Finding(
            FindingCode.IGNORES_STOP,
            Severity.WARNING,
            f"It does not leave when it is asked to: it {ended} after {stop.seconds:.1f} s.",
            'Leave on {"op":"shutdown"}, at the end of standard input, and on SIGTERM.',
            quote=log_quote(evidence.log, 2),
        )
    elif stop.seconds >= SLOW_STOP:
        yield Finding(
            FindingCode.SLOW_STOP,
            Severity.NOTE,
            f"It took {stop.seconds:.1f} s to stop: restarts and `pywatt down` wait for it.",
            "Look at what runs on after the stop; state.stopping says when to end a loop.",
        )
