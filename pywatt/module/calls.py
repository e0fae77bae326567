"""Calls to other modules: what goes out, and the answers that come back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final

from pywatt.errors import (
    CallError,
    CallTimeout,
    InvalidPayload,
    MessageTooLarge,
    ModuleUnavailable,
    NetworkError,
)
from pywatt.messaging.calls import read_reply, request_payload
from pywatt.messaging.requests import PendingRequests
from pywatt_fast import EncodedMessage, RouteToModule, new_identifier

MAX_PENDING_CALLS: Final = 10_000
LONGEST_TIMEOUT: Final = 24 * 3600.0
_THREAD_GRACE: Final = 5.0


class Calls:
    """Sends calls and notifications, and keeps the calls that wait for an answer.

    Args:
        module_id: who we are.
        send: sends an operation on the best carrier; raises NetworkError when there is none.
        default_timeout: how long a call waits when it is given no timeout, in seconds.
    """

    def __init__(
        self, module_id: str, send: Callable[[RouteToModule], None], default_timeout: float = 30.0
    ) -> None:
        self._module_id = module_id
        self._send = send
        self._default_timeout = default_timeout
        self._pending = PendingRequests(MAX_PENDING_CALLS, "calls that wait for an answer")
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let other threads call through this loop."""
        self._loop = loop

    async def call(self, module: str, endpoint: str, payload: object, timeout: float | None) -> Any:
        """Send a request and wait for its answer; see AppState.call."""
        seconds = self._default_timeout if timeout is None else _checked(timeout)
        request_id = new_identifier()
        request = self._request(module, endpoint, request_id, payload, seconds, notify=False)
        try:
            answer = self._pending.open((module, request_id), seconds)
        except NetworkError as error:
            raise ModuleUnavailable(error.message) from error
        try:
            self._transmit(request)
            encoded: EncodedMessage = await answer
        except CallError:
            raise
        except TimeoutError:
            raise CallTimeout(f"{module} did not answer {endpoint!r} in {seconds:g} s") from None
        finally:
            self._pending.discard((module, request_id))
        return read_reply(encoded, request_id)

    def notify(self, module: str, endpoint: str, payload: object) -> None:
        """Send a message that has no answer; see AppState.notify."""
        self._transmit(self._request(module, endpoint, new_identifier(), payload, None, notify=True))

    def complete(self, source: str, request_id: str, payload: EncodedMessage) -> bool:
        """Hand over an answer; whether somebody waited for it."""
        return self._pending.complete((source, request_id), payload)

    def close(self, reason: str) -> None:
        """Fail every call that still waits."""
        self._pending.fail_all(ModuleUnavailable(reason))

    def from_thread(self, work: Coroutine[Any, Any, Any], timeout: float | None, instead: str) -> Any:
        """Run a coroutine on the module's loop for a thread that waits for it."""
        loop = self._loop
        if loop is None or loop.is_closed():
            work.close()
            raise ModuleUnavailable("the module is not running")
        if _is_running_here(loop):
            work.close()
            raise RuntimeError(f"this is the event loop's own thread, which must not wait: write `{instead}`")
        seconds = self._default_timeout if timeout is None else timeout
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            # The coroutine has its own deadline; this one is for a loop that is stuck.
            return future.result(seconds + _THREAD_GRACE)
        except TimeoutError as error:
            future.cancel()
            if isinstance(error, CallTimeout):
                raise
            raise CallTimeout(
                f"the module's event loop did not answer in {seconds + _THREAD_GRACE:g} s"
            ) from None

    def _request(
        self,
        module: str,
        endpoint: str,
        request_id: str,
        content: object,
        timeout: float | None,
        *,
        notify: bool,
    ) -> RouteToModule:
        payload = request_payload(
            endpoint, content, source=self._module_id, destination=module, timeout=timeout, notify=notify
        )
        return RouteToModule(module, endpoint, request_id, payload)

    def _transmit(self, request: RouteToModule) -> None:
        try:
            self._send(request)
        except MessageTooLarge as error:
            raise InvalidPayload(error.message) from error
        except NetworkError as error:
            raise ModuleUnavailable(f"the orchestrator cannot be reached: {error.message}") from error


def _checked(timeout: float) -> float:
    if (
        isinstance(timeout, bool)
        or not isinstance(timeout, (int, float))
        or math.isnan(timeout)
        or timeout <= 0
    ):
        raise ValueError(f"a timeout is a number of seconds above 0, not {timeout!r}")
    return min(float(timeout), LONGEST_TIMEOUT)


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
