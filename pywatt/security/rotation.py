"""What happens when the orchestrator says that secrets have new values: fetch, tell, acknowledge once."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from pywatt.errors import PyWattSDKError
from pywatt.protocol.operations import RotationAck
from pywatt.security.secret import Secret

logger = logging.getLogger(__name__)

ROTATION_DEADLINE: Final = 30.0
PARALLEL_FETCHES: Final = 16
REMEMBERED_ROTATIONS: Final = 64
RUNNING_ROTATIONS: Final = 64
LONGEST_ACK_MESSAGE: Final = 256

RotationCallback = Callable[[str, Secret[str]], object]


class RotationSubscriber:
    """One callback; while it is busy, new values wait for it, the newest of each name only."""

    def __init__(self, callback: RotationCallback, keys: Iterable[str] | None) -> None:
        self._callback = callback
        self._keys = None if keys is None else frozenset(keys)
        self._waiting: dict[str, Secret[str]] = {}
        self._task: asyncio.Task[None] | None = None

    def names(self, key: str) -> bool:
        """Whether this subscriber asked for the key by name."""
        return self._keys is not None and key in self._keys

    def deliver(self, key: str, secret: Secret[str]) -> None:
        """Hand over a new value, if the subscriber wants this key."""
        if self._keys is not None and key not in self._keys:
            return
        self._waiting.pop(key, None)
        self._waiting[key] = secret
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def idle(self) -> None:
        """Return when everything delivered so far has been handled."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def cancel(self) -> None:
        """Stop a callback that is still at work."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._waiting:
            key = next(iter(self._waiting))
            secret = self._waiting.pop(key)
            try:
                result = self._callback(key, secret)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                logger.exception("a subscriber to rotations of secret %s failed", key)


class Rotations:
    """Carries out rotations and remembers how the last ones ended.

    Args:
        fetch: asks the orchestrator for a name, never the cache.
        send: sends an acknowledgement.
        subscribers: who is told; read anew for each rotation.
    """

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[Secret[str]]],
        send: Callable[[RotationAck], None],
        subscribers: Callable[[], list[RotationSubscriber]],
    ) -> None:
        self._fetch = fetch
        self._send = send
        self._subscribers = subscribers
        self._completed: OrderedDict[str, RotationAck] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}

    def begin(self, rotation_id: str, names: list[str]) -> None:
        """Start a rotation; one that ended is only acknowledged again, one that runs is left alone."""
        known = self._completed.get(rotation_id)
        if known is not None:
            self._acknowledge(known)
        elif rotation_id in self._running:
            logger.debug("rotation %s is already being carried out", rotation_id)
        elif len(self._running) >= RUNNING_ROTATIONS:
            text = f"too many rotations at once: the limit is {RUNNING_ROTATIONS}"
            self._acknowledge(RotationAck(rotation_id=rotation_id, status="error", message=text))
        else:
            task = asyncio.get_running_loop().create_task(self._carry_out(rotation_id, names))
            self._running[rotation_id] = task
            task.add_done_callback(lambda _: self._running.pop(rotation_id, None))

    def cancel(self) -> None:
        """Give up on the rotations that are under way."""
        for task in self._running.values():
            task.cancel()

    async def _carry_out(self, rotation_id: str, names: list[str]) -> None:
        try:
            async with asyncio.timeout(ROTATION_DEADLINE):
                failed = await self._renew(names)
            status, message = ("error", _failure_text(failed)) if failed else ("success", None)
        except TimeoutError:
            status, message = "error", "timeout"
        acknowledgement = RotationAck(rotation_id=rotation_id, status=status, message=message)
        self._completed[rotation_id] = acknowledgement
        while len(self._completed) > REMEMBERED_ROTATIONS:
            self._completed.popitem(last=False)
        self._acknowledge(acknowledgement)

    async def _renew(self, names: list[str]) -> list[str]:
        """Fetch and deliver each name; the names that failed."""
        gate = asyncio.Semaphore(PARALLEL_FETCHES)
        failed: list[str] = []

        async def renew_one(name: str) -> None:
            async with gate:
                try:
                    secret = await self._fetch(name)
                except PyWattSDKError as error:
                    logger.error("secret %s could not be fetched after its rotation: %s", name, error)
                    failed.append(name)
                    return
            for subscriber in self._subscribers():
                subscriber.deliver(name, secret)

        await asyncio.gather(*(renew_one(name) for name in names))
        for subscriber in self._subscribers():
            await subscriber.idle()
        return sorted(failed)

    def _acknowledge(self, acknowledgement: RotationAck) -> None:
        try:
            self._send(acknowledgement)
        except PyWattSDKError as error:
            logger.warning("rotation %s could not be acknowledged: %s", acknowledgement.rotation_id, error)


def _failure_text(names: list[str]) -> str:
    text = "failed: " + ", ".join(names)
    return text if len(text) <= LONGEST_ACK_MESSAGE else text[: LONGEST_ACK_MESSAGE - 3] + "..."
