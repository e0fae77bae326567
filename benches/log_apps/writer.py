"""A module that replays a file of log lines at a fixed pace when it is told to; the standard library alone.

`writer.py FILE RATE PIDS COUNTS`: on SIGUSR1 it logs RATE lines a second until the next SIGUSR1, and then
writes into a file of the folder COUNTS how many there were in all. Its process number stands in a file of the
folder PIDS. Lines are numbered from 0 on, over all bursts; `#NUMBER#` stands in each.
"""

import json
import os
import signal
import sys
import threading
import time

TICK = 0.02  # seconds between two writes, as often as a busy service flushes its log


def main() -> None:
    text, rate, pids, counts = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open(text, "rb") as file:
        lines = file.read().split(b"\n")[:-1]
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    json.loads(sys.stdin.readline())
    threading.Thread(target=serve, daemon=True).start()
    name = os.environ["PYWATT_MODULE_ID"]
    tell(f"{pids}/{name}", os.getpid())
    number = 0
    while True:
        signal.sigwait([signal.SIGUSR1])
        number = replay(lines, rate, number)
        tell(f"{counts}/{name}", number)


def tell(path: str, number: int) -> None:
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(str(number))
    os.rename(path + ".new", path)


def replay(lines: "list[bytes]", rate: int, number: int) -> int:
    """Write lines until the next signal; a write that has to wait is caught up with."""
    started, first = time.monotonic(), number
    while signal.SIGUSR1 not in signal.sigpending():
        due = first + int((time.monotonic() - started) * rate)
        block = [lines[at % len(lines)].replace(b"#", b"#%d#" % at, 1) for at in range(number, due)]
        data = b"".join(line + b"\n" for line in block)
        while data:
            data = data[os.write(2, data) :]
        number = due
        time.sleep(TICK)
    signal.sigwait([signal.SIGUSR1])
    return number


def serve() -> None:
    print(json.dumps({"op": "announce", "listen": "", "endpoints": []}), flush=True)
    for line in sys.stdin:
        if json.loads(line)["op"] == "heartbeat":
            print(json.dumps({"op": "heartbeat_ack"}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
