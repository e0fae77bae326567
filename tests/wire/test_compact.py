"""The compact layout, byte for byte.

`vectors/compact_ours.json` and `compact_ours_read.json` are ours, pinned so that versions of pywatt
understand each other: no reference speaks this layout. Byte strings stand there as hex.
"""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Case = dict[str, Any]

MAX_FRAME = 1 << 20
HEADER = 5
NAMES = {
    "http_request": "HttpRequest",
    "http_response": "HttpResponse",
    "heartbeat": "Heartbeat",
    "heartbeat_ack": "HeartbeatAck",
    "stream_open": "StreamOpen",
    "stream_data": "StreamData",
    "stream_credit": "StreamCredit",
    "stream_end": "StreamEnd",
    "stream_reset": "StreamReset",
}


def built(core: ModuleType, case: Case) -> Any:
    """The operation or stream frame of a case."""
    fields: dict[str, Any] = case["fields"]
    op: str = case["op"]
    if op == "cold":
        metadata = fields["metadata"]
        text = bytes.fromhex(fields["text"])
        return core.ColdOperation(fields["op"], text, None if metadata is None else bytes.fromhex(metadata))
    if op.startswith("route"):
        data = bytes.fromhex(fields["payload"])
        payload = core.EncodedMessage(data, core.EncodingFormat(fields["format"]))
        if op == "route_to_module":
            names = (fields["target_module_id"], fields["target_endpoint"], fields["request_id"])
            return core.RouteToModule(*names, payload)
        if op == "routed_module_response":
            return core.RoutedModuleResponse(fields["source_module_id"], fields["request_id"], payload)
        source, identifier = fields["source_module_id"], fields["original_request_id"]
        return core.RoutedModuleMessage(source, identifier, payload, fields["target_endpoint"])
    for name in ("body", "payload"):
        if isinstance(fields.get(name), str):
            fields = fields | {name: bytes.fromhex(fields[name])}
    return getattr(core, NAMES[op])(*fields.values())


@pytest.fixture
def cases() -> dict[str, Case]:
    file = Path(__file__).parent / "vectors" / "compact_ours.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    return {case["name"]: case for case in content}


def test_every_operation_has_its_bytes(core: ModuleType, compact_ours_case: Case) -> None:
    operation = built(core, compact_ours_case)
    assert core.write_compact_frame(operation, MAX_FRAME).hex() == compact_ours_case["frame"]


def test_the_bytes_are_that_operation(core: ModuleType, compact_ours_case: Case) -> None:
    frame = bytes.fromhex(compact_ours_case["frame"])
    assert frame[:HEADER] == (len(frame) - HEADER).to_bytes(4, "big") + bytes([core.CODE_MESSAGE_PACK])
    assert core.read_compact(frame[HEADER:]) == built(core, compact_ours_case)


def test_other_forms_are_read_or_refused(
    core: ModuleType, compact_ours_read_case: Case, cases: dict[str, Case]
) -> None:
    payload = bytes.fromhex(compact_ours_read_case["payload"])
    if "like" in compact_ours_read_case:
        assert core.read_compact(payload) == built(core, cases[compact_ours_read_case["like"]])
        return
    with pytest.raises(getattr(core, compact_ours_read_case["refused"])) as caught:
        core.read_compact(payload)
    assert str(caught.value) == compact_ours_read_case["error"]
