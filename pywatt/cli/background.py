"""`pywatt up -d`: starts an orchestrator in the background and waits until its modules are ready.

The orchestrator is a process of its own session, so neither Ctrl-C nor the end of the terminal reaches it.
What it says until it takes commands comes over its standard error; then the control plane tells the rest.
Whatever becomes of this process, that one goes on.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from pywatt.cli import exit_codes
from pywatt.cli.running import ANSWER_GRACE, connect
from pywatt.errors import PyWattSDKError
from pywatt.orchestrator.command_lines import for_file

if TYPE_CHECKING:
    from pywatt.orchestrator.console.console import Console

DETACHED_FLAG: Final = "--detached"
START_TIMEOUT: Final = 60.0
"""Seconds until the orchestrator has to take commands: it may have left-overs of a killed one to end."""

_STARTED: Final = b"\0"
_READ: Final = 64 * 1024
_END_TIMEOUT: Final = 10.0  # of a process that has closed its standard error


class BackgroundStartError(PyWattSDKError):
    """The orchestrator in the background did not come up.

    Args:
        message: what became of it.
        advice: what a person can do about it.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def start_in_background(
    file: str, listen: str | None, log_format: Any, *, wait: bool, timeout: float | None
) -> int:
    """Start an orchestrator in the background; return the exit code.

    Args:
        file: the configuration.
        listen: where the gateway listens, instead of what the file says.
        log_format: of what is shown here.
        wait: whether to wait until all modules are ready, or will not be.
        timeout: seconds to wait; None: as long as the modules may take by their configuration.

    Raises:
        ControlError: a module is not going to be ready; ControlTimeout: not all were ready in time.
    """
    process = _spawn(file, listen, log_format)
    with _told_what_goes_on(process.pid, file):
        if not _has_started(process, START_TIMEOUT if timeout is None else timeout):
            return _exit_code(process)
        if wait:
            _show_start(file, log_format, timeout)
    click.echo(f"process {process.pid} runs in the background; {_next_steps(file)}", err=True)
    return exit_codes.SUCCESS


def _spawn(file: str, listen: str | None, log_format: str) -> "subprocess.Popen[bytes]":
    # -P: what lies in this directory, a module click.py for one, is none of the orchestrator's libraries.
    command = [sys.executable, "-P", "-m", "pywatt", "up", "--file", file, DETACHED_FLAG]
    command += ["--log-format", log_format]
    if listen is not None:
        command += ["--listen", listen]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@contextlib.contextmanager
def _told_what_goes_on(pid: int, file: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nprocess {pid} goes on in the background; {_next_steps(file)}", err=True)
        raise


def _next_steps(file: str) -> str:
    look, follow, end = (for_file(f"pywatt {verb}", file) for verb in ("ps", "logs -f", "down"))
    return f"look: {look}, {follow}; end it: {end}"


def _has_started(process: "subprocess.Popen[bytes]", timeout: float) -> bool:
    """Pass on what the orchestrator says until it takes commands, or ends."""
    assert process.stderr is not None
    descriptor = process.stderr.fileno()
    deadline = time.monotonic() + timeout
    with process.stderr:
        while True:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                from pywatt.orchestrator.control.errors import ControlTimeout

                raise ControlTimeout(
                    f"process {process.pid} has not come up within {timeout:g} s",
                    f"it goes on; end it with: kill {process.pid}",
                )
            data = os.read(descriptor, _READ)
            if not data:
                return False
            text, started, _ = data.partition(_STARTED)
            _pass_on(text)
            if started:
                return True


def _exit_code(process: "subprocess.Popen[bytes]") -> int:
    """The exit code of an orchestrator that has said why it does not start."""
    code = process.wait(_END_TIMEOUT)
    if code > 0:
        return code
    how = f"by signal {-code}" if code else "without a word"
    raise BackgroundStartError(
        f"process {process.pid} ended {how} before it had started", "try it without -d"
    )


def _pass_on(text: bytes) -> None:
    if text:
        sys.stderr.buffer.write(text)
        sys.stderr.buffer.flush()


def _show_start(file: str, log_format: Any, timeout: float | None) -> None:
    """Show what becomes of the modules until all are ready."""
    from pywatt.orchestrator.control.errors import (
        ConnectionLost,
        ControlError,
        ControlTimeout,
        NotRunning,
    )

    try:
        with connect(file) as client, contextlib.closing(_Shown(log_format)) as shown:
            try:
                within = None if timeout is None else timeout + ANSWER_GRACE
                for item in client.stream("wait", within=within, timeout=timeout, settle=True):
                    shown.item(item)
            except ControlError:
                with contextlib.suppress(ControlError):
                    shown.modules(client.request("modules")["modules"])
                raise
            shown.modules(client.request("modules")["modules"])
            shown.all_ready(client.greeting["url"])
    except (ConnectionLost, NotRunning) as error:
        raise BackgroundStartError(
            "the orchestrator ended while its modules were starting",
            f"see why: {for_file('pywatt logs', file)}",
        ) from error
    except ControlTimeout as error:
        error.advice = f"it goes on; wait on with: {for_file('pywatt wait', file)}"
        raise
    except ControlError as error:
        lost = " ".join(module["name"] for module in error.details.get("modules", ()))
        if lost:
            again = for_file(f"pywatt restart {lost}", file)
            error.advice = f"the others stay up; once it is mended: {again}"
        raise


class _Shown:
    """Shows modules as they become ready, each once, as an orchestrator in the foreground does.

    Args:
        log_format: as for the console.
    """

    def __init__(self, log_format: Any) -> None:
        self._log_format = log_format
        self._console: Console | None = None
        self._waited_for: dict[str, str] = {}

    def item(self, item: dict[str, Any]) -> None:
        """Shows one item of what is told about a start; the first says which modules there are."""
        if "modules" in item:
            from pywatt.orchestrator.console.console import Console

            self._waited_for = {module["name"]: module["url"] for module in item["modules"]}
            self._console = Console(self._log_format, self._waited_for)
            self.modules(item["modules"])
        elif "event" in item:
            self._change(item["event"])

    def modules(self, modules: list[dict[str, Any]]) -> None:
        for module in modules:
            if module["ready"]:
                self._ready(module["name"])

    def all_ready(self, url: str) -> None:
        if self._console is not None:
            self._console.all_ready(url if url.startswith("unix:") else f"{url}/")

    def close(self) -> None:
        if self._console is not None:
            self._console.close()

    def _change(self, event: dict[str, Any]) -> None:
        if event["fields"]["after"] == "ready":
            self._ready(event["module"])
        elif event["level"] in ("WARN", "ERROR") and self._console is not None:
            self._console.event(event["level"], event["message"], event["module"])

    def _ready(self, name: str) -> None:
        url = self._waited_for.pop(name, None)
        if url is not None and self._console is not None:
            self._console.ready(name, url)
