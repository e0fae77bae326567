"""The table of requests that wait: bounded, with a deadline each, and nothing left behind."""

import asyncio
import gc
import weakref
from collections import deque
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pywatt.errors import ModuleUnavailable, SendQueueFull
from pywatt.messaging.requests import PendingRequests

LATE = 0.001
NEVER = 3600.0


class Answer:
    """Something that can be seen to be gone."""


@pytest.fixture
def pending() -> PendingRequests:
    return PendingRequests(3, "calls")


async def test_an_answer_reaches_the_one_who_waits(pending: PendingRequests) -> None:
    first, second = pending.open("a", NEVER), pending.open("b", NEVER)
    assert pending.complete("b", 2)
    assert pending.complete("a", 1)
    assert (await first, await second) == (1, 2)
    assert len(pending) == 0


async def test_only_the_first_answer_counts(pending: PendingRequests) -> None:
    future = pending.open("a", NEVER)
    assert pending.complete("a", 1)
    assert not pending.complete("a", 2)
    assert not pending.fail("a", ValueError())
    assert await future == 1


async def test_an_answer_nobody_waits_for_is_told(pending: PendingRequests) -> None:
    assert not pending.complete("a", 1)
    assert not pending.fail("a", ValueError())


async def test_a_late_answer_is_a_timeout(pending: PendingRequests) -> None:
    future = pending.open("a", LATE)
    with pytest.raises(TimeoutError, match=r"calls: no answer in 0.001 s"):
        await future
    assert "a" not in pending
    assert not pending.complete("a", 1)


async def test_the_table_is_bounded_and_says_so(pending: PendingRequests) -> None:
    for key in "abc":
        pending.open(key, NEVER)
    with pytest.raises(SendQueueFull, match="calls is full: the limit is 3 requests") as refused:
        pending.open("d", NEVER)
    assert refused.value.limit == 3
    pending.complete("a", None)
    pending.open("d", NEVER)
    assert len(pending) == 3


async def test_a_key_waits_once(pending: PendingRequests) -> None:
    pending.open("a", NEVER)
    with pytest.raises(ValueError, match="already waiting"):
        pending.open("a", NEVER)
    assert len(pending) == 1


async def test_a_key_may_wait_again_at_once(pending: PendingRequests) -> None:
    for given_up in (False, True):
        first = pending.open("a", NEVER)
        if given_up:
            first.cancel()
        else:
            pending.complete("a", 1)
        second = pending.open("a", NEVER)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert "a" in pending
        assert pending.complete("a", 2)
        assert await second == 2


async def test_giving_up_frees_the_place(pending: PendingRequests) -> None:
    async def wait() -> None:
        await pending.open("a", NEVER)

    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    assert "a" in pending
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "a" not in pending
    assert not pending.complete("a", 1)


async def test_places_of_those_who_gave_up_are_taken_when_they_are_needed(pending: PendingRequests) -> None:
    for key in "abc":
        pending.open(key, NEVER).cancel()
    pending.open("d", NEVER)
    assert len(pending) == 1


async def test_a_request_can_be_discarded(pending: PendingRequests) -> None:
    future = pending.open("a", NEVER)
    assert pending.discard("a")
    assert future.cancelled()
    assert len(pending) == 0
    assert not pending.discard("a")


async def test_requests_are_late_in_the_order_of_their_deadlines() -> None:
    pending = PendingRequests(1000, "calls")
    late: list[int] = []
    futures = []
    for number in range(200):
        # More different timeouts than queues, and several requests in each.
        future = pending.open(number, 0.001 * (number % 40))
        future.add_done_callback(lambda _, number=number: late.append(number % 40))
        futures.append(future)
    await asyncio.wait(futures)
    assert len(pending) == 0
    assert len(late) == 200
    assert all(isinstance(future.exception(), TimeoutError) for future in futures)


async def test_one_that_waits_long_does_not_hold_back_the_answers_of_the_others() -> None:
    pending = PendingRequests(10, "calls")
    pending.open("first", NEVER)
    answers = []
    for number in range(5000):
        future = pending.open(number, NEVER)
        answer = Answer()
        pending.complete(number, answer)
        answers.append(weakref.ref(answer))
        del answer, future
    assert len(pending) == 1
    gc.collect()
    assert not any(answer() for answer in answers)
    queued = [entry for queue in gc.get_objects() if isinstance(queue, deque) for entry in queue]
    assert sum(type(entry).__name__ == "_Entry" for entry in queued) < 200


async def test_no_timer_is_left_when_all_have_failed() -> None:
    pending = PendingRequests(100, "calls")
    for number in range(50):
        pending.open(number, 3600.0 + number)
    alive = weakref.ref(pending)
    pending.fail_all(ModuleUnavailable("end"))
    del pending
    await asyncio.sleep(0)
    gc.collect()
    assert alive() is None


