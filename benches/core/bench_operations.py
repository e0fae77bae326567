"""HTTP responses and calls between modules, as operations inside messages. No goals stand yet."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest
from core.rivals import naive, pure
from core.samples import IDENTIFIER, MAX_FRAME, METADATA, content_of
from core.side_by_side import SideBySide, Subject
from core.variants import subjects_of

HEADERS = {"content-type": "application/json", "x-request-id": "8c1d", "content-length": "64"}
BODIES = [0, 64, 4096, 262_144]


def response_fields(body: bytes) -> dict[str, Any]:
    head = {"op": "http_response", "request_id": "r-1", "status_code": 200, "headers": HEADERS}
    return {**head, "body": list(body)}


@pytest.mark.parametrize("size", BODIES)
def bench_write_response(size: int, side_by_side: SideBySide) -> None:
    body = random.Random(size).randbytes(size)

    def frame(write: Callable[[], bytes]) -> Subject:
        return Subject(write, value=lambda: json.loads(write()[5:])["content"])

    def written(core: ModuleType) -> Subject:
        response = core.HttpResponse("r-1", 200, HEADERS, body)
        return frame(lambda: core.write_operation_frame(response, True, MAX_FRAME))

    def naively() -> bytes:
        message = {"id": str(uuid.uuid4()), "content": response_fields(body), "metadata": {}}
        return naive.frame(json.dumps(message, separators=(",", ":")).encode())

    rivals = {
        "naive": frame(naively),
        "orjson and a dict": frame(lambda: pure.new_frame_of_dict(response_fields(body), {})),
    }
    side_by_side(f"write {size} B", subjects_of("response", written), rivals, response_fields(body))


@pytest.mark.parametrize("size", BODIES)
def bench_read_response(size: int, side_by_side: SideBySide) -> None:
    body = random.Random(size).randbytes(size)
    text = pure.encode_dict(response_fields(body), {}, IDENTIFIER)

    def read(core: ModuleType) -> Subject:
        def fields() -> tuple[str, int, dict[str, str], bytes]:
            response = core.read_operation(text)
            return response.request_id, response.status_code, response.headers, response.body

        return Subject(fields)

    def parsed_by(loads: Callable[[bytes], Any]) -> Subject:
        def fields() -> tuple[str, int, dict[str, str], bytes]:
            found = loads(text)["content"]
            assert found["op"] == "http_response"
            return found["request_id"], found["status_code"], found["headers"], bytes(found["body"])

        return Subject(fields)

    rivals = {"naive": parsed_by(json.loads), "orjson and a dict": parsed_by(orjson.loads)}
    side_by_side(f"read {size} B", subjects_of("response", read), rivals, ("r-1", 200, HEADERS, body))


def bench_read_call(side_by_side: SideBySide) -> None:
    payload = pure.encode_dict(content_of("small"), METADATA, IDENTIFIER)
    call = {
        "op": "route_to_module",
        "target_module_id": "ledger",
        "target_endpoint": "price",
        "request_id": IDENTIFIER,
        "payload": {"data": list(payload), "format": "Json"},
    }
    text = pure.encode_dict(call, {}, IDENTIFIER)

    def read(core: ModuleType) -> Subject:
        def fields() -> tuple[str, str, bytes]:
            found = core.read_operation(text)
            return found.target_module_id, found.target_endpoint, found.payload.data

        return Subject(fields)

    def parsed_by(loads: Callable[[bytes], Any]) -> Subject:
        def fields() -> tuple[str, str, bytes]:
            found = loads(text)["content"]
            return found["target_module_id"], found["target_endpoint"], bytes(found["payload"]["data"])

        return Subject(fields)

    rivals = {"naive": parsed_by(json.loads), "orjson and a dict": parsed_by(orjson.loads)}
    side_by_side("read a call", subjects_of("call", read), rivals, ("ledger", "price", payload))
