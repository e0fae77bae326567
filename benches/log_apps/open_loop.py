"""Asks for a URL at a fixed rate, whether or not the answers come in time, and prints latencies as JSON.

`open_loop.py PORT PATH RATE SECONDS`: each request is due at a fixed moment and its latency counts from then,
so that a server that stalls is not asked less often for it. Raw sockets: the client must cost little.
"""

import json
import select
import socket
import statistics
import sys
import time
from collections import deque

CONNECTIONS = 64
PATIENCE = 10.0


def main() -> None:
    port, path, rate, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    latencies = ask(port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), rate, int(rate * seconds))
    cuts = statistics.quantiles(latencies, n=100)
    print(json.dumps({"p50": cuts[49], "p90": cuts[89], "p99": cuts[98], "requests": len(latencies)}))


def ask(port: int, request: bytes, rate: int, count: int) -> "list[float]":
    free = deque(connection(port) for _ in range(CONNECTIONS))
    asked: dict[socket.socket, float] = {}
    latencies: list[float] = []
    started = time.perf_counter()
    sent = 0
    while len(latencies) < count:
        now = time.perf_counter() - started
        while sent < count and sent / rate <= now and free:
            connected = free.popleft()
            connected.send(request)
            asked[connected] = sent / rate
            sent += 1
        pause = max(sent / rate - now, 0.0) if sent < count and free else PATIENCE
        readable, _, _ = select.select(list(asked), (), (), pause)
        now = time.perf_counter() - started
        for connected in readable:
            answer = connected.recv(4096)
            # Small answers come in one piece; anything else would be an error.
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"unexpected answer: {answer!r}")
            latencies.append(now - asked.pop(connected))
            free.append(connected)
        if not readable and pause == PATIENCE:
            raise SystemExit("no answer")
    return latencies


def connection(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


if __name__ == "__main__":
    main()
