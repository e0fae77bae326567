"""Payloads of every format, sound and broken: what the reference makes of them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

Case = dict[str, Any]


@pytest.fixture
def encoded(core: ModuleType, conversions_case: Case) -> Any:
    return core.EncodedMessage(
        bytes.fromhex(conversions_case["data"]), core.EncodingFormat(conversions_case["format"])
    )


def agrees(core: ModuleType, recorded: Case, action: Callable[[], Any]) -> None:
    if "error" in recorded:
        with pytest.raises(core.MessageError):
            action()
    else:
        assert action() == recorded["ok"]


def test_nested_form(core: ModuleType, encoded: Any, conversions_case: Case) -> None:
    assert encoded.to_json().decode() == conversions_case["nested"]
    assert core.EncodedMessage.from_json(conversions_case["nested"]) == encoded


def test_kind(core: ModuleType, encoded: Any, conversions_case: Case) -> None:
    agrees(core, conversions_case["peek_kind"], encoded.peek_kind)


def test_text(core: ModuleType, encoded: Any, conversions_case: Case) -> None:
    agrees(core, conversions_case["to_string"], encoded.to_string)


def test_written_frame(core: ModuleType, encoded: Any, conversions_case: Case) -> None:
    agrees(core, conversions_case["write"], lambda: encoded.to_frame().hex())


@pytest.mark.parametrize("target", ["Json", "Binary", "Base64", "Auto"])
def test_other_format(core: ModuleType, encoded: Any, conversions_case: Case, target: str) -> None:
    def converted() -> Any:
        result = encoded.to_format(core.EncodingFormat(target))
        return {"data": result.data.hex(), "format": result.format.value}

    agrees(core, conversions_case["to_format"][target], converted)


def test_reading_the_nested_form(
    core: ModuleType, nested_read_case: Case, differences: dict[str, Any]
) -> None:
    text, recorded = nested_read_case["text"], nested_read_case["result"]
    refused_by_us = {entry["form"] for entry in differences["nested_read"]}
    if "error" in recorded or ("sequence" in refused_by_us and text.lstrip().startswith("[")):
        with pytest.raises(core.JsonSerializationError):
            core.EncodedMessage.from_json(text)
    else:
        message = core.EncodedMessage.from_json(text)
        assert {"data": message.data.hex(), "format": message.format.value} == recorded["ok"]
