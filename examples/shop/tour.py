"""Opens the shop, shows what it does with real requests, and stays up until Ctrl-C (`--once`: only tours)."""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SHOP = Path(__file__).parent
START_DEADLINE = 60.0
REQUEST_DEADLINE = 10.0
STOP_DEADLINE = 30.0
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class TourError(Exception):
    """A step of the tour did not answer as it should."""


def paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOURED else text


class Shop:
    """The running orchestrator, as a child process."""

    def __init__(self, log: Path) -> None:
        self.log = log
        (SHOP / "secrets.toml").chmod(0o600)
        command = [sys.executable, "-m", "pywatt", "up", "-f", str(SHOP / "pywatt.toml"), *free_address()]
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
            )
        self.url = ""
        self.is_open = False
        self.started = threading.Event()
        threading.Thread(target=self.read_output, daemon=True).start()

    def read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            first, _, rest = line.rstrip().partition(" ")
            if first == "Ready":
                print(f"  {paint('ready', '32')} {rest}")
                self.url = rest.split()[-1].rstrip("/")
                if rest.split()[0] == "all":
                    self.is_open = True
                    self.started.set()
        self.started.set()

    def wait_until_ready(self) -> None:
        if not self.started.wait(START_DEADLINE):
            raise TourError(f"the shop did not start within {START_DEADLINE:.0f} s")
        if not self.is_open:
            raise TourError("the shop closed before every module was ready")

    def request(self, method: str, path: str, document: Any = None) -> tuple[int, str]:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=REQUEST_DEADLINE)
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def stop(self) -> int:
        """Close the shop in order; another Ctrl-C, or too long a wait, closes it at once."""
        for how, deadline in ((signal.SIGTERM, STOP_DEADLINE), (signal.SIGINT, 5.0)):
            if self.process.poll() is None:
                self.process.send_signal(how)
            with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
                return self.process.wait(deadline)
        self.process.kill()
        return self.process.wait()


def free_address() -> list[str]:
    """Nothing while the configured port is free, else an option that picks another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 9900))
        except OSError:
            print("  port 9900 is taken: using a free one")
            return ["--listen", "127.0.0.1:0"]
    return []


@dataclass
class Step:
    """A request of the tour, and what its answer has to be."""

    title: str
    method: str
    path: str
    accepts: Callable[[int, Any], bool]
    document: dict[str, Any] | None = None


TOUR = [
    Step(
        "A FastAPI module answers over its Unix socket, without a port",
        "GET",
        "/catalog/products",
        lambda status, answer: status == 200 and len(answer) == 3,
    ),
    Step(
        "It was lent a secret, and signs with it",
        "GET",
        "/catalog/supplier-order/A1",
        lambda status, answer: status == 200 and len(answer["signature"]) == 16,
    ),
    Step(
        "A Flask module asks a worker, which asks the catalog",
        "GET",
        "/shop/",
        lambda status, answer: status == 200 and "A1: 34.50" in answer,
    ),
    Step(
        "An order: Flask, then the worker, then the catalog and the ledger",
        "POST",
        "/shop/orders",
        lambda status, answer: status == 201 and answer["total_cents"] == 6900,
        {"sku": "A1", "quantity": 2},
    ),
    Step(
        "The ledger speaks the bare protocol, with the standard library alone",
        "GET",
        "/m/ledger/entries",
        lambda status, answer: status == 200 and answer[-1]["item"]["sku"] == "A1",
    ),
    Step(
        "An error raised in the catalog arrives typed, two modules away",
        "POST",
        "/shop/orders",
        lambda status, answer: status == 422 and answer["error"] == "unknown_product",
        {"sku": "Z9", "quantity": 1},
    ),
    Step(
        "The worker notified the catalog of the sale, expecting no answer",
        "GET",
        "/catalog/sales",
        lambda status, answer: status == 200 and answer == {"A1": 1},
    ),
    Step(
        "A module that does not exist is said to be so",
        "GET",
        "/m/bakery/",
        lambda status, answer: status == 404 and answer["module"] == "bakery",
    ),
    Step(
        "Every module is ready",
        "GET",
        "/readyz",
        lambda status, answer: status == 200,
    ),
]


def take(step: Step, shop: Shop) -> None:
    started = time.perf_counter()
    status, text = shop.request(step.method, step.path, step.document)
    milliseconds = (time.perf_counter() - started) * 1000
    answer = json.loads(text) if text[:1] in ("{", "[") else text
    passed = step.accepts(status, answer)
    sent = f"  {json.dumps(step.document)}" if step.document else ""
    print(f"\n{paint(step.title, '1')}")
    print(f"  {step.method} {step.path}{sent}")
    print(f"  {status}  {' '.join(text.split())[:160]}")
    print(f"  {paint('ok', '32') if passed else paint('FAILED', '31')}  {milliseconds:.1f} ms")
    if not passed:
        raise TourError(f"{step.method} {step.path} answered {status}: {text[:300]}")


PAGES = {
    "shop": "/shop/",
    "catalog": "/catalog/products",
    "catalog API": "/catalog/docs",
    "ledger": "/m/ledger/entries",
    "readiness": "/readyz",
}


def stay(shop: Shop) -> None:
    print(f"\n{paint('The shop stays open. Ctrl-C closes it.', '1')}")
    for name, path in PAGES.items():
        print(f"  {name:<12} {shop.url}{path}")
    print(f"  {'log':<12} {shop.log}")
    command = f"{os.path.relpath(Path(sys.executable).with_name('pywatt'))} ps"
    print(f"  {'terminal':<12} {command} -f {os.path.relpath(SHOP / 'pywatt.toml')}")
    shop.process.wait()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--once", action="store_true", help="leave after the tour; non-zero when a step failed"
    )
    once = arguments.parse_args().once
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(paint("Opening the shop: four modules, one orchestrator", "1"))
    shop = Shop(Path(tempfile.mkdtemp(prefix="pywatt-demo-")) / "log")
    try:
        shop.wait_until_ready()
        for step in TOUR:
            take(step, shop)
        if not once:
            stay(shop)
    except TourError as error:
        print(f"\n{paint('The tour failed:', '31')} {error}\nThe end of {shop.log}:", file=sys.stderr)
        print("\n".join(shop.log.read_text(errors="replace").splitlines()[-20:]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    finally:
        code = shop.stop()
        print(f"The shop is closed (exit code {code}).")
    if once and code == 0:
        shutil.rmtree(shop.log.parent)
    return 0 if code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
