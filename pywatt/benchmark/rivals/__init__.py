"""Other libraries that do the same; one file each, loaded when it is measured.

A codec's file has `encoder` and `decoder`: each takes an envelope (`id`, `content`, `metadata`) and returns a
step. A transport's file has `serve` and `connect`: each takes the path of a Unix socket and returns an
asynchronous context, that of `connect` with a function that sends bytes and waits for them to come back.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import attrs


@attrs.frozen
class Rival:
    """One library.

    Args:
        module: what is imported.
        distribution: what is installed.
    """

    module: str
    distribution: str


CODECS: Final = {
    "msgspec": Rival("msgspec", "msgspec"),
    "orjson": Rival("orjson", "orjson"),
    "msgpack": Rival("msgpack", "msgpack"),
}
TRANSPORTS: Final = {
    "grpc": Rival("grpc", "grpcio"),
    "pyzmq": Rival("zmq", "pyzmq"),
    "websockets": Rival("websockets", "websockets"),
    "aiohttp": Rival("aiohttp", "aiohttp"),
}
RIVALS: Final = {**CODECS, **TRANSPORTS}


def is_installed(name: str) -> bool:
    """Whether a rival is there; it is not imported."""
    return find_spec(RIVALS[name].module) is not None


def load(name: str) -> Any:
    """The adapter of a rival."""
    return import_module(f"{__name__}.with_{name}")
