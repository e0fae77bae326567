"""One byte stream cut into payloads: the class under standard input and output, Unix sockets and TCP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from pywatt.channels.frame_clock import FrameClock
from pywatt.channels.incoming import Incoming, Payload
from pywatt.channels.limits import CLOSE_TIMEOUT, FRAME_DEADLINE, SEND_DEADLINE, SEND_QUEUE_BYTES
from pywatt.channels.outgoing import ByteWriter, Outgoing
from pywatt.channels.statistics import ConnectionStatistics
from pywatt.errors import ConnectionClosed, ConnectionTimeout, MessageTooLarge
from pywatt_fast import CODE_JSON, FrameDecoder, FrameTooLarge, LineDecoder

logger = logging.getLogger(__name__)

Receiver = Callable[[int, bytes], None]


class Connection(asyncio.Protocol):
    """A byte stream in both directions, cut into payloads; it knows nothing of what they mean.

    With a `receiver`, each payload is handed to it, in order, as soon as it has come; without one, payloads
    wait for `receive`, and reading pauses when too many do. Written bytes must be framed already; those of
    one tick of the event loop leave together.

    Args:
        decoder: cuts the stream; its limit holds for what is read.
        label: names the connection in errors and logs.
        duplex: whether one transport carries both directions; if not, the output is opened by itself.
        on_open: called when the stream is there, before any byte of it is delivered.
        frame_deadline: seconds from the first byte of a frame to its last, None for ever. Lines have none.
        send_deadline: seconds for which the peer may read nothing while bytes wait for it, None for ever.
        send_limit: how many bytes may wait to be sent.
    """

    def __init__(
        self,
        decoder: FrameDecoder | LineDecoder,
        *,
        label: str,
        duplex: bool = True,
        on_open: Callable[[Connection], None] | None = None,
        frame_deadline: float | None = FRAME_DEADLINE,
        send_deadline: float | None = SEND_DEADLINE,
        send_limit: int = SEND_QUEUE_BYTES,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._decoder = decoder
        self._frame_clock: FrameClock | None = None
        if frame_deadline is not None and isinstance(decoder, FrameDecoder):
            self._frame_clock = FrameClock(frame_deadline, self._frame_expired)
        self._duplex = duplex
        self._on_open = on_open
        self._receiver: Receiver | None = None
        self._incoming = Incoming()
        self._outgoing = Outgoing(label, send_limit, send_deadline, self.fail)
        self._input: Any = None
        self._output: ByteWriter | None = None
        self._output_gone = False
        self._held_by_queue = False
        self._held_by_owner = False
        self._reading_held = False
        self._closing = False
        self._aborted = False
        self._skipped = 0
        self._bytes_received = 0
        self._payloads_received = 0
        self.opened_at = time.monotonic()
        self.reason: Exception | None = None
        """Why the connection ended; None when either side closed it properly."""
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the peer will send nothing more."""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when both directions are gone."""

    @property
    def label(self) -> str:
        """Names the connection in errors and logs."""
        return self._outgoing.label

    @label.setter
    def label(self, label: str) -> None:
        self._outgoing.label = label

    @property
    def receiver(self) -> Receiver | None:
        """Called for every payload with its code (1 for lines); what it raises is logged, nothing else."""
        return self._receiver

    @receiver.setter
    def receiver(self, receiver: Receiver | None) -> None:
        self._receiver = receiver
        if receiver is not None and len(self._incoming):
            waiting: list[Payload] = []
            while (payload := self._incoming.take_now()) is not None:
                waiting.append(payload)
            self._deliver(waiting)
            self._hold_reading(queue=False)

    @property
    def socket(self) -> Any:
        """The socket beneath, for its options and addresses; None for pipes and files."""
        return None if self._input is None else self._input.get_extra_info("socket")

    @property
    def peer_address(self) -> Any:
        """Where the peer is, as its kind of socket tells it; None for pipes and files."""
        return None if self._input is None else self._input.get_extra_info("peername")

    @property
    def is_writable(self) -> bool:
        """Whether a message may still be written."""
        return self._outgoing.is_open

    @property
    def is_alive(self) -> bool:
        """Whether both directions are open."""
        return not self._closing and not self.ended.done() and self._outgoing.is_open

    def statistics(self) -> ConnectionStatistics:
        """What went over the connection so far."""
        return ConnectionStatistics(
            bytes_received=self._bytes_received,
            bytes_sent=self._outgoing.sent,
            payloads_received=self._payloads_received,
            payloads_sent=self._outgoing.messages,
            skipped=self._decoder.skipped,
            waiting_to_send=self._outgoing.waiting,
            waiting_for_receive=len(self._incoming),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The input is there, and with it the output of a duplex stream."""
        self._input = transport
        if self._duplex:
            self.output_made(transport)
        if self._on_open is not None:
            self._on_open(self)
        if self._reading_held:
            self._input.pause_reading()

    def output_made(self, transport: Any) -> None:
        """The output is there."""
        self._output = transport
        # Not 0: TLS would call an empty buffer full.
        transport.set_write_buffer_limits(high=1, low=0)
        self._outgoing.open(transport)

    def pause_writing(self) -> None:
        """The kernel takes no more at the moment."""
        self._outgoing.pause()

    def resume_writing(self) -> None:
        """The kernel has taken all it was given."""
        self._outgoing.resume()

    def data_received(self, data: bytes) -> None:
        """Cut a chunk into payloads and deliver them."""
        self._bytes_received += len(data)
        decoder = self._decoder
        error: FrameTooLarge | None = None
        try:
            if isinstance(decoder, FrameDecoder):
                payloads = decoder.feed(data)
            else:
                payloads = [(CODE_JSON, line) for line in decoder.feed(data)]
        except FrameTooLarge as refusal:
            payloads, error = refusal.frames, refusal
        if decoder.skipped != self._skipped:
            self._report_skipped(decoder.skipped)
        if self._frame_clock is not None:
            self._frame_clock.observe(unfinished=decoder.unfinished, completed=bool(payloads))
        if payloads:
            self._deliver(payloads)
        if error is not None:
            self.fail(MessageTooLarge(error.size, error.limit or 0))

    def eof_received(self) -> None:
        """The peer will send nothing more; what waits to be sent is handed over first."""
        self._end(None)
        if self._duplex:
            self._outgoing.finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """The input is gone, and with it the output of a duplex stream."""
        self._end(exc)
        self._input = None
        if self._duplex or self._output_gone:
            self.output_lost(exc)

    def output_lost(self, exc: Exception | None) -> None:
        """The output is gone; with the input gone too, the connection is closed."""
        if not self._output_gone:
            self._output_gone = True
            self._output = None
            was_open = self._outgoing.is_open
            lost = self._outgoing.lose()
            if lost:
                logger.warning("%s closed: %d bytes were not sent", self.label, lost)
            elif self._input is not None and not self._duplex and was_open and not self._closing:
                logger.warning("%s: the peer reads no more", self.label)
            self._explain(exc)
        if self._input is None and not self.closed.done():
            self.closed.set_result(None)

    def _deliver(self, payloads: list[Payload]) -> None:
        self._payloads_received += len(payloads)
        self._outgoing.hold()
        try:
            for code, payload in payloads:
                if self._aborted:
                    break
                self._deliver_one(code, payload)
        finally:
            self._outgoing.send_queued()
        if self._incoming.is_full:
            self._hold_reading(queue=True)

    def _deliver_one(self, code: int, payload: bytes) -> None:
        receiver = self._receiver
        if receiver is None:
            self._incoming.put(code, payload)
            return
        try:
            receiver(code, payload)
        except Exception:
            logger.exception("%s: the receiver of a payload of %d bytes failed", self.label, len(payload))

    async def receive(self) -> Payload:
        """Wait for the next payload and its code; a cancelled wait loses nothing.

        Raises:
            ConnectionClosed: the peer will send nothing more.
            MessageTooLarge: the peer announced a payload above the limit.
            ConnectionTimeout: the peer left a frame unfinished.
        """
        payload = await self._incoming.take()
        if payload is None:
            raise self._end_error()
        if self._held_by_queue and self._incoming.has_room:
            self._hold_reading(queue=False)
        return payload

    def pause_reading(self) -> None:
        """Take nothing from the peer until `resume_reading`: its own writes will wait."""
        self._hold_reading(owner=True)

    def resume_reading(self) -> None:
        """Take what the peer sends."""
        self._hold_reading(owner=False)

    def _hold_reading(self, *, queue: bool | None = None, owner: bool | None = None) -> None:
        self._held_by_queue = self._held_by_queue if queue is None else queue
        self._held_by_owner = self._held_by_owner if owner is None else owner
        held = self._held_by_queue or self._held_by_owner
        if held == self._reading_held:
            return
        self._reading_held = held
        if self._input is None or self._closing or self.ended.done():
            return
        if held:
            self._input.pause_reading()
        else:
            self._input.resume_reading()
        if self._frame_clock is not None:
            (self._frame_clock.hold if held else self._frame_clock.release)()

    def _report_skipped(self, skipped: int) -> None:
        what = (
            "lines above their limit" if isinstance(self._decoder, LineDecoder) else "frames with a bad code"
        )
        logger.warning("%s: read past %d %s", self.label, skipped - self._skipped, what)
        self._skipped = skipped

    def _frame_expired(self, deadline: float) -> None:
        self.fail(ConnectionTimeout(deadline, f"{self.label}: an unfinished frame"))

    def _end(self, exc: Exception | None) -> None:
        if self.ended.done():
            return
        if self._frame_clock is not None:
            self._frame_clock.stop()
        self._explain(exc)
        if self.reason is None and self._decoder.unfinished and not self._closing:
            unit = "line" if isinstance(self._decoder, LineDecoder) else "frame"
            self.reason = ConnectionClosed(f"{self.label}: closed by the peer in the middle of a {unit}")
        self._incoming.end()
        self.ended.set_result(None)

    def _explain(self, exc: Exception | None) -> None:
        if self.reason is None and exc is not None and not self._closing:
            self.reason = ConnectionClosed(f"{self.label}: {exc}")
            self.reason.__cause__ = exc

    def _end_error(self) -> Exception:
        return self.reason or ConnectionClosed(f"{self.label}: connection closed")

    def write(self, data: bytes) -> None:
        """Queue one whole message; those of one tick leave together.

        Args:
            data: framed already.

        Raises:
            ConnectionClosed: nothing can be sent any more.
            SendQueueFull: too much is waiting already.
        """
        self._outgoing.write(data)

    def write_now(self, data: bytes) -> None:
        """Send one whole message in this tick if nothing waits before it; cheaper when it comes alone.

        Args:
            data: framed already.

        Raises:
            ConnectionClosed, SendQueueFull: as for `write`.
        """
        self._outgoing.write_now(data)

    async def drain(self, timeout: float = SEND_DEADLINE) -> None:
        """Wait until little enough is waiting to be sent; returns at once when that is so already.

        Raises:
            ConnectionTimeout: too much is still waiting after `timeout` seconds.
            ConnectionClosed: nothing can be sent any more.
        """
        await self._outgoing.drain(timeout)

    async def flush(self, timeout: float = SEND_DEADLINE) -> None:
        """Wait until the kernel has everything that was written so far; raises as `drain` does."""
        await self._outgoing.flush(timeout)

    def close_writing(self) -> None:
        """Send what waits, then tell the peer that nothing follows; reading goes on."""
        self._outgoing.finish()
        if self._output is None:
            return
        if not self._duplex:
            self._output.close()
        elif self._input.can_write_eof():
            self._input.write_eof()

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Send what waits, then close.

        Args:
            timeout: seconds for sending; what has not left then is dropped, and logged.
        """
        if self.closed.done():
            return
        self._closing = True
        self._outgoing.finish()
        if self._output is not None:
            self._output.close()
        if self._input is not None:
            self._input.close()
        try:
            await asyncio.wait({self.closed}, timeout=timeout)
            if not self.closed.done():
                self._report_unsent()
                self.abort()
                await asyncio.wait({self.closed}, timeout=1.0)
        except asyncio.CancelledError:
            self.abort()
            raise

    def _report_unsent(self) -> None:
        unsent = 0 if self._output is None else self._output.get_write_buffer_size()
        if unsent:
            logger.warning("%s: the peer did not take the last %d bytes", self.label, unsent)

    def fail(self, error: Exception) -> None:
        """Close at once, for a reason that `receive` and `reason` will tell."""
        if self.reason is None:
            self.reason = error
        self.abort()

    def abort(self) -> None:
        """Close at once; what waits to be sent is dropped."""
        self._closing = self._aborted = True
        if self._output is not None:
            self._output.abort()
        if self._input is not None and not self._duplex:
            self._input.close()
