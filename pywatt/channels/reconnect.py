"""How often, and how long after each other, a connection is tried."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal, TypeVar

import attrs

from pywatt.errors import ConnectionFailed, ConnectionTimeout, InvalidConfig, NetworkError, ReconnectionFailed

logger = logging.getLogger(__name__)

Opened = TypeVar("Opened")

PolicyKind = Literal["None", "FixedInterval", "ExponentialBackoff"]

SHORTEST_DELAY = 0.001
"""Seconds; less would only keep the processor busy."""


@attrs.frozen
class ReconnectPolicy:
    """When to try again; made by `none`, `fixed_interval` or `exponential_backoff`.

    Args:
        kind: which of the three.
        initial: seconds after the first failed attempt.
        max: the longest wait in seconds.
        multiplier: the factor from one wait to the next.
        max_attempts: how often to try in all; None for ever.
    """

    kind: PolicyKind = "ExponentialBackoff"
    initial: float = 0.1
    max: float = 30.0
    multiplier: float = 2.0
    max_attempts: int | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("initial", "max"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds >= 0):
                raise InvalidConfig(f"reconnect policy: {name} must be a number of seconds, not {seconds}")
        if not (math.isfinite(self.multiplier) and self.multiplier >= 1):
            raise InvalidConfig(f"reconnect policy: multiplier must be at least 1, not {self.multiplier}")
        if self.max_attempts is not None and self.max_attempts < 0:
            raise InvalidConfig(
                f"reconnect policy: max_attempts must not be negative, but is {self.max_attempts}"
            )

    @classmethod
    def none(cls) -> ReconnectPolicy:
        """One attempt."""
        return cls(kind="None", max_attempts=1)

    @classmethod
    def fixed_interval(cls, delay: float, max_attempts: int | None = None) -> ReconnectPolicy:
        """An attempt every `delay` seconds."""
        return cls("FixedInterval", initial=delay, max=delay, multiplier=1.0, max_attempts=max_attempts)

    @classmethod
    def exponential_backoff(
        cls,
        initial: float = 0.1,
        max: float = 30.0,
        multiplier: float = 2.0,
        max_attempts: int | None = None,
    ) -> ReconnectPolicy:
        """Waits that grow by `multiplier`, from `initial` to `max` seconds."""
        return cls("ExponentialBackoff", initial, max, multiplier, max_attempts)

    def delays(self) -> Iterator[float]:
        """The waits between attempts, in seconds; one fewer than there are attempts."""
        delay = max(self.initial, SHORTEST_DELAY)
        longest = max(self.max, SHORTEST_DELAY)
        made = 1
        while self.max_attempts is None or made < self.max_attempts:
            yield delay
            made += 1
            delay = min(max(math.trunc(delay * self.multiplier * 1000) / 1000, SHORTEST_DELAY), longest)


async def connect_with_policy(
    attempt: Callable[[], Awaitable[Opened]],
    policy: ReconnectPolicy,
    *,
    label: str,
    on_failure: Callable[[NetworkError], None] | None = None,
    is_final: Callable[[NetworkError], bool] = lambda error: isinstance(error, InvalidConfig),
) -> Opened:
    """Try to connect until it works or the policy ends.

    Args:
        attempt: makes one connection.
        policy: when to try again.
        label: names the connection in logs and errors.
        on_failure: called after every failed attempt.
        is_final: whether trying again cannot help.

    Raises:
        InvalidConfig: the settings cannot work, however often they are tried.
        ReconnectionFailed: all attempts failed; the last failure is its cause.
        ConnectionFailed, ConnectionTimeout: the only attempt of `ReconnectPolicy.none` failed.
    """
    delays = policy.delays()
    attempts = 0
    if policy.max_attempts == 0:
        raise ReconnectionFailed(0)
    while True:
        attempts += 1
        try:
            return await attempt()
        except NetworkError as error:
            failure = error
        if on_failure is not None:
            on_failure(failure)
        if is_final(failure):
            raise failure
        delay = next(delays, None)
        if delay is None:
            if policy.kind == "None" and isinstance(failure, ConnectionFailed | ConnectionTimeout):
                raise failure
            raise ReconnectionFailed(attempts) from failure
        _report(label, attempts, delay, failure)
        await asyncio.sleep(delay)


def _report(label: str, attempts: int, delay: float, failure: NetworkError) -> None:
    # Every doubling is enough to see that it goes on; a peer that is down for hours must not fill the log.
    level = logging.WARNING if attempts & (attempts - 1) == 0 else logging.DEBUG
    logger.log(level, "%s: attempt %d failed, next in %g s: %s", label, attempts, delay, failure)
