"""The places of the protocol that a judgement refers to; `docs/testing.md` lists them."""

from __future__ import annotations

from typing import Final

LINES: Final = "lifecycle 1: transports"
INIT: Final = "lifecycle 2: handshake"
SERIALISATION: Final = "lifecycle 3: serialisation rules"
MODULE_OPERATIONS: Final = "lifecycle 4: what a module sends"
ORCHESTRATOR_OPERATIONS: Final = "lifecycle 5: what an orchestrator sends"
WRAPPING: Final = "lifecycle 6: bare or wrapped"
RECEIVING: Final = "lifecycle 7: receiving"
ANNOUNCE: Final = "lifecycle 8: announce"
IDENTIFY: Final = "lifecycle 15, D1: identify"
MESSAGE: Final = "channels 1: message and metadata"
ENCODED_MESSAGE: Final = "channels 2: encoded message"
FRAMES: Final = "channels 3: frame layout"
LIMITS: Final = "channels 12, D5: sizes"
RECONNECTING: Final = "channels 12, D18: reconnecting"
HTTP_ON_STDIO: Final = "services 1.1: HTTP on standard input and output"
PORTS: Final = "services 3: port negotiation"
CALLS: Final = "services 4: calls between modules"
SECRETS: Final = "security 1: secrets"
ROTATION: Final = "security 3: rotation"
COMPILED_MODULE: Final = "reference peer 2: what a compiled module does"
SEQUENCES: Final = "reference peer 4: sequence forms"
