"""Keeps the books: the bare protocol with the standard library only, no pywatt import.

One JSON document a line on stdin and stdout is all that a module speaks. This one asks for a secret,
announces an endpoint, answers HTTP requests and messages of other modules, acknowledges heartbeats, follows
a rotation of its secret, and leaves on `shutdown`, on SIGTERM or at the end of its input.

Any Python 3 runs it, also one that pywatt itself could not use.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import sys
import uuid
from datetime import datetime, timezone
from typing import Any


class Ledger:
    """Entries chained by a keyed hash, so that none can be altered unseen."""

    def __init__(self, key: str) -> None:
        self.key = key.encode()
        self.entries: list[dict[str, Any]] = []

    def record(self, item: dict[str, Any]) -> dict[str, Any]:
        previous = self.entries[-1]["seal"] if self.entries else ""
        text = previous + json.dumps(item, sort_keys=True)
        seal = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:16]
        self.entries.append({"entry": len(self.entries) + 1, "item": item, "seal": seal})
        return self.entries[-1]


def send(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def receive() -> dict[str, Any] | None:
    """The next message; what is none is passed over, as the protocol asks for."""
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            return None
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if isinstance(message, dict):
            return message
        log("WARN", "a line was passed over: it is no JSON object")


def log(level: str, message: str) -> None:
    line = {
        "timestamp": datetime.now(timezone.utc).isoformat(),
        "level": level,
        "fields": {"message": message},
        "target": "ledger",
    }
    print(json.dumps(line), file=sys.stderr, flush=True)


def answer_http(module_id: str, request: dict[str, Any], ledger: Ledger) -> None:
    found = request["method"] == "GET" and request["uri"].split("?")[0] == "/entries"
    status, body = (200, ledger.entries) if found else (404, {"error": "not found"})
    content = {
        "request_id": request["request_id"],
        "status_code": status,
        "headers": {"content-type": "application/json"},
        "body": list(json.dumps(body).encode()),
    }
    metadata = {
        "id": str(uuid.uuid4()),
        "source": module_id,
        "properties": {"correlation_id": request["request_id"]},
    }
    send({"content": content, "metadata": metadata})


def answer_message(module_id: str, message: dict[str, Any], ledger: Ledger) -> None:
    request = json.loads(bytes(message["payload"]["data"]))
    properties = request["metadata"].get("properties", {})
    if properties.get("endpoint") == "record":
        reply = ledger.record(request["content"])
    else:
        error = {
            "code": "endpoint_not_found",
            "message": f"ledger has no {properties.get('endpoint')}",
            "details": None,
        }
        marked = {"error": True, "correlation_id": message["original_request_id"]}
        reply = {
            "id": str(uuid.uuid4()),
            "content": error,
            "metadata": {"source": module_id, "properties": marked},
        }
    if properties.get("notify"):
        return
    send(
        {
            "op": "route_to_module",
            "target_module_id": message["source_module_id"],
            "target_endpoint": "__response__",
            "request_id": message["original_request_id"],
            "payload": {"data": list(json.dumps(reply).encode()), "format": "Json"},
        }
    )


def main() -> None:
    first_line = sys.stdin.buffer.readline()
    if not first_line:
        sys.exit("ledger: started by hand? An orchestrator writes the first line: pywatt up -f pywatt.toml")
    init = json.loads(first_line)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    module_id = init["module_id"]
    send({"op": "identify", "module_id": module_id, "identify": module_id})
    send({"op": "get_secret", "name": "LEDGER_KEY"})
    answer = receive() or {}
    if answer.get("value") is None:
        log("ERROR", f"no LEDGER_KEY: {answer.get('error', 'the orchestrator went away')}")
        sys.exit(1)
    ledger = Ledger(answer["value"])
    send({"op": "announce", "listen": "", "endpoints": [{"path": "/entries", "methods": ["GET"]}]})
    log("INFO", "the books are open")
    rotation_id = None
    while (message := receive()) is not None and message.get("op") != "shutdown":
        operation = message.get("op")
        if operation == "heartbeat":
            send({"op": "heartbeat_ack"})
        elif operation == "http_request":
            answer_http(module_id, message, ledger)
        elif operation == "routed_module_message":
            answer_message(module_id, message, ledger)
        elif operation == "rotated":
            rotation_id = message["rotation_id"]
            send({"op": "get_secret", "name": "LEDGER_KEY"})
        elif operation == "secret" and message.get("value") is not None:
            ledger.key = message["value"].encode()  # entries from now on are sealed with it
            if rotation_id is not None:
                send({"op": "rotation_ack", "rotation_id": rotation_id, "status": "success"})
                rotation_id = None


if __name__ == "__main__":
    main()
