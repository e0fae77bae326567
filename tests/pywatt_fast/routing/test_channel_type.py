"""The names of channels."""

from types import ModuleType

from pywatt import ChannelType


def test_the_values_are_the_names_of_the_wire(core: ModuleType) -> None:
    assert [channel.value for channel in core.ChannelType] == ["Tcp", "Ipc"]


def test_the_channels_of_pywatt_are_named_by_the_same_class() -> None:
    import pywatt_fast
    from pywatt import IpcChannel, TcpChannel

    assert ChannelType is pywatt_fast.ChannelType
    assert TcpChannel.channel_type is ChannelType.TCP
    assert IpcChannel.channel_type is ChannelType.IPC
