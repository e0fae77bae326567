"""`python -m pywatt.benchmark.server FOLDER [RIVAL]`: the other end; ends with its standard input."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import Any

from pywatt import event_loop
from pywatt.benchmark.floors import RawEchoServer, receive_forever
from pywatt.benchmark.rivals import load
from pywatt.benchmark.socket_cases import BLOCKING_SOCKET, FRAMED_SOCKET, MAX_FRAME, RAW_SOCKET
from pywatt.benchmark.worker import end_with_input, reply
from pywatt.channels.connection import Connection
from pywatt.channels.unix import listen_unix
from pywatt_fast import CODE_JSON, encode_frame


async def serve(folder: str) -> None:
    """Serve the floors and pywatt's frames until the process ends."""
    loop = asyncio.get_running_loop()
    blocking = socket.socket(socket.AF_UNIX)
    blocking.bind(f"{folder}/{BLOCKING_SOCKET}")
    blocking.listen()
    threading.Thread(target=receive_forever, args=(blocking,), daemon=True).start()
    raw = await loop.create_unix_server(RawEchoServer, f"{folder}/{RAW_SOCKET}")
    echo = await listen_unix(f"{folder}/{FRAMED_SOCKET}", _echo, max_frame=MAX_FRAME)
    sink = await listen_unix(f"{folder}/{FRAMED_SOCKET}-sink", _swallow, max_frame=MAX_FRAME)
    reply({"ready": True})
    # Listeners that nobody holds may be collected.
    await _for_ever(raw, echo, sink)


async def serve_rival(path: str, name: str) -> None:
    """Serve an echo as a rival does it until the process ends."""
    async with load(name).serve(path):
        reply({"ready": True})
        await _for_ever()


async def _for_ever(*_held: object) -> None:
    await asyncio.Event().wait()


def _echo(connection: Connection, _socket: Any) -> None:
    connection.receiver = lambda code, payload: connection.write(encode_frame(code, payload, MAX_FRAME))


def _swallow(connection: Connection, _socket: Any) -> None:
    def receiver(code: int, payload: bytes) -> None:
        if code == CODE_JSON:
            connection.write(encode_frame(code, payload, MAX_FRAME))

    connection.receiver = receiver


def main() -> None:
    """Serve what the arguments say."""
    end_with_input()
    path, *rival = sys.argv[1:]
    event_loop.run(serve_rival(path, rival[0]) if rival else serve(path))


if __name__ == "__main__":
    main()