async def test_all_or_some_can_be_failed(pending: PendingRequests) -> None:
    a, b, c = (pending.open(key, NEVER) for key in (("x", 1), ("x", 2), ("y", 1)))
    assert pending.fail_matching(lambda key: key[0] == "x", ModuleUnavailable("x is gone")) == 2
    assert pending.fail_all(ModuleUnavailable("stopping")) == 1
    errors = await asyncio.gather(a, b, c, return_exceptions=True)
    assert [str(error) for error in errors] == [
        "unavailable: x is gone",
        "unavailable: x is gone",
        "unavailable: stopping",
    ]
    assert errors[0] is not errors[1]
    assert len(pending) == 0


async def test_a_failure_nobody_fetches_is_not_reported_as_a_bug(
    pending: PendingRequests, caplog: pytest.LogCaptureFixture
) -> None:
    pending.open("a", NEVER)
    pending.fail("a", ValueError("x"))
    await asyncio.sleep(0)
    gc.collect()
    assert not caplog.records


@pytest.mark.parametrize("ending", ["complete", "fail", "cancel", "timeout"])
async def test_nothing_holds_a_request_that_is_over(pending: PendingRequests, ending: str) -> None:
    future = pending.open("a", LATE if ending == "timeout" else NEVER)
    if ending == "complete":
        pending.complete("a", 1)
    elif ending == "fail":
        pending.fail("a", ValueError())
    elif ending == "cancel":
        pending.discard("a")
    await asyncio.wait([future])
    await asyncio.sleep(0)
    alive = weakref.ref(future)
    del future
    gc.collect()
    assert alive() is None
    assert len(pending) == 0


async def test_a_timeout_must_be_a_number(pending: PendingRequests) -> None:
    with pytest.raises(ValueError, match="NaN"):
        pending.open("a", float("nan"))
    assert len(pending) == 0


class Table(RuleBasedStateMachine):
    """The table beside a plain model of it, through any sequence of what can happen."""

    limit = 4
    keys = st.integers(0, 5)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.table = PendingRequests(self.limit, "calls")
        self.model: dict[int, asyncio.Future[Any]] = {}
        self.over: list[asyncio.Future[Any]] = []

    def teardown(self) -> None:
        self.do(self.table.fail_all, ModuleUnavailable("end"))
        self.loop.run_until_complete(asyncio.sleep(0))
        assert len(self.table) == 0
        assert all(future.done() for future in [*self.model.values(), *self.over])
        self.loop.close()

    def do(self, function: Any, *arguments: Any) -> Any:
        async def inside() -> Any:
            return function(*arguments)

        return self.loop.run_until_complete(inside())

    @rule(key=keys)
    def open(self, key: int) -> None:
        if key in self.model:
            with pytest.raises(ValueError, match="already"):
                self.do(self.table.open, key, NEVER)
        elif len(self.model) == self.limit:
            with pytest.raises(SendQueueFull):
                self.do(self.table.open, key, NEVER)
        else:
            self.model[key] = self.do(self.table.open, key, NEVER)

    @rule(key=keys, fails=st.booleans())
    def answer(self, key: int, fails: bool) -> None:
        answered = (
            self.do(self.table.fail, key, ValueError())
            if fails
            else self.do(self.table.complete, key, "answer")
        )
        assert answered is (key in self.model)
        if answered:
            self.over.append(self.model.pop(key))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), tells=st.booleans())
    def give_up(self, data: st.DataObject, tells: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        future = self.model.pop(key)
        if tells:
            assert self.do(self.table.discard, key)
        else:
            self.do(future.cancel)
        self.over.append(future)

    @rule()
    def fail_even(self) -> None:
        even = [key for key in self.model if key % 2 == 0]
        assert self.do(self.table.fail_matching, lambda key: key % 2 == 0, ModuleUnavailable("x")) == len(
            even
        )
        self.over.extend(self.model.pop(key) for key in even)

    @rule()
    def expire_one(self) -> None:
        free = next((key for key in range(6) if key not in self.model), None)
        if free is None or len(self.model) == self.limit:
            return
        future = self.do(self.table.open, free, 0.0)
        self.loop.run_until_complete(asyncio.wait([future]))
        assert isinstance(future.exception(), TimeoutError)
        self.over.append(future)

    @invariant()
    def agrees_with_the_model(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0))
        assert {key for key in range(6) if key in self.table} == set(self.model)
        assert len(self.model) <= len(self.table) <= self.limit
        assert not any(future.done() for future in self.model.values())
        assert all(future.done() for future in self.over)


TestTable = Table.TestCase
TestTable.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
