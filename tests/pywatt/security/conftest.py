"""An orchestrator's side of a secret client, without a process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pywatt.protocol.operations import GetSecret, Rotated, RotationAck, SecretValue
from pywatt.security.secret_client import SecretClient

DEADLINE = 5.0


class Vault:
    """Hears what a client asks, and answers in any order."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[GetSecret | RotationAck] = asyncio.Queue()
        self.refusal: Exception | None = None

    def client(self, **options: Any) -> SecretClient:
        self.under_test = SecretClient(self._send, **options)
        return self.under_test

    def answer(self, name: str, value: str | None = None, **more: Any) -> None:
        self.under_test.receive_secret(SecretValue(name, value, **more))

    def rotate(self, rotation_id: str, *keys: str) -> None:
        self.under_test.receive_rotated(Rotated(list(keys), rotation_id))

    async def asked(self) -> str:
        heard = await self._next()
        assert isinstance(heard, GetSecret)
        return heard.name

    async def acknowledged(self) -> RotationAck:
        heard = await self._next()
        assert isinstance(heard, RotationAck)
        return heard

    async def _next(self) -> GetSecret | RotationAck:
        async with asyncio.timeout(DEADLINE):
            return await self.heard.get()

    def _send(self, operation: GetSecret | RotationAck) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.heard.put_nowait(operation)


@pytest.fixture
def vault() -> Vault:
    return Vault()
