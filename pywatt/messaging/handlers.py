"""What a module does when another calls it: handlers by endpoint, and by calling module."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pywatt.errors import (
    ApplicationError,
    ConfigError,
    EndpointNotFound,
    InternalCallError,
    InvalidPayload,
    ModuleUnavailable,
)
from pywatt.messaging.calls import RESPONSE_ENDPOINT, CallRequest
from pywatt_fast import EncodedMessage

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from pywatt.messaging.payload_types import Read

Handler = TypeVar("Handler", bound=Callable[..., Any])

MAX_RUNNING: Final = 1000
MAX_NAMED: Final = 100
"""How many endpoints the caller of one that does not exist is told."""
MAX_THREADS: Final = min(32, (os.cpu_count() or 1) + 4)
_LOG: Final = logging.getLogger(__name__)


class DuplicateHandler(ConfigError):
    """An endpoint that has a handler was given another one.

    Args:
        endpoint: its name.
        first: where the handler that it has is defined, `file:line`.
        second: where the other one is.
    """

    def __init__(self, endpoint: str, first: str, second: str) -> None:
        super().__init__(
            f"message endpoint {endpoint!r} already has a handler, {first}; the second is {second}: "
            "remove one, or give it another name"
        )
        self.endpoint = endpoint
        self.first = first
        self.second = second


class _Endpoint:
    """A handler, and what reads its payload; None when it takes none."""

    __slots__ = ("handler", "read")

    def __init__(self, handler: Callable[..., Any], read: Read | None) -> None:
        self.handler = handler
        self.read = read

    def bind(self, request: CallRequest) -> Callable[[], Any]:
        return self.handler if self.read is None else partial(self.handler, self.read(request.content))


class _SourceEndpoint:
    """A handler for all that one module sends."""

    __slots__ = ("handler",)

    def __init__(self, handler: Callable[[EncodedMessage], Any]) -> None:
        self.handler = handler

    def bind(self, request: CallRequest) -> Callable[[], Any]:
        return partial(self.handler, request.payload)


class MessageHandlers:
    """The message endpoints of a module.

    Async handlers run on the event loop; others in a bounded pool of threads, so that they cannot block it.

    Args:
        limit: handlers that may run or wait for a thread at once.
        threads: threads for the handlers that are not async.
    """

    def __init__(self, limit: int = MAX_RUNNING, threads: int = MAX_THREADS) -> None:
        self.limit = limit
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._running = 0
        self._by_endpoint: dict[str, _Endpoint] = {}
        self._by_source: dict[str, Callable[..., Any]] = {}

    @property
    def endpoints(self) -> list[str]:
        """The names that can be called, sorted."""
        return sorted(self._by_endpoint)

    def on(self, endpoint: str) -> Callable[[Handler], Handler]:
        """Decorates the handler of an endpoint.

        The handler takes the payload, or nothing. Its annotation says what the payload is turned into: a
        scalar, dict or list, a dataclass, an attrs class, a pydantic model, or types built of them; without
        one the payload comes as it is. What the handler returns is turned back.

        Args:
            endpoint: its name.

        Raises:
            DuplicateHandler: the endpoint has a handler.
            ConfigError: the name cannot be used, or the handler takes something else.
        """
        if not isinstance(endpoint, str) or endpoint in ("", RESPONSE_ENDPOINT):
            raise ConfigError(f'{endpoint!r} cannot be the name of a message endpoint: write on("name")')

        def register(handler: Handler) -> Handler:
            if endpoint in self._by_endpoint:
                raise DuplicateHandler(
                    endpoint, place_of(self._by_endpoint[endpoint].handler), place_of(handler)
                )
            # Imported here: most modules have no handler of messages.
            from pywatt.messaging.handler_signature import payload_reader

            self._by_endpoint[endpoint] = _Endpoint(handler, payload_reader(endpoint, handler))
            return handler

        return register

    def register(self, source: str, handler: Callable[..., Any]) -> None:
        """Sets the handler for what a module sends to no endpoint of ours; it replaces the one before.

        Args:
            source: the module that sends.
            handler: called with the source, the request's id and the encoded payload; async or not.
        """
        before = self._by_source.get(source)
        if before is not None and before is not handler:
            places = {"first": place_of(before), "second": place_of(handler)}
            _LOG.warning("messages of module %r get another handler", source, extra=places)
        self._by_source[source] = handler

    def remove(self, source: str) -> bool:
        """Takes the handler for a module away; False when there was none."""
        return self._by_source.pop(source, None) is not None

    async def dispatch(self, request: CallRequest, source: str, request_id: str) -> object:
        """Runs the handler of a request: that of its endpoint, else that of its source.

        Args:
            request: what was read from the payload.
            source: the module that sent it, as the orchestrator says.
            request_id: of the call.

        Returns:
            What the handler returned.

        Raises:
            CallError: EndpointNotFound; InvalidPayload; ModuleUnavailable when too many handlers run;
                ApplicationError or InvalidPayload as the handler raised it; InternalCallError for every other
                failure of the handler, which is logged.
        """
        endpoint = self._by_endpoint.get(request.endpoint) or self._for_source(source, request_id)
        if endpoint is None:
            details = {"endpoints": self.endpoints[:MAX_NAMED]}
            raise EndpointNotFound(f"there is no message endpoint {request.endpoint!r}", details)
        if self._running >= self.limit:
            raise ModuleUnavailable(f"{self.limit} message handlers are running, which is the limit")
        self._running += 1
        try:
            return await self._run(endpoint.bind(request))
        except (ApplicationError, InvalidPayload):
            raise
        except Exception:
            _LOG.exception(
                "the handler of %r failed",
                request.endpoint,
                extra={"endpoint": request.endpoint, "source": source, "request_id": request_id},
            )
            raise InternalCallError(f"see log, request {request_id}") from None
        finally:
            self._running -= 1

    def close(self) -> None:
        """Gives the threads back; what runs in them ends by itself, what waits for one never starts."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _for_source(self, source: str, request_id: str) -> _SourceEndpoint | None:
        handler = self._by_source.get(source)
        return None if handler is None else _SourceEndpoint(partial(handler, source, request_id))

    async def _run(self, work: Callable[[], Any]) -> object:
        if _is_async(work):
            return await work()
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="pywatt-message")
        context = copy_context()
        result = await asyncio.get_running_loop().run_in_executor(self._pool, context.run, _in_thread, work)
        # A plain function may return a coroutine that it got from somewhere else.
        return await result if inspect.isawaitable(result) else result


def place_of(handler: Callable[..., Any]) -> str:
    """Name and place of a handler, as a person looks it up: `price (shop.py:12)`.

    Args:
        handler: a function, or what can be called like one.
    """
    function: Any = handler
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    name = getattr(function, "__qualname__", type(function).__qualname__).rpartition(".")[2]
    code = getattr(function, "__code__", None)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"


def _in_thread(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except StopIteration as error:
        # No future can carry it: the caller would wait for ever.
        raise RuntimeError("a handler raised StopIteration") from error


def _is_async(work: Callable[[], Any]) -> bool:
    function: Any = work
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or (
        not inspect.isfunction(function) and inspect.iscoroutinefunction(type(function).__call__)
    )
