"""One byte stream cut into payloads."""

import asyncio
import logging
from typing import Any

import pytest
from clocks import Clock, turns

from pywatt.channels.limits import RECEIVE_QUEUE_PAYLOADS, SEND_HIGH_WATER
from pywatt.errors import ConnectionClosed, ConnectionTimeout, MessageTooLarge, SendQueueFull
from pywatt_fast import CODE_BASE64, CODE_BINARY, CODE_JSON, encode_frame

MIB = 1 << 20


def frame(payload: bytes, code: int = CODE_JSON) -> bytes:
    return encode_frame(code, payload, 1 << 30)


class TestReading:
    async def test_payloads_arrive_in_order_with_their_codes(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        peer.sendall(frame(b"one") + frame(b"", CODE_BINARY) + frame(b"two", CODE_BASE64))

        assert [await soon(connection.receive()) for _ in range(3)] == [(1, b"one"), (2, b""), (3, b"two")]

    async def test_a_frame_may_come_byte_by_byte(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        for byte in frame(b"hello"):
            peer.sendall(bytes([byte]))
            await asyncio.sleep(0)

        assert await soon(connection.receive()) == (CODE_JSON, b"hello")

    async def test_lines_are_payloads_of_code_one(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect(lines=True)
        peer.sendall(b'{"op":"a"}\r\n\n{"op":"b"}\n')

        assert [await soon(connection.receive()) for _ in range(3)] == [
            (1, b'{"op":"a"}'),
            (1, b""),
            (1, b'{"op":"b"}'),
        ]

    async def test_a_receiver_gets_each_payload_without_a_task(self, connect: Any, until: Any) -> None:
        connection, peer = await connect()
        got: list[tuple[int, bytes]] = []
        tasks_seen: list[int] = []

        def receive(code: int, payload: bytes) -> None:
            got.append((code, payload))
            tasks_seen.append(len(asyncio.all_tasks()))

        connection.receiver = receive
        before = len(asyncio.all_tasks())
        peer.sendall(b"".join(frame(b"%d" % number) for number in range(100)))
        await until(lambda: len(got) == 100)

        assert [payload for _, payload in got] == [b"%d" % number for number in range(100)]
        assert set(tasks_seen) == {before}

    async def test_a_receiver_set_late_gets_what_waited_first(self, connect: Any, until: Any) -> None:
        connection, peer = await connect()
        peer.sendall(frame(b"early") + frame(b"too"))
        await until(lambda: connection.statistics().waiting_for_receive == 2)
        got: list[bytes] = []
        connection.receiver = lambda _code, payload: got.append(payload)
        peer.sendall(frame(b"late"))
        await until(lambda: len(got) == 3)

        assert got == [b"early", b"too", b"late"]

    async def test_a_receiver_that_raises_does_not_end_the_connection(
        self, connect: Any, until: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection, peer = await connect()
        got: list[bytes] = []

        def receive(_code: int, payload: bytes) -> None:
            got.append(payload)
            if payload == b"bad":
                raise RuntimeError("handler")

        connection.receiver = receive
        peer.sendall(frame(b"bad") + frame(b"good"))
        await until(lambda: len(got) == 2)

        assert connection.is_alive
        assert "the receiver of a payload of 3 bytes failed" in caplog.text

    async def test_a_cancelled_receive_loses_nothing(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        data = frame(b"first") + frame(b"second")
        waiting = asyncio.create_task(connection.receive())
        peer.sendall(data[:7])
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        peer.sendall(data[7:])

        assert await soon(connection.receive()) == (CODE_JSON, b"first")
        assert await soon(connection.receive()) == (CODE_JSON, b"second")

    async def test_a_receive_cancelled_as_its_payload_comes_leaves_it_to_the_next(
        self, connect: Any, soon: Any, until: Any
    ) -> None:
        connection, peer = await connect()
        waiting = asyncio.create_task(connection.receive())
        await asyncio.sleep(0)
        peer.sendall(frame(b"kept"))
        while connection.statistics().waiting_for_receive == 0 and not waiting.done():
            await asyncio.sleep(0)
            waiting.cancel()
        await asyncio.wait({waiting})
        got = waiting.result() if not waiting.cancelled() else await soon(connection.receive())

        assert got == (CODE_JSON, b"kept")

    async def test_several_receivers_share_the_payloads(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        waiting = [asyncio.create_task(connection.receive()) for _ in range(3)]
        await asyncio.sleep(0)
        peer.sendall(frame(b"1") + frame(b"2") + frame(b"3"))

        assert sorted(await soon(asyncio.gather(*waiting))) == [(1, b"1"), (1, b"2"), (1, b"3")]


class TestReadingLimits:
    async def test_a_frame_above_the_limit_closes_with_both_numbers(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect(1000)
        peer.sendall(frame(b"fine") + (2**32 - 1).to_bytes(4) + b"\x01")

        assert await soon(connection.receive()) == (CODE_JSON, b"fine")
        with pytest.raises(MessageTooLarge, match=r"4294967295 bytes .* 1000 bytes"):
            await soon(connection.receive())
        await soon(connection.closed)
        assert isinstance(connection.reason, MessageTooLarge)

    async def test_the_largest_frame_is_allowed(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect(4)
        peer.sendall(frame(b"1234"))

        assert await soon(connection.receive()) == (CODE_JSON, b"1234")

    async def test_a_frame_with_a_bad_code_is_read_past_and_counted(
        self, connect: Any, soon: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection, peer = await connect()
        peer.sendall((3).to_bytes(4) + b"\x09bad" + frame(b"good"))

        assert await soon(connection.receive()) == (CODE_JSON, b"good")
        assert connection.statistics().skipped == 1
        assert "read past 1 frames with a bad code" in caplog.text

    async def test_a_line_above_the_limit_is_read_past_and_counted(
        self, connect: Any, soon: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection, peer = await connect(10, lines=True)
        peer.sendall(b"x" * 11 + b"\ngood\n")

        assert await soon(connection.receive()) == (CODE_JSON, b"good")
        assert "read past 1 lines above their limit" in caplog.text

    async def test_an_unfinished_frame_closes_the_connection(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect(frame_deadline=0.05)
        peer.sendall(frame(b"never whole")[:8])

        with pytest.raises(ConnectionTimeout, match=r"unfinished frame timed out after 0\.05 s"):
            await soon(connection.receive())
        await soon(connection.closed)

    async def test_frames_that_end_in_time_do_not_add_up(
        self, clock: Clock, connect: Any, soon: Any, until: Any
    ) -> None:
        connection, peer = await connect(frame_deadline=100.0)
        data = frame(b"slow")
        for number in range(12):  # longer in all than one frame may take, each shorter
            peer.sendall(data[:3])
            begun = number * len(data) + 3
            await until(lambda expected=begun: connection.statistics().bytes_received == expected)
            await clock.advance(80.0)
            peer.sendall(data[3:])
            assert await soon(connection.receive()) == (CODE_JSON, b"slow")

        assert connection.is_alive
        peer.sendall(data[:3])
        await until(lambda: connection.statistics().bytes_received == 12 * len(data) + 3)
        await clock.advance(100.0)
        assert not connection.is_alive

    async def test_an_idle_connection_has_no_deadline(self, clock: Clock, connect: Any, soon: Any) -> None:
        connection, peer = await connect(frame_deadline=1.0)
        peer.sendall(frame(b"a"))
        assert await soon(connection.receive()) == (CODE_JSON, b"a")
        await clock.advance(100.0)
        peer.sendall(frame(b"b"))

        assert await soon(connection.receive()) == (CODE_JSON, b"b")

    async def test_while_we_do_not_read_the_peer_is_not_to_blame(
        self, clock: Clock, connect: Any, soon: Any, until: Any
    ) -> None:
        connection, peer = await connect(frame_deadline=100.0)
        data = frame(b"waited for")
        peer.sendall(data[:8])
        await until(lambda: connection.statistics().bytes_received == 8)
        connection.pause_reading()
        await clock.advance(300.0)
        peer.sendall(data[8:])
        connection.resume_reading()

        assert await soon(connection.receive()) == (CODE_JSON, b"waited for")

    async def test_an_unfinished_line_has_no_deadline(
        self, clock: Clock, connect: Any, soon: Any, until: Any
    ) -> None:
        connection, peer = await connect(lines=True, frame_deadline=1.0)
        peer.sendall(b"half")
        await until(lambda: connection.statistics().bytes_received == 4)
        await clock.advance(100.0)
        peer.sendall(b" a line\n")

        assert await soon(connection.receive()) == (CODE_JSON, b"half a line")

    async def test_reading_pauses_when_too_much_waits_for_receive(
        self, connect: Any, soon: Any, until: Any
    ) -> None:
        connection, peer = await connect()
        total = 40 * RECEIVE_QUEUE_PAYLOADS
        stream = b"".join(frame(b"%06d" % number) for number in range(total))
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(peer, stream))
        await until(lambda: connection.statistics().waiting_for_receive >= RECEIVE_QUEUE_PAYLOADS)
        received = connection.statistics().bytes_received
        await turns()

        assert connection.statistics().bytes_received == received < len(stream)
        assert connection.statistics().waiting_for_receive < total
        assert not sending.done()
        got = [(await soon(connection.receive()))[1] for _ in range(total)]
        assert got == [b"%06d" % number for number in range(total)]
        await soon(sending)


class TestWriting:
    async def test_what_is_written_in_one_tick_leaves_together(self, connect: Any, read_exactly: Any) -> None:
        connection, peer = await connect()
        for number in range(100):
            connection.write(frame(b"%02d" % number))
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert peer.recv(1 << 20) == b"".join(frame(b"%02d" % number) for number in range(100))

    async def test_answers_to_one_chunk_leave_together(self, connect: Any, read_exactly: Any) -> None:
        connection, peer = await connect()
        connection.receiver = lambda _code, payload: connection.write(frame(payload.upper()))
        peer.sendall(frame(b"a") + frame(b"b") + frame(b"c"))

        expected = frame(b"A") + frame(b"B") + frame(b"C")
        assert await read_exactly(peer, len(expected)) == expected

    async def test_both_directions_go_on_at_once(self, connect: Any, read_exactly: Any, soon: Any) -> None:
        connection, peer = await connect(32 * MIB)
        loop = asyncio.get_running_loop()
        large = frame(b"z" * (16 * MIB))
        pending = asyncio.create_task(connection.receive())
        connection.write(large)
        sending = asyncio.create_task(loop.sock_sendall(peer, large))

        assert await read_exactly(peer, len(large)) == large
        await soon(sending)
        assert await soon(pending) == (CODE_JSON, b"z" * (16 * MIB))

    async def test_order_is_kept_whatever_the_sizes(self, connect: Any, read_exactly: Any) -> None:
        connection, peer = await connect()
        sizes = [10, 300_000, 0, 262_144, 262_145, 5, 5, 1_000_000, 1, 700_000, 3]
        frames = [frame(bytes([index + 65]) * size) for index, size in enumerate(sizes)]
        for data in frames:
            connection.write(data)

        expected = b"".join(frames)
        assert await read_exactly(peer, len(expected)) == expected
        assert connection.statistics().bytes_sent == len(expected)
        assert connection.statistics().payloads_sent == len(sizes)

    async def test_a_full_queue_refuses_with_its_limit(self, connect: Any, read_exactly: Any) -> None:
        connection, peer = await connect(send_limit=4 * MIB)
        written = 0
        piece = frame(b"p" * 100_000)

        async def flood() -> None:
            nonlocal written
            while True:
                connection.write(piece)
                written += len(piece)
                await asyncio.sleep(0)

        with pytest.raises(SendQueueFull, match=str(4 * MIB)):
            await flood()

        assert len(await read_exactly(peer, written)) == written
        connection.write(piece)
        assert await read_exactly(peer, len(piece)) == piece

    async def test_one_message_above_the_queue_limit_may_wait_alone(
        self, connect: Any, read_exactly: Any
    ) -> None:
        connection, peer = await connect(send_limit=1000)
        large = frame(b"l" * 3 * MIB)
        connection.write(large)
        with pytest.raises(SendQueueFull):
            connection.write(frame(b"after"))

        assert await read_exactly(peer, len(large)) == large

    async def test_drain_waits_for_the_peer_to_read(self, connect: Any, read_exactly: Any, soon: Any) -> None:
        connection, peer = await connect()
        data = frame(b"d" * (4 * SEND_HIGH_WATER))
        await soon(connection.drain())
        connection.write(data)
        draining = asyncio.create_task(connection.drain())
        await turns()

        assert not draining.done()
        assert await read_exactly(peer, len(data)) == data
        await soon(draining)

    async def test_drain_has_a_deadline(self, connect: Any) -> None:
        connection, _peer = await connect()
        connection.write(frame(b"d" * (4 * SEND_HIGH_WATER)))
        with pytest.raises(ConnectionTimeout, match="sending on test"):
            await connection.drain(timeout=0.05)

        assert connection.is_alive

    async def test_flush_returns_when_the_kernel_has_everything(
        self, connect: Any, read_exactly: Any, soon: Any
    ) -> None:
        connection, peer = await connect()
        connection.write(frame(b"small"))
        await connection.flush()
        assert peer.recv(100) == frame(b"small")
        connection.write(frame(b"f" * MIB))
        flushing = asyncio.create_task(connection.flush())
        await turns()

        assert not flushing.done()
        await read_exactly(peer, MIB + 5)
        await soon(flushing)

    async def test_a_peer_that_reads_nothing_is_given_up(self, connect: Any, soon: Any) -> None:
        connection, _peer = await connect(send_deadline=0.05)
        connection.write(frame(b"s" * (4 * MIB)))
        await soon(connection.closed)

        assert isinstance(connection.reason, ConnectionTimeout)
        with pytest.raises(ConnectionClosed):
            connection.write(frame(b"more"))

    async def test_a_peer_that_reads_slowly_is_kept(
        self, clock: Clock, connect: Any, read_exactly: Any, until: Any
    ) -> None:
        connection, peer = await connect(send_deadline=100.0)
        data = frame(b"s" * (4 * MIB))
        connection.write(data)
        await turns()
        received = b""
        slow_steps = 0
        while waiting := connection.statistics().waiting_to_send:
            while connection.statistics().waiting_to_send == waiting:  # the kernel takes more in steps
                received += await read_exactly(peer, min(50_000, len(data) - len(received)))
                await turns()
            await clock.advance(80.0)
            slow_steps += 1
        received += await read_exactly(peer, len(data) - len(received))

        assert received == data
        assert slow_steps > 4  # far longer in all than the peer may read nothing
        assert connection.is_alive


class TestEnding:
    async def test_the_end_by_the_peer_is_no_error(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        peer.sendall(frame(b"last"))
        peer.close()

        assert await soon(connection.receive()) == (CODE_JSON, b"last")
        with pytest.raises(ConnectionClosed):
            await soon(connection.receive())
        await soon(connection.closed)
        assert connection.reason is None
        with pytest.raises(ConnectionClosed):
            connection.write(frame(b"more"))

    async def test_the_end_in_the_middle_of_a_frame_is_told(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        peer.sendall(frame(b"cut")[:6])
        peer.close()
        await soon(connection.closed)

        assert "in the middle of a frame" in str(connection.reason)

    async def test_what_was_written_before_the_peer_closed_its_side_is_sent(
        self, connect: Any, read_to_end: Any
    ) -> None:
        connection, peer = await connect()
        connection.receiver = lambda _code, payload: connection.write(frame(payload * 100_000))
        peer.sendall(frame(b"0123456789"))
        peer.shutdown(1)  # the writing half

        assert await read_to_end(peer) == frame(b"0123456789" * 100_000)

    async def test_a_peer_that_closed_its_side_and_reads_nothing_is_given_up(
        self, connect: Any, soon: Any
    ) -> None:
        connection, peer = await connect(send_deadline=0.05)
        connection.write(frame(b"w" * (8 * MIB)))
        peer.shutdown(1)
        await soon(connection.closed)

        assert isinstance(connection.reason, ConnectionTimeout)

    async def test_close_sends_what_waits(self, connect: Any, read_to_end: Any, soon: Any) -> None:
        connection, peer = await connect()
        frames = [frame(b"c" * 400_000), frame(b"end")]
        for data in frames:
            connection.write(data)
        closing = asyncio.create_task(connection.close())

        assert await read_to_end(peer) == b"".join(frames)
        await soon(closing)
        assert connection.closed.done()
        assert connection.reason is None

    async def test_close_does_not_wait_for_ever_and_says_what_was_lost(
        self, connect: Any, soon: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection, _peer = await connect()
        connection.write(frame(b"c" * (8 * MIB)))
        await asyncio.sleep(0)
        await soon(connection.close(timeout=0.05))

        assert connection.closed.done()
        assert "the peer did not take the last" in caplog.text

    async def test_close_writing_leaves_the_reading_open(
        self, connect: Any, read_to_end: Any, soon: Any
    ) -> None:
        connection, peer = await connect()
        connection.write(frame(b"bye"))
        connection.close_writing()

        assert await read_to_end(peer) == frame(b"bye")
        with pytest.raises(ConnectionClosed):
            connection.write(frame(b"more"))
        peer.sendall(frame(b"answer"))
        assert await soon(connection.receive()) == (CODE_JSON, b"answer")

    async def test_closing_twice_and_aborting_a_closed_one_is_nothing(self, connect: Any, soon: Any) -> None:
        connection, _peer = await connect()
        await soon(connection.close())
        await soon(connection.close())
        connection.abort()
        connection.close_writing()

        assert not connection.is_alive
        assert not connection.is_writable

    async def test_abort_wakes_everyone_who_waits(self, connect: Any, soon: Any) -> None:
        connection, _peer = await connect()
        connection.write(frame(b"w" * (8 * MIB)))
        waiting = [
            asyncio.create_task(connection.receive()),
            asyncio.create_task(connection.drain()),
            asyncio.create_task(connection.flush()),
        ]
        await asyncio.sleep(0)
        connection.abort()
        results = await soon(asyncio.gather(*waiting, return_exceptions=True))

        assert [type(result) for result in results] == [ConnectionClosed] * 3

    async def test_a_receiver_may_abort(self, connect: Any, soon: Any) -> None:
        connection, peer = await connect()
        connection.receiver = lambda _code, _payload: connection.abort()
        peer.sendall(frame(b"a") + frame(b"b"))
        await soon(connection.closed)

        assert connection.reason is None

    async def test_bytes_that_never_left_are_logged(
        self, connect: Any, soon: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        connection, peer = await connect()
        connection.write(frame(b"w" * (8 * MIB)))
        await asyncio.sleep(0)
        peer.close()
        await soon(connection.closed)

        assert "bytes were not sent" in caplog.text
