"""How often a connection is tried, and when trying ends."""

from itertools import islice
from typing import Any

import pytest

from pywatt.channels import reconnect
from pywatt.channels.reconnect import ReconnectPolicy, connect_with_policy
from pywatt.errors import ConnectionFailed, ConnectionTimeout, InvalidConfig, NetworkError, ReconnectionFailed


class Attempts:
    """Fails so many times, then connects."""

    def __init__(self, failures: int, error: NetworkError | None = None) -> None:
        self.failures = failures
        self.error = error or ConnectionFailed("refused")
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.made <= self.failures:
            raise self.error
        return "connected"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, which take no time here."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(reconnect.asyncio, "sleep", note)
    return waits


class TestDelays:
    def test_the_default_doubles_from_a_tenth_of_a_second_to_thirty(self) -> None:
        assert list(islice(ReconnectPolicy.exponential_backoff().delays(), 11)) == [
            0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0,
        ]  # fmt: skip

    def test_fractions_of_a_millisecond_are_cut(self) -> None:
        policy = ReconnectPolicy.exponential_backoff(initial=0.0015, multiplier=1.5)

        assert list(islice(policy.delays(), 4)) == [0.0015, 0.002, 0.003, 0.004]

    @pytest.mark.parametrize(
        "policy",
        [ReconnectPolicy.fixed_interval(0.0), ReconnectPolicy.exponential_backoff(initial=0.0, max=0.0)],
    )
    def test_no_policy_keeps_the_processor_busy(self, policy: ReconnectPolicy) -> None:
        assert list(islice(policy.delays(), 3)) == [0.001, 0.001, 0.001]

    def test_a_fixed_interval_does_not_change(self) -> None:
        assert list(ReconnectPolicy.fixed_interval(2.5, max_attempts=4).delays()) == [2.5, 2.5, 2.5]

    def test_there_is_one_wait_fewer_than_attempts(self) -> None:
        assert list(ReconnectPolicy.none().delays()) == []
        assert len(list(ReconnectPolicy.exponential_backoff(max_attempts=5).delays())) == 4

    @pytest.mark.parametrize(
        "make",
        [
            lambda: ReconnectPolicy.fixed_interval(-1.0),
            lambda: ReconnectPolicy.fixed_interval(float("nan")),
            lambda: ReconnectPolicy.fixed_interval(1.0, max_attempts=-1),
            lambda: ReconnectPolicy.exponential_backoff(max=float("inf")),
            lambda: ReconnectPolicy.exponential_backoff(multiplier=0.5),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, make: Any) -> None:
        with pytest.raises(InvalidConfig, match="reconnect policy"):
            make()

    def test_policies_are_values(self) -> None:
        assert ReconnectPolicy() == ReconnectPolicy.exponential_backoff()
        assert ReconnectPolicy.none() != ReconnectPolicy.fixed_interval(1.0, 1)


class TestConnecting:
    async def test_it_goes_on_until_it_works(self, slept: list[float]) -> None:
        attempt = Attempts(3)
        result = await connect_with_policy(attempt, ReconnectPolicy.exponential_backoff(), label="x")

        assert (result, attempt.made, slept) == ("connected", 4, [0.1, 0.2, 0.4])

    async def test_the_attempts_are_bounded_and_no_wait_follows_the_last(self, slept: list[float]) -> None:
        attempt = Attempts(100)
        with pytest.raises(ReconnectionFailed, match="3 attempts") as caught:
            await connect_with_policy(attempt, ReconnectPolicy.fixed_interval(1.0, 3), label="x")

        assert (attempt.made, slept) == (3, [1.0, 1.0])
        assert caught.value.attempts == 3
        assert caught.value.cause is attempt.error

    async def test_no_attempts_means_none(self, slept: list[float]) -> None:
        attempt = Attempts(0)
        with pytest.raises(ReconnectionFailed, match="0 attempts"):
            await connect_with_policy(attempt, ReconnectPolicy.fixed_interval(1.0, 0), label="x")

        assert (attempt.made, slept) == (0, [])

    @pytest.mark.parametrize("error", [ConnectionFailed("refused"), ConnectionTimeout(1.0)])
    async def test_the_only_attempt_fails_with_its_own_error(
        self, error: NetworkError, slept: list[float]
    ) -> None:
        with pytest.raises(type(error)):
            await connect_with_policy(Attempts(1, error), ReconnectPolicy.none(), label="x")

    async def test_a_bad_address_is_not_tried_again(self, slept: list[float]) -> None:
        attempt = Attempts(100, InvalidConfig("port 0"))
        with pytest.raises(InvalidConfig):
            await connect_with_policy(attempt, ReconnectPolicy.exponential_backoff(), label="x")

        assert (attempt.made, slept) == (1, [])

    async def test_failures_are_told_and_the_log_does_not_fill(
        self, slept: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        told: list[NetworkError] = []
        await connect_with_policy(
            Attempts(1000), ReconnectPolicy.fixed_interval(1.0), label="peer", on_failure=told.append
        )

        assert len(told) == 1000
        assert [record.args[1] for record in caplog.records if record.args] == [
            1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
        ]  # fmt: skip
        assert "peer: attempt 1 failed, next in 1 s: network error: refused" in caplog.text
