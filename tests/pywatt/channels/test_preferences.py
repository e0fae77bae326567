"""Preferences and capabilities read strictly; the presets themselves are pinned in tests/wire."""

import json

import pytest

from pywatt.channels.preferences import ChannelCapabilities, ChannelPreferences
from pywatt.errors import ConfigError

PREFERENCES = json.loads(ChannelPreferences.prefer_ipc().to_json())
CAPABILITIES = json.loads(ChannelCapabilities.tcp_standard().to_json())


def without(values: dict[str, object], name: str) -> str:
    return json.dumps({key: value for key, value in values.items() if key != name})


@pytest.mark.parametrize("preset", ["default", "tcp_only", "ipc_only", "prefer_ipc", "prefer_tcp"])
def test_preferences_survive_their_json(preset: str) -> None:
    preferences = getattr(ChannelPreferences, preset)()

    assert ChannelPreferences.from_json(preferences.to_json()) == preferences


@pytest.mark.parametrize("preset", ["default", "tcp_standard", "ipc_standard", "high_performance"])
def test_capabilities_survive_their_json(preset: str) -> None:
    capabilities = getattr(ChannelCapabilities, preset)()

    assert ChannelCapabilities.from_json(capabilities.to_json()) == capabilities


@pytest.mark.parametrize("name", sorted(PREFERENCES))
def test_every_preference_is_required(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        ChannelPreferences.from_json(without(PREFERENCES, name))


@pytest.mark.parametrize("value", [None, 0, 1, "true", []])
def test_a_preference_is_a_boolean(value: object) -> None:
    with pytest.raises(ConfigError, match="use_tcp must be true or false"):
        ChannelPreferences.from_json(json.dumps(PREFERENCES | {"use_tcp": value}))


@pytest.mark.parametrize("name", sorted(set(CAPABILITIES) - {"max_message_size"}))
def test_every_ability_is_required(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        ChannelCapabilities.from_json(without(CAPABILITIES, name))


def test_the_size_may_be_null_or_absent_and_is_printed_as_null() -> None:
    assert ChannelCapabilities.from_json(without(CAPABILITIES, "max_message_size")).max_message_size is None
    assert json.loads(ChannelCapabilities.default().to_json())["max_message_size"] is None


@pytest.mark.parametrize("size", [-1, 1.5, True, "1", 2**64])
def test_the_size_is_a_number_of_bytes(size: object) -> None:
    with pytest.raises(ConfigError, match="max_message_size"):
        ChannelCapabilities.from_json(json.dumps(CAPABILITIES | {"max_message_size": size}))


def test_unknown_keys_are_ignored() -> None:
    text = json.dumps(PREFERENCES | {"use_pigeons": True})

    assert ChannelPreferences.from_json(text.encode()) == ChannelPreferences.prefer_ipc()


@pytest.mark.parametrize("text", ["", "[]", "null", '{"use_tcp":true,"use_tcp":false}', "{"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="channel preferences"):
        ChannelPreferences.from_json(text)
