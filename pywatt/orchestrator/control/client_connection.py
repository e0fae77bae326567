"""One client of the control plane: its requests, its streams, and what it is told when it breaks rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pywatt.channels.frame_clock import FrameClock
from pywatt.channels.outgoing import Outgoing
from pywatt.errors import ConnectionClosed, PyWattSDKError, SendQueueFull
from pywatt.orchestrator.control.commands import CommandTable, check_arguments, find_command, kind_of
from pywatt.orchestrator.control.errors import ControlError
from pywatt.orchestrator.control.limits import ITEM_QUEUE, MAX_ANSWER, MAX_REQUEST, ClientLimits
from pywatt_fast import CODE_JSON, FrameDecoder, FrameTooLarge, decode_json, encode_frame, encode_json

_log = logging.getLogger(__name__)

_KEYS: Final = frozenset({"id", "command", "arguments"})


class ClientConnection(asyncio.Protocol):
    """Reads requests, runs each as a task, and sends what they answer.

    Args:
        commands: what may be asked for.
        limits: what the client may do.
        on_open: called when the client is there; may refuse it.
        on_closed: called when the connection is gone.
    """

    def __init__(
        self,
        commands: CommandTable,
        limits: ClientLimits,
        on_open: Callable[[ClientConnection], None],
        on_closed: Callable[[ClientConnection], None],
    ) -> None:
        self._commands = commands
        self._limits = limits
        self._on_open = on_open
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._decoder = FrameDecoder(MAX_REQUEST)
        self._frame_clock = FrameClock(limits.frame_deadline, self._frame_expired)
        self._outgoing = Outgoing("control", MAX_ANSWER, limits.read_deadline, self._stalled)
        self._transport: Any = None
        self._tasks: dict[int | str, asyncio.Task[None]] = {}
        self._lost: dict[int | str, int] = {}
        self._skipped = 0
        self._refused = False
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @property
    def socket(self) -> Any:
        """The socket, for its credentials."""
        return self._transport.get_extra_info("socket")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport
        # As for channels: what the kernel does not take waits in the queue, where it can be counted.
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._outgoing.open(self._transport)
        self._on_open(self)

    def pause_writing(self) -> None:
        """The client does not read at the moment: until it does, nothing more is taken from it."""
        self._outgoing.pause()
        if not self._transport.is_closing():
            self._transport.pause_reading()
            self._frame_clock.hold()

    def resume_writing(self) -> None:
        """The client reads on."""
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._frame_clock.release()
        self._outgoing.resume()
        for request in list(self._lost):
            self._tell_lost(request)

    def data_received(self, data: bytes) -> None:
        """Take requests."""
        if self._refused:
            return
        error: FrameTooLarge | None = None
        try:
            frames = self._decoder.feed(data)
        except FrameTooLarge as refusal:
            frames, error = refusal.frames, refusal
        self._frame_clock.observe(unfinished=self._decoder.unfinished, completed=bool(frames))
        for code, payload in frames:
            self._receive(code, payload)
        if self._decoder.skipped != self._skipped:
            self._skipped = self._decoder.skipped
            self._send_error(
                None, ControlError("bad_frame", "a frame had a code that does not exist", _FRAMES)
            )
        if error is not None:
            self.refuse(
                ControlError(
                    "frame_too_large",
                    f"a frame of {error.size} bytes was announced, above the limit of {MAX_REQUEST}",
                    _FRAMES,
                )
            )

    def eof_received(self) -> bool:
        """The client asks nothing more, and needs no answer either."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: whatever it waited for is let go."""
        self._frame_clock.stop()
        self._outgoing.lose()
        for task in self._tasks.values():
            task.cancel()
        if not self.closed.done():
            self.closed.set_result(None)
        self._on_closed(self)

    def send(self, document: Mapping[str, Any]) -> None:
        """Send a document that the client has to get; one that cannot take it is cut off.

        Args:
            document: as JSON.
        """
        try:
            self._outgoing.write(_framed(document))
        except SendQueueFull:
            self.abort()
        except ConnectionClosed:
            pass

    def refuse(self, error: ControlError) -> None:
        """Tell the client why it is not served, and close.

        Args:
            error: the reason.
        """
        self._refused = True
        self._send_error(None, error)
        self.close()

    async def finish(self) -> None:
        """Let the commands come to their end, then close."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))
        self.close()

    def close(self) -> None:
        """Send what waits, then close."""
        self._outgoing.finish()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _receive(self, code: int, payload: bytes) -> None:
        request: int | str | None = None
        try:
            document = _read(code, payload)
            request = _request_id(document)
            self._start(request, document)
        except ControlError as error:
            self._send_error(request, error)

    def _start(self, request: int | str, document: dict[str, Any]) -> None:
        if request in self._tasks:
            raise ControlError("bad_request", f'a request with "id" {request!r} is being worked on already')
        if len(self._tasks) >= self._limits.requests:
            raise ControlError(
                "too_many_requests",
                f"{self._limits.requests} requests of this connection are being worked on",
                "wait for one of them to be answered",
            )
        unknown = document.keys() - _KEYS
        if unknown:
            raise ControlError("bad_request", f"a request has no key {min(unknown)!r}", _REQUEST)
        name = document.get("command")
        command = find_command(self._commands, name)
        arguments = check_arguments(str(name), command, document.get("arguments"))
        work = command.handler(arguments, partial(self._send_item, request))
        task = self._loop.create_task(self._answer(request, str(name), work), name=f"control {name}")
        self._tasks[request] = task

    async def _answer(self, request: int | str, name: str, work: Any) -> None:
        try:
            result = await work
        except ControlError as error:
            self._conclude(request, error)
        except PyWattSDKError as error:
            self._conclude(request, ControlError("failed", str(error), getattr(error, "advice", "") or ""))
        except asyncio.CancelledError:
            self._tasks.pop(request, None)
            self._lost.pop(request, None)
            raise
        except Exception as error:
            _log.exception("the command %s failed", name)
            self._conclude(
                request, ControlError("internal", f"{type(error).__name__} inside pywatt", "see the log")
            )
        else:
            self._conclude(request, None)
            self._send_result(request, result)

    def _conclude(self, request: int | str, error: ControlError | None) -> None:
        self._tell_lost(request, now=True)
        self._lost.pop(request, None)
        self._tasks.pop(request, None)
        if error is not None:
            self._send_error(request, error)

    def _send_result(self, request: int | str, result: Mapping[str, Any]) -> None:
        try:
            self.send({"id": request, "result": result})
        except FrameTooLarge as error:
            size = ControlError(
                "answer_too_large", f"the answer has {error.size} bytes", "ask for less at once"
            )
            self._send_error(request, size)

    def _send_error(self, request: int | str | None, error: ControlError) -> None:
        self.send({"id": request, "error": error.to_json()})

    def _send_item(self, request: int | str, item: Mapping[str, Any]) -> None:
        if request not in self._tasks or not self._outgoing.is_open:
            return
        data = _framed({"id": request, "item": item})
        waiting = self._outgoing.waiting
        if request in self._lost or (waiting and waiting + len(data) > ITEM_QUEUE):
            self._lost[request] = self._lost.get(request, 0) + 1
            return
        self._outgoing.write(data)

    def _tell_lost(self, request: int | str, *, now: bool = False) -> None:
        count = self._lost.get(request, 0)
        if count and (now or self._outgoing.waiting < ITEM_QUEUE // 2):
            del self._lost[request]
            self.send({"id": request, "item": {"lost": count}})

    def _frame_expired(self, deadline: float) -> None:
        self.refuse(ControlError("frame_timeout", f"a frame was left unfinished for {deadline:g} s", _FRAMES))

    def _stalled(self, _error: Exception) -> None:
        seconds = self._limits.read_deadline
        _log.warning("a client of the control socket read nothing for %g s: it is cut off", seconds)
        self.abort()


_FRAMES: Final = "expected frames as docs/control.md describes them: length, code 1, JSON"
_REQUEST: Final = 'expected {"id": number or text, "command": text, "arguments": object}'


def _framed(document: Mapping[str, Any]) -> bytes:
    return encode_frame(CODE_JSON, encode_json(document), MAX_ANSWER)


def _read(code: int, payload: bytes) -> dict[str, Any]:
    if code != CODE_JSON:
        raise ControlError("bad_frame", f"a frame had code {code}", _FRAMES)
    try:
        document = decode_json(payload)
    except ValueError as error:
        raise ControlError("bad_json", f"a frame holds no JSON: {error}", _REQUEST) from None
    if not isinstance(document, dict):
        raise ControlError("bad_request", f"a request cannot be {kind_of(document)}", _REQUEST)
    return document


def _request_id(document: dict[str, Any]) -> int | str:
    request = document.get("id")
    if isinstance(request, bool) or not isinstance(request, int | str) or request == "":
        raise ControlError("bad_request", f'"id" cannot be {kind_of(request)}', _REQUEST)
    return request
