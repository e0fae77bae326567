"""The router: decides on the channel of each message and learns from what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import RoutingError
from ..messages.message import EncodedMessage
from ..messages.metadata import MessageMetadata
from ..variant import COMPILED, expect, expect_optional
from .channel_type import (
    CHANNEL_COUNT,
    CHANNELS,
    IPC_THEN_TCP,
    NONE_AVAILABLE,
    ONLY_IPC,
    ONLY_TCP,
    ORDER_COUNT,
    ChannelType,
    expect_channel,
    order_of,
)
from .characteristics import (
    BULK,
    CRITICAL,
    HIGH,
    NORMAL,
    MessageCharacteristics,
    MessagePriority,
    extract_message_characteristics,
    is_local,
)
from .config import RoutingConfig
from .decision import RoutingDecision, confidence_of
from .decision_cache import OVERSIZE, URGENCY_COUNT, DecisionCache
from .health import ChannelHealth, HealthRecord
from .latency_window import INITIAL_LATENCY
from .matrix import RoutingMatrix, scenario_of
from .outcome_window import NEVER
from .quantities import checked_span, expect_number
from .requirements import Requirements, place_of

if TYPE_CHECKING:
    from mypy_extensions import i64

_TCP: Final = 0
_IPC: Final = 1
_NOBODY: Final = -1
_CHARACTERISTICS: Final[type[object]] = MessageCharacteristics
_CHARACTERISTICS_NAME: Final = "pywatt_fast.routing.characteristics.MessageCharacteristics"
_MOST_TURNS: Final = 1000
_SAME_WEIGHT: Final = 1e-9

# How a channel stands toward a message: the lower the better.
_PRIMARY: Final = 0
_FALLBACK: Final = 1
_OTHER: Final = 2
_UNUSABLE: Final = 3

_URGENCIES: Final = ("critical priority", "high priority", "normal routing", "low priority", "bulk transfer")
_REASONS: Final = [
    [f"Selected {name} based on {urgency} preference" for urgency in _URGENCIES] for name in ("TCP", "IPC")
]


def _urgency_of(priority: MessagePriority) -> i64:
    if priority is NORMAL:
        return 2
    if priority is HIGH:
        return 1
    if priority is CRITICAL:
        return 0
    return 4 if priority is BULK else 3


@final
class ChannelRouter:
    """Decides which channel each message travels on.

    A decision is repeated until its time is over, or until its grounds change: a channel connects or
    disconnects, begins or ceases to meet a condition, fails, is forgiven, or outweighs the other. Seconds are
    those of any clock that does not go back; a time before an earlier one counts as that.

    Args:
        config: how it decides, by default with load balancing and learning.
        matrix: what each kind of message prefers, by default that of the reference crate.
    """

    def __init__(self, config: RoutingConfig | None = None, matrix: RoutingMatrix | None = None) -> None:
        if not COMPILED:
            expect_optional(config, RoutingConfig, "pywatt_fast.routing.config.RoutingConfig")
            expect_optional(matrix, RoutingMatrix, "pywatt_fast.routing.matrix.RoutingMatrix")
        chosen = RoutingConfig() if config is None else config
        self._balances = chosen.enable_load_balancing
        self._learning_rate = chosen.learning_rate
        self._matrix = RoutingMatrix() if matrix is None else matrix.copy()
        self._requirements = Requirements(self._matrix)
        self._size_limits = self._requirements.size_limits
        self._records = [HealthRecord() for _ in range(CHANNEL_COUNT)]
        self._grounds = [record.grounds(self._requirements.met_by(record)) for record in self._records]
        self._heavier: i64 = _NOBODY
        self._now = -NEVER
        self._changes_at = NEVER
        self._cache = DecisionCache(chosen.cache_ttl, chosen.max_cache_size)
        self._available: tuple[ChannelType, ...] = ()
        self._order: i64 = NONE_AVAILABLE

    def route(
        self,
        target: str,
        characteristics: MessageCharacteristics,
        available: tuple[ChannelType, ...],
        now: float,
    ) -> RoutingDecision | None:
        """Decide on the channel of one message.

        Args:
            target: where it goes; its text says whether that is on this machine.
            characteristics: what is known of it.
            available: the channels there are, in the order in which they are tried when nothing else
                decides; the same tuple again is recognised at once.
            now: seconds on the router's clock.

        Returns:
            The decision, or None where no available channel can be used.

        Raises:
            RoutingError: the time is not finite.
        """
        if not COMPILED:  # asked in place: a call for each would cost as much as the decision
            if type(target) is not str:
                expect(target, str, "str")
            if not isinstance(characteristics, _CHARACTERISTICS):
                expect(characteristics, _CHARACTERISTICS, _CHARACTERISTICS_NAME)
            if type(available) is not tuple:
                expect(available, tuple, "tuple")
            if type(now) is not float:
                expect_number(now)
        if available is not self._available:
            self._order = order_of(available)
            self._available = available
        if now >= self._changes_at:
            self._move_to(now)
        scenario: i64 = scenario_of(is_local(target), characteristics)
        urgency: i64 = _urgency_of(characteristics.priority)
        place: i64 = (scenario * URGENCY_COUNT + urgency) * ORDER_COUNT + self._order
        if characteristics.size > self._size_limits[scenario]:
            place += OVERSIZE
        kept = self._cache.kept[place]
        if kept is None or not kept.made <= now < kept.expires:
            return self._decide(scenario, urgency, place, characteristics.timeout_ms, now)
        timeout_ms = characteristics.timeout_ms
        return kept.decision if timeout_ms is None else kept.within(timeout_ms)

    def route_message(
        self,
        target: str,
        message: EncodedMessage,
        metadata: MessageMetadata | None,
        available: tuple[ChannelType, ...],
        now: float,
    ) -> RoutingDecision | None:
        """As `route`, with what `extract_message_characteristics` finds.

        Args:
            target: where the message goes.
            message: the message; only its size counts.
            metadata: its metadata, if it has any.
            available: the channels there are.
            now: seconds on the router's clock.

        Returns:
            The decision, or None where no available channel can be used.

        Raises:
            RoutingError: the time is not finite.
        """
        return self.route(target, extract_message_characteristics(message, metadata, target), available, now)

    def record_success(self, channel: ChannelType, now: float, latency: float = INITIAL_LATENCY) -> None:
        """Learn that a message arrived.

        Args:
            channel: the one it was sent on.
            now: seconds on the router's clock.
            latency: seconds it took.

        Raises:
            RoutingError: the time is not finite, or the latency is negative or not finite.
        """
        if not COMPILED:
            expect_channel(channel)
            expect_number(now)
            expect_number(latency)
        checked_span(latency, "latency")
        self._move_to(now)
        place = place_of(channel)
        self._records[place].add_success(latency, self._now, self._learning_rate)
        self._look_at(place)

    def record_failure(self, channel: ChannelType, now: float) -> None:
        """Learn that a message did not arrive.

        Args:
            channel: the one it was sent on.
            now: seconds on the router's clock.

        Raises:
            RoutingError: the time is not finite.
        """
        if not COMPILED:
            expect_channel(channel)
        self._move_to(now)
        place = place_of(channel)
        self._records[place].add_failure(self._now, self._learning_rate)
        self._look_at(place)

    def update_channel_status(self, channel: ChannelType, connected: bool, now: float) -> None:
        """Learn that a channel was connected or lost; a loss counts as a failure, too.

        Args:
            channel: which.
            connected: whether it can be used now.
            now: seconds on the router's clock.

        Raises:
            RoutingError: the time is not finite.
        """
        if not COMPILED:
            expect_channel(channel)
            expect(connected, bool, "bool")
        self._move_to(now)
        place = place_of(channel)
        record = self._records[place]
        record.known = True
        record.connected = connected
        if not connected:
            record.add_failure(self._now, self._learning_rate)
        self._look_at(place)

    def update_routing_matrix(self, matrix: RoutingMatrix) -> None:
        """Decide by another matrix from now on; the router keeps a copy."""
        if not COMPILED:
            expect(matrix, RoutingMatrix, "pywatt_fast.routing.matrix.RoutingMatrix")
        self._matrix = matrix.copy()
        self._requirements = Requirements(self._matrix)
        self._size_limits = self._requirements.size_limits
        self._cache.forget_all()
        self._look_at_all()

    def get_routing_matrix(self) -> RoutingMatrix:
        """A copy of the matrix."""
        return self._matrix.copy()

    def get_health_status(self, now: float) -> dict[ChannelType, ChannelHealth]:
        """The health of every channel of which anything was reported.

        Args:
            now: seconds on the router's clock.

        Raises:
            RoutingError: the time is not finite.
        """
        self._move_to(now)
        self._look_at_all()
        found: dict[ChannelType, ChannelHealth] = {}
        for channel in CHANNELS:
            record = self._records[place_of(channel)]
            if record.known:
                found[channel] = record.shown()
        return found

    def _move_to(self, now: float) -> None:
        """Let time pass."""
        _checked_time(now)
        if now > self._now:
            self._now = now
        if self._now >= self._changes_at:
            self._look_at_all()

    def _look_at_all(self) -> None:
        self._changes_at = NEVER
        for place in range(CHANNEL_COUNT):
            self._look_at(place)

    def _look_at(self, place: int) -> None:
        """Forget the decisions whose grounds in a channel have changed, and note when to look again."""
        record = self._records[place]
        if not record.known:
            return
        record.move_to(self._now)
        changes_at = record.changes_at()
        if changes_at < self._changes_at:
            self._changes_at = changes_at
        grounds = record.grounds(self._requirements.met_by(record))
        if grounds != self._grounds[place]:
            self._grounds[place] = grounds
            self._cache.forget_all()
        heavier = _heavier_of(self._records[_TCP].weight, self._records[_IPC].weight)
        if heavier != self._heavier:
            self._heavier = heavier
            self._cache.forget_all()

    def _decide(
        self, scenario: i64, urgency: i64, place: i64, timeout_ms: int | None, now: float
    ) -> RoutingDecision | None:
        _checked_time(now)
        fits = place < OVERSIZE
        tcp: i64 = self._standing(_TCP, scenario, fits)
        ipc: i64 = self._standing(_IPC, scenario, fits)
        first: i64 = _TCP
        fallback: ChannelType | None = None
        if tcp == _UNUSABLE:
            if ipc == _UNUSABLE:
                return None
            first = _IPC
        elif ipc != _UNUSABLE:
            first = self._first_of(tcp, ipc)
            fallback = CHANNELS[1 - first]
        record = self._records[first]
        latency = record.latency
        # What is kept serves messages without a timeout as well.
        decision = RoutingDecision(
            CHANNELS[first],
            fallback,
            confidence_of(record.availability, record.error_rate, latency, None),
            _REASONS[first][urgency],
            latency,
            self._requirements.weights[scenario],
        )
        # Where channels take turns, each message asks anew.
        if self._cache.is_on and not (tcp == ipc and self._takes_turns()):
            self._cache.keep(place, now, decision, record.availability, record.error_rate)
        if timeout_ms is None:
            return decision
        confidence = confidence_of(record.availability, record.error_rate, latency, timeout_ms)
        return decision.with_confidence(confidence)

    def _standing(self, channel: i64, scenario: i64, fits: bool) -> i64:
        """How a channel stands toward messages of a scenario."""
        order: i64 = self._order
        if order == NONE_AVAILABLE or order == (ONLY_IPC if channel == _TCP else ONLY_TCP):
            return _UNUSABLE
        record = self._records[channel]
        if record.known:
            if not record.connected:
                return _UNUSABLE
            met: i64 = self._grounds[channel]
            if not fits or (met >> scenario) & 1 == 0:
                return _OTHER
        if channel == self._requirements.primaries[scenario]:
            return _PRIMARY
        return _FALLBACK if channel == self._requirements.fallbacks[scenario] else _OTHER

    def _first_of(self, tcp: i64, ipc: i64) -> i64:
        """Which of two usable channels goes first, by how they stand.

        What was learnt decides only between channels that the preference names and whose conditions hold, or
        between two of which neither is so: success does not make up for a condition.
        """
        if self._heavier != _NOBODY and (tcp == _OTHER) == (ipc == _OTHER):
            return self._heavier
        if tcp != ipc:
            return _TCP if tcp < ipc else _IPC
        earlier: i64 = _IPC if self._order == IPC_THEN_TCP else _TCP
        return self._take_turn(earlier) if self._takes_turns() else earlier

    def _takes_turns(self) -> bool:
        """Whether channels that stand alike share the load."""
        return self._balances and self._heavier == _NOBODY

    def _take_turn(self, earlier: i64) -> i64:
        """The channel that had fewer turns."""
        one = self._records[earlier]
        other = self._records[1 - earlier]
        chosen = other if other.turns < one.turns else one
        chosen.turns += 1
        if chosen.turns > _MOST_TURNS:
            one.turns = 0
            other.turns = 0
        return earlier if chosen is one else 1 - earlier


def _heavier_of(tcp: float, ipc: float) -> i64:
    """The place of the channel that outweighs the other; what rounding makes of equal weights is no lead."""
    if tcp > ipc + _SAME_WEIGHT:
        return _TCP
    return _IPC if ipc > tcp + _SAME_WEIGHT else _NOBODY


def _checked_time(now: float) -> None:
    if not COMPILED:
        expect_number(now)
    # Only the difference of two finite numbers is 0; asking `isfinite` would box the number.
    if now - now != 0.0:
        raise RoutingError("now", "expected a finite number of seconds")
