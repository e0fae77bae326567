"""A process that is a module: what happens before there is an event loop, and its exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from pywatt import event_loop
from pywatt.channels.stdio import GuardedStdio, guard_descriptors
from pywatt.errors import BootstrapError, PyWattSDKError
from pywatt.module.author_code import authors_traceback, describe
from pywatt.module.bootstrap import serve_module
from pywatt.module.definition import ModuleDefinition
from pywatt.module.environment import take_diagnostics_file, wants_stdio_guard
from pywatt.module.init_secrets import register_init_secrets
from pywatt.module.lifecycle import Lifecycle
from pywatt.module.loaded_files import LoadedFiles
from pywatt.module.process_signals import catch_stop_signals, end_with_parent
from pywatt.observe.logging import set_default_level, setup_logging
from pywatt.protocol.handshake import read_init

if TYPE_CHECKING:
    from pywatt.module.diagnostics.diagnostics import Diagnostics

logger = logging.getLogger("pywatt.module")

STARTED = 0
FAILED = 1
WRONG_USE = 2

INIT_DEADLINE = 60.0
"""Seconds for the orchestrator to say the first line."""

_PARENT = os.getppid()


def run_module(load: Callable[[], ModuleDefinition], shown_as: str) -> int:
    """Be the module until the orchestrator stops it; the exit code.

    Args:
        load: loads the module's own code; called when the orchestrator has spoken.
        shown_as: what the module is called in the advice given on a terminal.
    """
    if _is_terminal(0):
        print(_advice(shown_as), file=sys.stderr)
        return WRONG_USE
    setup_logging()
    diagnostics = _open_diagnostics()
    loaded_files = LoadedFiles.wanted()
    lifecycle = Lifecycle()
    try:
        guarded = guard_descriptors() if wants_stdio_guard() else GuardedStdio(read_fd=0, write_fd=1)
        catch_stop_signals(lifecycle)
        if not end_with_parent(_PARENT):
            logger.info("stopping: the parent process is gone")
            return STARTED
        init = read_init(guarded.read_fd, INIT_DEADLINE)
        register_init_secrets(init)
        setup_logging(init.module_id)
        if init.log_level is not None:
            set_default_level(init.log_level)
        if diagnostics is not None:
            diagnostics.loading()
        definition = load() if loaded_files is None else loaded_files.follow(load)
        if diagnostics is not None:
            diagnostics.loaded()
        event_loop.run(serve_module(definition, init, guarded, lifecycle, diagnostics))
    except BaseException as error:
        if loaded_files is not None:
            loaded_files.report_failure(error)
        if diagnostics is not None:
            diagnostics.failed(error)
        if not isinstance(error, Exception):
            raise
        _report(error, explain=loaded_files is not None)
        return FAILED
    finally:
        if diagnostics is not None:
            diagnostics.close()
        lifecycle.close()
    return STARTED


def _open_diagnostics() -> Diagnostics | None:
    path = take_diagnostics_file()
    if path is None:
        return None
    from pywatt.module.diagnostics.diagnostics import Diagnostics

    try:
        return Diagnostics(path)
    except OSError as error:
        logger.warning("this process is not diagnosed: %s cannot be written: %s", path, error.strerror)
        return None


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _advice(shown_as: str) -> str:
    return (
        f"{shown_as} is a pywatt module: an orchestrator starts it and speaks to it on standard input.\n"
        f"To run it here:  pywatt run {shown_as}"
    )


def _report(error: Exception, *, explain: bool) -> None:
    """One line that says what is wrong; a traceback for those who ask for it or work on the code."""
    debug = logging.getLogger().isEnabledFor(logging.DEBUG)
    # Errors of pywatt say by themselves what failed and where.
    known = error if isinstance(error, PyWattSDKError) else BootstrapError(describe(error), error)
    trace = authors_traceback(error) if explain and not debug else ""
    extra = {"exception": trace} if trace else None
    logger.error("%s", known, exc_info=error if debug else None, extra=extra)
