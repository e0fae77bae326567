"""A blocking client of the control plane, for command lines: a socket and frames, no event loop.

Whatever a command line pays for this file, it pays each time it is called, so little is imported here.
"""

from __future__ import annotations

# Not `socket`, which takes as long to load as a question takes to be answered, and adds nothing that is used.
import _socket
import json
import time
from typing import TYPE_CHECKING, Any, Final

from pywatt.orchestrator.command_lines import how_to_start
from pywatt.orchestrator.control.errors import ConnectionLost, ControlError, ControlTimeout, NotRunning
from pywatt.orchestrator.control.limits import MAX_ANSWER, MAX_REQUEST
from pywatt.orchestrator.processes.run_location import RunLocation, locate
from pywatt_fast import CODE_JSON, FrameDecoder, FrameTooLarge, encode_frame

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Self

CONNECT_TIMEOUT: Final = 10.0
"""Seconds until an orchestrator that is there has to have greeted."""
ANSWER_TIMEOUT: Final = 30.0
"""Seconds until a command that does not wait for anything has to be answered."""
RETRY_INTERVAL: Final = 0.02
READ_SIZE: Final = 256 * 1024
_TOO_MANY: Final = "too_many_clients"


class ControlClient:
    """A connection to a running orchestrator; made by `connect`. Close it, or use it in a `with` statement.

    Attributes:
        greeting: what the orchestrator says of itself: "protocol", "pywatt", "pid", "configuration", "url".
    """

    def __init__(self, connection: _socket.socket, deadline: float) -> None:
        self._connection = connection
        self._decoder = FrameDecoder(MAX_ANSWER)
        self._frames: list[tuple[int, bytes]] = []
        self._number = 0
        self.greeting = self._document(deadline)
        _raise_error(self.greeting)

    def request(
        self, command: str, /, *, within: float | None = ANSWER_TIMEOUT, **arguments: Any
    ) -> dict[str, Any]:
        """Ask for something and return the result; items that come before it are left out.

        Args:
            command: what.
            within: seconds until the answer; None: as long as it takes.
            arguments: of the command.

        Raises:
            ControlError: the orchestrator refuses, or fails.
            ControlTimeout: no answer in time.
            ConnectionLost: the orchestrator ended meanwhile.
        """
        stream = self.stream(command, within=within, **arguments)
        while True:
            try:
                next(stream)
            except StopIteration as end:
                result: dict[str, Any] = end.value
                return result

    def stream(
        self, command: str, /, *, within: float | None = None, pause: float | None = None, **arguments: Any
    ) -> Generator[dict[str, Any], None, dict[str, Any]]:
        """Ask for something and yield the items that come; the generator returns the result.

        Args:
            command: what.
            within: seconds until the end of it; None: as long as it takes.
            pause: an empty item is yielded when nothing has come for so many seconds.
            arguments: of the command.

        Raises:
            ControlError: the orchestrator refuses, or fails.
            ControlTimeout: not at its end in time.
            ConnectionLost: the orchestrator ended meanwhile.
        """
        deadline = None if within is None else time.monotonic() + within
        self._number += 1
        number = self._number
        self._send({"id": number, "command": command, "arguments": arguments}, deadline)
        while True:
            if pause is not None and not self._frames and not self._receive(pause):
                yield {}
                continue
            document = self._document(deadline)
            if document.get("id") not in (number, None):
                continue  # of a stream that was given up
            _raise_error(document)
            if "result" in document:
                result: dict[str, Any] = document["result"]
                return result
            if "item" in document:
                yield document["item"]

    def skip_waiting(self) -> None:
        """Forget all that has come and was not looked at."""
        self._frames.clear()
        while self._receive(0.0):
            self._frames.clear()

    def close(self) -> None:
        """End the connection; the orchestrator gives up what it was still asked for."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, document: dict[str, Any], deadline: float | None) -> None:
        try:
            frame = encode_frame(CODE_JSON, json.dumps(document).encode(), MAX_REQUEST)
        except FrameTooLarge as error:
            raise ControlError(
                "frame_too_large", f"the request has {error.size} bytes, above the limit of {MAX_REQUEST}"
            ) from None
        self._connection.settimeout(_left(deadline))
        try:
            self._connection.sendall(frame)
        except TimeoutError:
            raise ControlTimeout("the orchestrator does not take the request") from None
        except OSError:
            # It closed the connection; why, it may have said before.
            return

    def _document(self, deadline: float | None) -> dict[str, Any]:
        while not self._frames:
            if not self._receive(_left(deadline)):
                raise ControlTimeout("the orchestrator did not answer in time")
        _, payload = self._frames.pop()
        document: dict[str, Any] = json.loads(payload)
        return document

    def _receive(self, seconds: float | None) -> bool:
        """Take what has come, or comes within a time; False when nothing does."""
        self._connection.settimeout(seconds)
        try:
            data = self._connection.recv(READ_SIZE)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            data = b""
        if not data:
            raise ConnectionLost("the orchestrator closed the connection before it had answered")
        self._frames = self._decoder.feed(data)[::-1] + self._frames
        return True


def connect(configuration: str, timeout: float = CONNECT_TIMEOUT) -> ControlClient:
    """Connect to the orchestrator that runs a configuration.

    An orchestrator that is just starting is waited for, and so is one that has too many clients.

    Args:
        configuration: the file.
        timeout: in seconds.

    Raises:
        NotRunning: nobody runs it; what a killed orchestrator left behind has been removed.
        ControlTimeout: somebody does, and does not answer.
        ControlError: it refuses.
    """
    location = locate(configuration)
    deadline = time.monotonic() + timeout
    while True:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(deadline))
            connection.connect(location.control_socket)
            return ControlClient(connection, deadline)
        except (OSError, ConnectionLost, ControlTimeout) as error:
            connection.close()
            _check_running(location, configuration, deadline, error)
        except ControlError as error:
            connection.close()
            if error.code != _TOO_MANY or time.monotonic() + RETRY_INTERVAL > deadline:
                raise
        except BaseException:
            connection.close()
            raise
        time.sleep(RETRY_INTERVAL)


def wait_for_end(configuration: str, pid: int, timeout: float) -> None:
    """Wait until an orchestrator runs a configuration no more; another one may have been started meanwhile.

    Args:
        configuration: the file.
        pid: the process of the orchestrator.
        timeout: in seconds.

    Raises:
        ControlTimeout: it still does.
    """
    from pywatt.orchestrator.processes.run_lock import holder

    directory = locate(configuration).directory
    deadline = time.monotonic() + timeout
    while (found := holder(directory)) is not None and found.pid in (pid, None):
        if time.monotonic() >= deadline:
            raise ControlTimeout(f"process {pid} has not ended")
        time.sleep(RETRY_INTERVAL)


def _check_running(location: RunLocation, configuration: str, deadline: float, error: Exception) -> None:
    """Returns if somebody runs the configuration and there is time to try again."""
    from pywatt.orchestrator.processes.run_lock import holder

    found = holder(location.directory)
    if found is None:
        raise _not_running(location, configuration)
    if time.monotonic() + RETRY_INTERVAL > deadline:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ControlTimeout(
            f"process {found.pid} runs {configuration} and takes no commands: {why}",
            "if it does not do so for long, end it with: kill " + str(found.pid or "PID"),
        )


def _not_running(location: RunLocation, configuration: str) -> NotRunning:
    from pywatt.orchestrator.processes.run_lock import remove_stale_sockets, running

    removed = remove_stale_sockets(location)
    message = f"nothing runs {configuration}"
    if removed:
        message += "; an orchestrator was killed, and what it left behind has been removed"
    advice = how_to_start(configuration)
    others = [one.configuration for one in running() if one.configuration]
    if others:
        advice += "\nrunning now: " + ", ".join(others)
    return NotRunning(message, advice)


def _raise_error(document: dict[str, Any]) -> None:
    error = document.get("error")
    if error is None:
        return
    code, message, advice = error["code"], error["message"], error.get("advice", "")
    if code == "timed_out":
        raise ControlTimeout(message, advice, error.get("details"))
    raise ControlError(code, message, advice, error.get("details"))


def _left(deadline: float | None) -> float | None:
    # 0 would mean: do not wait at all.
    return None if deadline is None else max(0.001, deadline - time.monotonic())
