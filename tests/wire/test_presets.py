"""What the reference prints where nothing was configured."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pywatt.channels.preferences import ChannelCapabilities, ChannelPreferences

KINDS = {"preferences": ChannelPreferences, "capabilities": ChannelCapabilities}


@pytest.fixture
def recorded(vectors: Path) -> dict[str, Any]:
    file = vectors / "presets.json"
    if not file.exists():
        pytest.skip("this directory has no presets.json")
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("subject", KINDS)
def test_every_preset_is_printed_as_by_the_reference(subject: str, recorded: dict[str, Any]) -> None:
    for name, values in recorded[subject].items():
        assert json.loads(getattr(KINDS[subject], name)().to_json()) == values, name


@pytest.mark.parametrize("subject", KINDS)
def test_every_preset_is_read_from_what_the_reference_prints(subject: str, recorded: dict[str, Any]) -> None:
    kind = KINDS[subject]
    for name, values in recorded[subject].items():
        assert kind.from_json(json.dumps(values)) == getattr(kind, name)(), name


def test_we_have_no_preset_that_the_reference_lacks(recorded: dict[str, Any]) -> None:
    for subject, kind in KINDS.items():
        ours = {
            name
            for name, member in vars(kind).items()
            if isinstance(member, classmethod) and name != "from_json" and not name.startswith("_")
        }
        assert ours == set(recorded[subject])


def test_the_default_matrix_is_printed_as_by_the_reference(
    core: ModuleType, recorded: dict[str, Any]
) -> None:
    assert core.RoutingMatrix().to_json().decode() == recorded["routing_matrix_text"]


def test_the_matrix_is_read_from_what_the_reference_prints(
    core: ModuleType, recorded: dict[str, Any]
) -> None:
    text = recorded["routing_matrix_text"]
    assert core.RoutingMatrix.from_json(text) == core.RoutingMatrix()
    assert core.RoutingMatrix.from_json(json.dumps(recorded["routing_matrix"])) == core.RoutingMatrix()


def test_every_preference_is_read_and_printed_alone(core: ModuleType, recorded: dict[str, Any]) -> None:
    default = core.RoutingMatrix()
    for name, preference in recorded["routing_matrix"].items():
        assert core.ChannelPreference.from_json(json.dumps(preference)) == getattr(default, name), name
        assert json.loads(getattr(default, name).to_json()) == preference, name


def test_every_condition_is_read_and_printed(core: ModuleType, recorded: dict[str, Any]) -> None:
    for condition in recorded["conditions"]:
        assert json.loads(core.read_condition(json.dumps(condition)).to_json()) == condition


def test_the_service_level_is_that_of_the_reference(core: ModuleType, recorded: dict[str, Any]) -> None:
    assert json.loads(core.SlaConfig().to_json()) == recorded["sla"]
    assert core.SlaConfig.from_json(json.dumps(recorded["sla"])) == core.SlaConfig()


def test_the_stream_preset_is_read_and_printed_as_by_the_reference(
    core: ModuleType, recorded: dict[str, Any]
) -> None:
    preset = core.StreamConfig.reference()
    assert json.loads(preset.to_json()) == recorded["stream"]
    assert core.StreamConfig.from_json(json.dumps(recorded["stream"]).encode()) == preset
