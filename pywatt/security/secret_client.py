"""Asks the orchestrator for secrets, keeps them, and follows their rotation."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, TypeVar

from pywatt.errors import NetworkError, SecretError, SecretIoError, SecretNotFound, SecretTimeout
from pywatt.observe.redaction import register_secret
from pywatt.protocol.operations import GetSecret, Rotated, RotationAck, SecretValue
from pywatt.security.rotation import RotationCallback, Rotations, RotationSubscriber
from pywatt.security.secret import Secret

logger = logging.getLogger(__name__)

Parsed = TypeVar("Parsed")

SECRET_TIMEOUT: Final = 5.0
MAX_CACHED: Final = 4096
MAX_FLIGHTS: Final = 1024
LONGEST_NAME: Final = 256


class SecretMode(Enum):
    """Where `get_secret` looks."""

    CACHE_THEN_REMOTE = "CacheThenRemote"
    FORCE_REMOTE = "ForceRemote"
    CACHE_ONLY = "CacheOnly"


class _Entry:
    __slots__ = ("fresh", "secret", "stored_at")

    def __init__(self, secret: Secret[str]) -> None:
        self.secret = secret
        self.stored_at = time.monotonic()
        self.fresh = True


class SecretClient:
    """The one client of a module process, fed by the reader of its carriers in the order of arrival.

    Args:
        send: sends an operation to the orchestrator; raises NetworkError when it cannot.
        timeout: how long an answer may take, in seconds.
        time_to_live: how long a fetched value is served from the cache, in seconds; None is for ever.
    """

    def __init__(
        self,
        send: Callable[[GetSecret | RotationAck], None],
        *,
        timeout: float = SECRET_TIMEOUT,
        time_to_live: float | None = None,
    ) -> None:
        self._send = send
        self._timeout = timeout
        self._time_to_live = time_to_live
        self._entries: dict[str, _Entry] = {}
        self._requested: dict[str, None] = {}
        self._flights: dict[str, asyncio.Future[Secret[str] | SecretError]] = {}
        self._subscribers: list[RotationSubscriber] = []
        self._rotations = Rotations(self._fetch, self._send, lambda: list(self._subscribers))
        self._closed: str | None = None

    @classmethod
    def new_dummy(cls, values: dict[str, str] | None = None) -> SecretClient:
        """A client that asks nobody: it knows the given values and nothing else. For tests."""

        def refuse(operation: GetSecret | RotationAck) -> None:
            raise NetworkError("this secret client has no orchestrator")

        client = cls(refuse)
        for name, value in (values or {}).items():
            client.insert(name, value)
        return client

    def __repr__(self) -> str:
        return f"SecretClient({len(self._entries)} cached, {len(self._flights)} asked for)"

    async def get_secret(self, name: str, mode: SecretMode = SecretMode.CACHE_THEN_REMOTE) -> Secret[str]:
        """A secret by its name.

        Args:
            name: 1 to 256 characters without control characters and `=`.
            mode: whether the cache, the orchestrator or both are asked.

        Raises:
            SecretNotFound: the orchestrator has none of that name for this module, or the cache has none.
            SecretTimeout: there was no answer in time.
            SecretIoError: the orchestrator cannot be asked.
        """
        check_secret_name(name)
        if mode is not SecretMode.FORCE_REMOTE:
            cached = self.cached(name)
            if cached is not None:
                return cached
            if mode is SecretMode.CACHE_ONLY:
                raise SecretNotFound(name)
        return await self._fetch(name)

    async def get(self, name: str) -> Secret[str]:
        """The same as `get_secret(name)`."""
        return await self.get_secret(name)

    async def get_secrets(self, names: Iterable[str]) -> dict[str, Secret[str]]:
        """Several secrets, asked for at once; the first that fails raises."""
        wanted = list(dict.fromkeys(names))
        found = await asyncio.gather(*(self.get_secret(name) for name in wanted))
        return dict(zip(wanted, found, strict=True))

    async def get_typed(self, name: str, target: Callable[[str], Parsed]) -> Secret[Parsed]:
        """A secret read as another type, strictly; see `parse_secret`."""
        from pywatt.security.secret_parsing import parse_secret

        return (await self.get_secret(name)).map(lambda text: parse_secret(text, target))

    async def get_string(self, name: str) -> Secret[str]:
        """A secret as it is."""
        return await self.get_secret(name)

    async def get_bool(self, name: str) -> Secret[bool]:
        """A secret that is `true` or `false`."""
        return await self.get_typed(name, bool)

    async def get_int(self, name: str) -> Secret[int]:
        """A secret that is a whole number."""
        return await self.get_typed(name, int)

    async def get_float(self, name: str) -> Secret[float]:
        """A secret that is a number."""
        return await self.get_typed(name, float)

    def cached(self, name: str) -> Secret[str] | None:
        """What the cache would answer now."""
        entry = self._entries.get(name)
        if entry is None or not entry.fresh:
            return None
        if self._time_to_live is not None and time.monotonic() - entry.stored_at > self._time_to_live:
            return None
        return entry.secret

    def latest(self, name: str) -> Secret[str] | None:
        """The last value that was seen, also while a rotation is fetching the next one."""
        entry = self._entries.get(name)
        return None if entry is None else entry.secret

    def names(self) -> list[str]:
        """The names whose values are known."""
        return list(self._entries)

    def insert(self, name: str, value: str) -> None:
        """Put a value into the cache, as an answer of the orchestrator would."""
        check_secret_name(name)
        self._store(name, value)

    def subscribe_to_rotations(
        self, callback: RotationCallback, keys: Iterable[str] | None = None
    ) -> Callable[[], None]:
        """Be told of new values.

        Args:
            callback: called with the name and the Secret; may be a coroutine function. A rotation is
                acknowledged when it returns; what it raises is logged.
            keys: only these names; None is all.

        Returns:
            A function that ends the subscription.
        """
        subscriber = RotationSubscriber(callback, keys)
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def acknowledge_rotation(self, rotation_id: str, status: str, message: str | None = None) -> None:
        """Send an acknowledgement by hand; rotations that arrive are acknowledged without it.

        Raises:
            SecretIoError: it could not be sent.
        """
        try:
            self._send(RotationAck(rotation_id=rotation_id, status=status, message=message))
        except NetworkError as error:
            raise SecretIoError(str(error)) from error

    def receive_secret(self, operation: SecretValue) -> None:
        """Take a `secret` operation that arrived: an answer, or a value that nobody asked for."""
        flight = self._flights.pop(operation.name, None)
        if operation.value is None:
            if flight is not None:
                flight.set_result(SecretNotFound(operation.name, operation.error))
            return
        before = self.latest(operation.name)
        secret = self._store(operation.name, operation.value)
        if flight is not None:
            flight.set_result(secret)
        elif operation.rotation_id is not None and secret != before:
            for subscriber in list(self._subscribers):
                subscriber.deliver(operation.name, secret)
        logger.debug("received secret %s", operation.name)

    def receive_rotated(self, operation: Rotated) -> None:
        """Take a `rotated` operation that arrived: forget, fetch, tell subscribers, acknowledge once."""
        concerned = [name for name in dict.fromkeys(operation.keys) if self._concerns_us(name)]
        for name in concerned:
            entry = self._entries.get(name)
            if entry is not None:
                entry.fresh = False
        self._rotations.begin(operation.rotation_id, concerned)

    def close(self, reason: str) -> None:
        """Fail all that is still asked for, and everything asked for from now on."""
        self._closed = reason
        self._rotations.cancel()
        for subscriber in self._subscribers:
            subscriber.cancel()
        flights = list(self._flights.values())
        self._flights.clear()
        for flight in flights:
            flight.set_result(SecretIoError(reason))

    def _concerns_us(self, name: str) -> bool:
        if name in self._entries or name in self._requested:
            return True
        return any(subscriber.names(name) for subscriber in self._subscribers)

    async def _fetch(self, name: str) -> Secret[str]:
        flight = self._flights.get(name) or self._ask(name)
        # Shielded: one waiter that is cancelled must not cancel the others.
        answer = await asyncio.shield(flight)
        if isinstance(answer, SecretError):
            raise answer.with_traceback(None)
        return answer

    def _ask(self, name: str) -> asyncio.Future[Secret[str] | SecretError]:
        if self._closed is not None:
            raise SecretIoError(self._closed)
        if len(self._flights) >= MAX_FLIGHTS:
            raise SecretError(f"too many secrets are being asked for: the limit is {MAX_FLIGHTS}")
        try:
            self._send(GetSecret(name=name))
        except NetworkError as error:
            raise SecretIoError(str(error)) from error
        self._remember_request(name)
        loop = asyncio.get_running_loop()
        flight: asyncio.Future[Secret[str] | SecretError] = loop.create_future()
        self._flights[name] = flight
        timer = loop.call_later(self._timeout, self._expire, name, flight)
        flight.add_done_callback(lambda _: timer.cancel())
        return flight

    def _expire(self, name: str, flight: asyncio.Future[Secret[str] | SecretError]) -> None:
        if not flight.done():
            self._flights.pop(name, None)
            flight.set_result(SecretTimeout(name, self._timeout))

    def _remember_request(self, name: str) -> None:
        self._requested.pop(name, None)
        self._requested[name] = None
        if len(self._requested) > MAX_CACHED:
            del self._requested[next(iter(self._requested))]

    def _store(self, name: str, value: str) -> Secret[str]:
        register_secret(value)
        secret = Secret(value)
        self._entries.pop(name, None)
        self._entries[name] = _Entry(secret)
        if len(self._entries) > MAX_CACHED:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            logger.warning("the cache of secrets holds at most %d: %s was dropped", MAX_CACHED, oldest)
        return secret


def check_secret_name(name: str) -> None:
    """Refuse a name that cannot be one.

    Raises:
        SecretError: it is not 1 to 256 characters, or holds a control character or `=`.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise SecretError(f"a secret's name has 1 to {LONGEST_NAME} characters")
    if "=" in name or any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in name):
        raise SecretError("a secret's name holds no control characters and no '='")
