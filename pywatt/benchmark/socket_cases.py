"""The cases that need a second process: echo and streaming over a Unix socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Final

from pywatt.benchmark import floors
from pywatt.benchmark.measures import Measure
from pywatt.benchmark.rivals import TRANSPORTS, load
from pywatt.benchmark.subjects import OURS, RAW_ECHO, SOCKET_LOOP, Subject
from pywatt.channels.unix import open_unix
from pywatt_fast import CODE_BINARY, CODE_JSON, encode_frame

RAW_SOCKET: Final = "raw"
FRAMED_SOCKET: Final = "framed"
BLOCKING_SOCKET: Final = "blocking"

MAX_FRAME: Final = 16 << 20
"""Bytes of the largest payload that the two ends accept."""


def socket_cases(
    subject: Subject, folder: str, rivals: dict[str, str], runner: asyncio.Runner
) -> dict[str, Measure]:
    """The cases of a subject by their names.

    Args:
        subject: one that needs a socket.
        folder: where the server of floors and frames has its sockets.
        rivals: the socket of each transport that is measured too.
        runner: runs what is not blocking.
    """
    size, in_flight = subject.size, subject.in_flight
    framed = f"{folder}/{FRAMED_SOCKET}"
    if subject.family == "stream":
        return {
            OURS: lambda seconds: runner.run(_framed_stream_rate(framed, size, seconds)),
            SOCKET_LOOP: lambda seconds: floors.send_all_rate(f"{folder}/{BLOCKING_SOCKET}", size, seconds),
        }
    raw = f"{folder}/{RAW_SOCKET}"
    cases: dict[str, Measure] = {
        OURS: lambda seconds: runner.run(_framed_echo_rate(framed, size, in_flight, seconds)),
        RAW_ECHO: lambda seconds: runner.run(floors.raw_echo_rate(raw, size, in_flight, seconds)),
    }
    for name, path in rivals.items():
        if name in TRANSPORTS:
            cases[name] = _rival_measure(name, path, subject, runner)
    return cases


async def _framed_echo_rate(path: str, size: int, in_flight: int, seconds: float) -> float:
    frame = encode_frame(CODE_BINARY, bytes(size), size)
    connection = await open_unix(path, max_frame=MAX_FRAME)
    answered = 0

    def again(_code: int, _payload: bytes) -> None:
        nonlocal answered
        answered += 1
        connection.write(frame)

    connection.receiver = again
    begun = perf_counter()
    for _ in range(in_flight):
        connection.write(frame)
    await asyncio.sleep(seconds)
    rate = answered / (perf_counter() - begun)
    connection.receiver = _ignore
    connection.abort()
    return rate


def _ignore(_code: int, _payload: bytes) -> None:
    return None


async def _framed_stream_rate(path: str, size: int, seconds: float) -> float:
    frame = encode_frame(CODE_BINARY, bytes(size), size)
    connection = await open_unix(f"{path}-sink", max_frame=MAX_FRAME)
    begun, sent = perf_counter(), 0
    while perf_counter() - begun < seconds:
        connection.write(frame)
        await connection.flush(floors.SOCKET_TIMEOUT)
        sent += size
    connection.write(encode_frame(CODE_JSON, b"null", MAX_FRAME))
    async with asyncio.timeout(floors.SOCKET_TIMEOUT):
        await connection.receive()
    rate = sent / (perf_counter() - begun)
    connection.abort()
    return rate


def _rival_measure(name: str, path: str, subject: Subject, runner: asyncio.Runner) -> Measure:
    async def rate(seconds: float) -> float:
        async with asyncio.timeout(seconds + floors.SOCKET_TIMEOUT), load(name).connect(path) as call:
            return await _calls_rate(call, bytes(subject.size), subject.in_flight, seconds)

    return lambda seconds: runner.run(rate(seconds))


async def _calls_rate(
    call: Callable[[bytes], Awaitable[object]], payload: bytes, in_flight: int, seconds: float
) -> float:
    await call(payload)  # a connection that is made with the first call is not measured
    begun = perf_counter()
    answered = 0

    async def caller() -> None:
        nonlocal answered
        while perf_counter() - begun < seconds:
            await call(payload)
            answered += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(caller())
    return answered / (perf_counter() - begun)
