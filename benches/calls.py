"""Calls from one module to another beside a plain request and the floor of the machine, as ratios.

Run `python benches/calls.py [--rounds N] [--calls N] [--json]`. A call is `await state.call()` in one
process, answered in another, through an orchestrator that is a third; a request is aiohttp's between two
processes over TCP; the floor is an echo of 256 bytes between two processes over a Unix socket on uvloop,
nothing parsed. Each subject runs with 1 and with 64 in flight, once a round; what counts is the median of the
ratios of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

from _servers import START_SECONDS, answer_of, free_ports, orchestrator, running
from _table import Row, show

APPS = Path(__file__).with_name("call_apps")
IN_FLIGHT = (1, 64)
MESSAGE = b"m" * 256
ROUND_SECONDS = 60.0

CALL = "pywatt: await state.call()"
REQUEST = "aiohttp request, JSON"
FLOOR = "uvloop echo, Unix socket"

MODULES = """\
[modules.callee]
run = {callee!r}

[modules.caller]
run = {caller!r}
after = ["callee"]
"""

Subject = Callable[[int, int], Awaitable[float]]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument(
        "--calls", type=int, default=2000, help="per subject and round; a quarter one by one"
    )
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    if importlib.util.find_spec("uvloop") is None:
        print("skipped: not installed: uvloop")
        return 0
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure(options.rounds, options.calls))
    show("calls between modules", rows, as_json=options.json)
    return 0


async def measure(rounds: int, calls: int) -> list[Row]:
    async with contextlib.AsyncExitStack() as stack:
        subjects = await start_all(stack)
        for subject in subjects.values():
            await subject(8, 500)
        times: dict[tuple[str, int], list[float]] = {
            (name, in_flight): [] for in_flight in IN_FLIGHT for name in subjects
        }
        for _ in range(rounds):
            for (name, in_flight), found in times.items():
                count = calls if in_flight > 1 else calls // 4
                found.append(await subjects[name](in_flight, count))
    return [row(name, in_flight, times) for name, in_flight in times]


async def start_all(stack: contextlib.AsyncExitStack) -> dict[str, Subject]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (http,) = free_ports(1)
    modules = MODULES.format(**{name: str(APPS / f"{name}.py") for name in ("caller", "callee")})
    echo = folder / "echo.sock"
    rivals = [sys.executable, str(APPS / "rivals.py")]
    stack.enter_context(running([*rivals, "http", str(http)], APPS))
    stack.enter_context(running([*rivals, "echo", str(echo)], APPS))
    gateway = stack.enter_context(orchestrator(folder / "pywatt.toml", modules))
    return {
        CALL: called_by_a_module(f"{gateway}/m/caller/measure"),
        REQUEST: await stack.enter_async_context(requested(f"http://127.0.0.1:{http}/echo")),
        FLOOR: echoed(echo, 10),
    }


def called_by_a_module(url: str) -> Subject:
    async def measured(in_flight: int, calls: int) -> float:
        return float(await asyncio.to_thread(answer_of, f"{url}?in_flight={in_flight}&calls={calls}"))

    return measured


@contextlib.asynccontextmanager
async def requested(url: str) -> AsyncIterator[Subject]:
    sys.path.insert(0, str(APPS))
    import orjson
    from aiohttp import ClientSession, TCPConnector
    from workload import CONTENT, seconds_per_call

    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def request() -> None:
            async with session.post(url, data=orjson.dumps(CONTENT)) as answer:
                assert orjson.loads(await answer.read()) == CONTENT

        async def measured(in_flight: int, calls: int) -> float:
            return await seconds_per_call(request, in_flight, calls)

        async with asyncio.timeout(START_SECONDS):
            await until_served(request)
        yield measured


async def until_served(request: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await request()
        except OSError:
            await asyncio.sleep(0.05)


def echoed(path: Path, more: int) -> Subject:
    """The floor; with `more` times the calls, for they take so little time."""

    async def measured(in_flight: int, calls: int) -> float:
        loop = asyncio.get_running_loop()
        client = EchoClient(in_flight, calls * more, loop)
        transport, _ = await loop.create_unix_connection(lambda: client, str(path))
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                return await client.finished
        finally:
            transport.close()

    return measured


class EchoClient(asyncio.Protocol):
    """Sends a message for each that comes back, `in_flight` to begin with."""

    def __init__(self, in_flight: int, calls: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._in_flight = in_flight
        self._calls = calls
        self._unread = calls * len(MESSAGE)
        self._unsent = calls - in_flight
        self.finished: asyncio.Future[float] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: uvloop's transports are no classes of asyncio's.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._began = self._loop.time()
        transport.write(MESSAGE * self._in_flight)

    def data_received(self, data: bytes) -> None:
        before = self._unread
        self._unread -= len(data)
        if not self._unread:
            self.finished.set_result((self._loop.time() - self._began) / self._calls)
        # Pieces of a message count when its last byte is there.
        size = len(MESSAGE)
        whole = min(-(-before // size) - -(-self._unread // size), self._unsent)
        if whole:
            self._unsent -= whole
            self._transport.write(MESSAGE * whole)


def row(name: str, in_flight: int, times: dict[tuple[str, int], list[float]]) -> Row:
    own = times[name, in_flight]

    def times_faster_than(other: str) -> float | None:
        if other == name:
            return None
        return statistics.median(
            theirs / ours for ours, theirs in zip(own, times[other, in_flight], strict=True)
        )

    return {
        "subject": name,
        "in flight": str(in_flight),
        "us each": statistics.median(own) * 1e6,
        "speed / aiohttp": times_faster_than(REQUEST),
        "speed / floor": times_faster_than(FLOOR),
    }


if __name__ == "__main__":
    sys.exit(main())
