"""What a module does when another calls it."""

import asyncio
import contextvars
import dataclasses
import logging
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial, wraps
from typing import Any

import pytest

from pywatt.errors import (
    ApplicationError,
    CallTimeout,
    ConfigError,
    EndpointNotFound,
    InternalCallError,
    InvalidPayload,
    ModuleUnavailable,
)
from pywatt.messaging.calls import CallRequest, read_request, request_payload
from pywatt.messaging.handlers import MessageHandlers
from pywatt_fast import EncodedMessage

REQUEST_ID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
PATIENCE = 10.0


@dataclasses.dataclass
class Item:
    sku: str


@pytest.fixture
async def handlers() -> AsyncIterator[MessageHandlers]:
    made = MessageHandlers(limit=3, threads=2)
    yield made
    made.close()


def request(endpoint: str, content: object = None) -> CallRequest:
    payload = request_payload(endpoint, content, source="a", destination="b", timeout=None)
    return read_request(payload, endpoint)


async def call(handlers: MessageHandlers, endpoint: str, content: object = None) -> object:
    async with asyncio.timeout(PATIENCE):
        return await handlers.dispatch(request(endpoint, content), "a", REQUEST_ID)


class TestRegistration:
    async def test_a_handler_stays_what_it_was(self, handlers: MessageHandlers) -> None:
        def price(item: dict) -> dict:  # type: ignore[type-arg]
            return item

        assert handlers.on("price")(price) is price
        assert handlers.endpoints == ["price"]

    async def test_an_endpoint_has_one_handler(self, handlers: MessageHandlers) -> None:
        handlers.on("price")(lambda: 1)
        with pytest.raises(ConfigError, match="'price' already has a handler, "):
            handlers.on("price")(lambda: 2)
        assert await call(handlers, "price") == 1

    @pytest.mark.parametrize("name", ["", "__response__", None, print])
    async def test_a_name_that_cannot_be_called(self, handlers: MessageHandlers, name: Any) -> None:
        with pytest.raises(ConfigError, match="cannot be the name of a message endpoint"):
            handlers.on(name)

    @pytest.mark.parametrize(
        "handler",
        [lambda a, b: 1, lambda *, a: 1, lambda a, *, b: 1],
    )
    async def test_a_handler_takes_the_payload_or_nothing(
        self, handlers: MessageHandlers, handler: Callable[..., Any]
    ) -> None:
        with pytest.raises(ConfigError, match="the payload is all there is"):
            handlers.on("price")(handler)

    async def test_something_that_cannot_be_called(self, handlers: MessageHandlers) -> None:
        with pytest.raises(ConfigError, match="is not callable"):
            handlers.on("price")(5)  # type: ignore[type-var]

    async def test_a_type_that_no_payload_can_become_is_named_with_its_endpoint(
        self, handlers: MessageHandlers
    ) -> None:
        def price(item: threading.Thread) -> None: ...

        with pytest.raises(
            ConfigError, match="handler of message endpoint 'price': payloads cannot be read as"
        ):
            handlers.on("price")(price)

    async def test_an_annotation_that_means_nothing(self, handlers: MessageHandlers) -> None:
        def price(item: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

        with pytest.raises(ConfigError, match="cannot be evaluated: name 'Nowhere' is not defined"):
            handlers.on("price")(price)


class TestArguments:
    @pytest.mark.parametrize(
        ("handler", "result"),
        [
            (lambda: "none", "none"),
            (lambda item: item, {"sku": "A1"}),
            (lambda item=5: item, {"sku": "A1"}),
            (lambda item, extra=2: (item, extra), ({"sku": "A1"}, 2)),
            (lambda *items: items, ({"sku": "A1"},)),
            (lambda **options: options, {}),
            (partial(lambda extra, item: (extra, item), 1), (1, {"sku": "A1"})),
        ],
    )
    async def test_what_a_handler_is_called_with(
        self, handlers: MessageHandlers, handler: Callable[..., Any], result: object
    ) -> None:
        handlers.on("price")(handler)
        assert await call(handlers, "price", {"sku": "A1"}) == result

    async def test_a_payload_of_the_annotated_type(self, handlers: MessageHandlers) -> None:
        @handlers.on("price")
        async def price(item: Item) -> Item:
            return item

        assert await call(handlers, "price", {"sku": "A1"}) == Item("A1")
        with pytest.raises(InvalidPayload, match="field `sku`: expected a string, found an integer"):
            await call(handlers, "price", {"sku": 5})

    async def test_an_annotation_that_is_text(self, handlers: MessageHandlers) -> None:
        @handlers.on("price")
        async def price(item: "list[Item]") -> list[Item]:
            return item

        assert await call(handlers, "price", [{"sku": "A1"}]) == [Item("A1")]

    async def test_an_annotation_that_names_a_class_of_the_function_around_it(
        self, handlers: MessageHandlers
    ) -> None:
        @dataclasses.dataclass
        class Local:
            sku: str

        async def price(item: "Local | None") -> Any:
            return item

        handlers.on("price")(price)
        assert await call(handlers, "price", {"sku": "A1"}) == Local("A1")

    async def test_methods_and_callable_objects_and_decorated_functions(
        self, handlers: MessageHandlers
    ) -> None:
        def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            async def inner(*args: Any) -> Any:
                return await function(*args)

            return inner

        class Shop:
            async def price(self, item: Item) -> str:
                return item.sku

            async def __call__(self, item: Item) -> str:
                return item.sku

        @handlers.on("decorated")
        @decorated
        async def price(item: Item) -> str:
            return item.sku

        handlers.on("method")(Shop().price)
        handlers.on("object")(Shop())
        for endpoint in ("decorated", "method", "object"):
            assert await call(handlers, endpoint, {"sku": "A1"}) == "A1"


class TestRunning:
    async def test_async_handlers_run_on_the_loop(self, handlers: MessageHandlers) -> None:
        @handlers.on("where")
        async def where() -> object:
            return threading.get_ident(), asyncio.get_running_loop()

        assert await call(handlers, "where") == (threading.get_ident(), asyncio.get_running_loop())

    async def test_other_handlers_run_in_a_thread_and_leave_the_loop_free(
        self, handlers: MessageHandlers
    ) -> None:
        released = threading.Event()

        @handlers.on("wait")
        def wait() -> object:
            return released.wait(PATIENCE), threading.get_ident()

        @handlers.on("release")
        async def release() -> None:
            released.set()

        waiting = asyncio.ensure_future(call(handlers, "wait"))
        await call(handlers, "release")
        was_released, thread = await waiting  # type: ignore[misc]
        assert was_released
        assert thread != threading.get_ident()

    async def test_a_thread_sees_the_context_of_its_call(self, handlers: MessageHandlers) -> None:
        request_name: contextvars.ContextVar[str] = contextvars.ContextVar("request_name")
        handlers.on("name")(lambda: request_name.get())
        request_name.set("r-1")
        assert await call(handlers, "name") == "r-1"

    async def test_a_plain_function_may_return_a_coroutine(self, handlers: MessageHandlers) -> None:
        async def answer() -> int:
            return 5

        handlers.on("five")(lambda: answer())
        assert await call(handlers, "five") == 5

    async def test_no_more_handlers_run_than_may(self, handlers: MessageHandlers) -> None:
        release = asyncio.Event()

        @handlers.on("wait")
        async def wait() -> None:
            await release.wait()

        running = [asyncio.ensure_future(call(handlers, "wait")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ModuleUnavailable, match="3 message handlers are running, which is the limit"):
            await call(handlers, "wait")
        release.set()
        await asyncio.gather(*running)
        await call(handlers, "wait")

    async def test_giving_up_on_a_call_frees_its_place(self, handlers: MessageHandlers) -> None:
        @handlers.on("wait")
        async def wait() -> None:
            await asyncio.Event().wait()

        for _ in range(5):
            task = asyncio.ensure_future(call(handlers, "wait"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_handlers_can_be_closed_and_used_again(self, handlers: MessageHandlers) -> None:
        handlers.on("one")(lambda: 1)
        assert await call(handlers, "one") == 1
        handlers.close()
        assert await call(handlers, "one") == 1


class TestFailures:
    async def test_an_endpoint_that_does_not_exist(self, handlers: MessageHandlers) -> None:
        with pytest.raises(EndpointNotFound, match="there is no message endpoint 'nope'"):
            await call(handlers, "nope")

    @pytest.mark.parametrize("in_thread", [False, True])
    async def test_an_application_error_passes_unchanged_and_is_not_logged(
        self, handlers: MessageHandlers, in_thread: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        error = ApplicationError("sold_out", "none left", {"sku": "A1"})

        def fail() -> None:
            raise error

        async def fail_later() -> None:
            raise error

        handlers.on("price")(fail if in_thread else fail_later)
        with pytest.raises(ApplicationError) as failed:
            await call(handlers, "price")
        assert failed.value is error
        assert not caplog.records

    @pytest.mark.parametrize("in_thread", [False, True])
    @pytest.mark.parametrize(
        "error",
        [
            KeyError("s3cret"),
            StopIteration(5),
            CallTimeout("the module that was asked in turn"),
            EndpointNotFound("in the module that was asked in turn"),
            TimeoutError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    async def test_any_other_error_is_internal_and_its_traceback_is_in_the_log(
        self, handlers: MessageHandlers, error: Exception, in_thread: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise error

        async def fail_later() -> None:
            fail()

        handlers.on("price")(fail if in_thread else fail_later)
        with pytest.raises(InternalCallError) as failed:
            await call(handlers, "price")
        assert failed.value.message == f"see log, request {REQUEST_ID}"
        assert failed.value.__cause__ is None
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.exc_info is not None
        assert "fail" in caplog.text
        assert (record.endpoint, record.source, record.request_id) == ("price", "a", REQUEST_ID)  # type: ignore[attr-defined]

    async def test_a_fault_of_the_payloads_class_is_internal_too(
        self, handlers: MessageHandlers, caplog: pytest.LogCaptureFixture
    ) -> None:
        @dataclasses.dataclass
        class Faulty:
            sku: str

            def __post_init__(self) -> None:
                raise LookupError("of its own")

        @handlers.on("price")
        async def price(item: Faulty) -> None: ...

        with pytest.raises(InternalCallError, match="see log"):
            await call(handlers, "price", {"sku": "A1"})
        assert "of its own" in caplog.text


class TestSources:
    async def test_a_handler_for_a_module_gets_the_payload_as_it_came(
        self, handlers: MessageHandlers
    ) -> None:
        received: list[tuple[str, str, EncodedMessage]] = []

        async def receive(source: str, request_id: str, payload: EncodedMessage) -> None:
            received.append((source, request_id, payload))

        handlers.register("a", receive)
        asked = request("unknown", {"sku": "A1"})
        await handlers.dispatch(asked, "a", REQUEST_ID)
        assert received == [("a", REQUEST_ID, asked.payload)]

    async def test_the_endpoint_has_precedence(self, handlers: MessageHandlers) -> None:
        handlers.register("a", lambda *_: "source")
        handlers.on("price")(lambda: "endpoint")
        assert await call(handlers, "price") == "endpoint"
        assert await call(handlers, "other") == "source"

    async def test_another_module_does_not_reach_it(self, handlers: MessageHandlers) -> None:
        handlers.register("a", lambda *_: "source")
        with pytest.raises(EndpointNotFound):
            await handlers.dispatch(request("other"), "b", REQUEST_ID)

    async def test_it_can_be_taken_away(self, handlers: MessageHandlers) -> None:
        handlers.register("a", lambda *_: "source")
        assert handlers.remove("a")
        assert not handlers.remove("a")
        with pytest.raises(EndpointNotFound):
            await call(handlers, "other")
