"""What a message's metadata and size say about it."""

import json
from types import ModuleType
from typing import Any

import pytest

MIB = 1024 * 1024


def extracted(
    core: ModuleType, properties: dict[str, object] | None, size: int = 10, target: str = "a"
) -> Any:
    metadata = core.MessageMetadata(None, None, None, None, properties)
    return core.extract_message_characteristics(core.EncodedMessage(bytes(size)), metadata, target)


def test_the_defaults(core: ModuleType) -> None:
    assert json.loads(core.MessageCharacteristics().to_json()) == {
        "size": 0,
        "priority": "Normal",
        "message_type": "Data",
        "target_location": "Unknown",
        "requires_ack": False,
        "timeout_ms": None,
        "retryable": True,
    }


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("", "LOCAL"),
        ("catalog", "LOCAL"),
        ("127.0.0.1:80", "LOCAL"),
        ("localhost:9", "LOCAL"),
        ("unix:///run/a.sock", "LOCAL"),
        ("[::1]:80", "REMOTE"),
        ("http://localhost", "REMOTE"),
        ("unix:/run/a.sock", "REMOTE"),
        ("Localhost:1", "REMOTE"),
        ("10.0.0.1:80", "REMOTE"),
    ],
)
def test_where_a_target_is(core: ModuleType, target: str, location: str) -> None:
    assert core.locate_target(target) is core.TargetLocation[location]
    assert extracted(core, {}, target=target).target_location is core.TargetLocation[location]


@pytest.mark.parametrize(
    ("size", "kind"),
    [(0, "CONTROL"), (99, "CONTROL"), (100, "DATA"), (MIB, "DATA"), (MIB + 1, "FILE_TRANSFER")],
)
def test_without_metadata_the_size_says_what_it_is(core: ModuleType, size: int, kind: str) -> None:
    found = core.extract_message_characteristics(core.EncodedMessage(bytes(size)), None, "a")
    assert found.message_type is core.MessageType[kind]
    assert found.priority is core.MessagePriority.NORMAL
    assert found.size == size


def test_metadata_without_properties_is_metadata(core: ModuleType) -> None:
    assert extracted(core, None, MIB + 1).message_type is core.MessageType.DATA


@pytest.mark.parametrize("name", ["critical", "high", "normal", "low", "bulk"])
def test_every_priority(core: ModuleType, name: str) -> None:
    assert extracted(core, {"priority": name}).priority is core.MessagePriority[name.upper()]


@pytest.mark.parametrize("name", ["control", "data", "file_transfer", "stream", "real_time", "batch"])
def test_every_type(core: ModuleType, name: str) -> None:
    assert extracted(core, {"type": name}).message_type is core.MessageType[name.upper()]


def test_the_other_properties(core: ModuleType) -> None:
    found = extracted(core, {"requires_ack": True, "timeout": 2**64 - 1, "retryable": False})
    assert (found.requires_ack, found.timeout_ms, found.retryable) == (True, 2**64 - 1, False)


@pytest.mark.parametrize("value", [None, 1, 1.5, "x", "True", "Critical", -1, 2**64, [], {}])
def test_what_has_the_wrong_type_counts_as_missing(core: ModuleType, value: object) -> None:
    properties = dict.fromkeys(("priority", "type", "requires_ack", "retryable"), value)
    timeout = {} if value == 1 else {"timeout": value}
    assert extracted(core, properties | timeout) == extracted(core, {})


@pytest.mark.parametrize("value", [True, 1.0, "5"])
def test_a_timeout_is_an_integer(core: ModuleType, value: object) -> None:
    assert extracted(core, {"timeout": value}).timeout_ms is None


@pytest.mark.parametrize(
    ("size", "timeout", "field"), [(-1, None, "size"), (0, -1, "timeout_ms"), (2**64, 0, "size")]
)
def test_impossible_numbers_are_refused(core: ModuleType, size: int, timeout: int | None, field: str) -> None:
    with pytest.raises(core.RoutingError, match=field) as refusal:
        core.MessageCharacteristics(size, timeout_ms=timeout)
    assert refusal.value.field == field
    assert refusal.value.limit == 2**64 - 1
