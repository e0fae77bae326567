"""Credit: how many payload bytes one side may send before the other side has to agree again.

Both sides know the window of a stream, and it never changes. Sending takes from it; what the receiver has
consumed it gives back, at half a window and also when less than one chunk is left. The second rule and a
window of at least two chunks keep a sender from waiting for ever: while it waits for room for a chunk, a
receiver that has consumed everything has nothing left to give back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import CreditExceeded, FlowControlError, RepeatedCredit, WindowOverflow, WindowTooSmall
from ..variant import COMPILED, expect

if TYPE_CHECKING:
    from mypy_extensions import i64

MAX_WINDOW: Final = 1 << 62


def checked_window(window: int, chunk: int) -> int:
    """The window, if it can be used with chunks of that size.

    Raises:
        FlowControlError: a chunk below one byte.
        WindowTooSmall: the window is below two chunks.
        WindowOverflow: it is above 2**62 bytes.
    """
    if chunk < 1:
        raise FlowControlError("a chunk has at least one byte")
    if window > MAX_WINDOW:
        raise WindowOverflow(MAX_WINDOW)
    if window < 2 * chunk:
        raise WindowTooSmall(window, chunk)
    return window


def checked_amount(amount: int) -> int:
    """An amount of bytes that fits into any window.

    Raises:
        FlowControlError: it is negative.
        WindowOverflow: it is above 2**62 bytes.
    """
    if amount < 0:
        raise FlowControlError("an amount of bytes is not negative")
    if amount > MAX_WINDOW:
        raise WindowOverflow(MAX_WINDOW)
    return amount


def place_of(owner: int) -> str:
    """How an error says whose credit it is about."""
    if owner < 0:
        return ""
    return f"stream {owner}: " if owner else "connection: "


@final
class SendCredit:
    """What may still be sent.

    Args:
        window: bytes that may be on their way at once.
        chunk: bytes of the largest piece.
        owner: the id of the stream, 0 for the connection; -1 where errors need not say.

    Raises:
        FlowControlError: the two do not go together.
    """

    def __init__(self, window: int, chunk: int, owner: int = -1) -> None:
        if not COMPILED:
            expect(window, int, "int")
            expect(chunk, int, "int")
            expect(owner, int, "int")
        self._owner = owner
        self._window: i64 = checked_window(window, chunk)
        self._available: i64 = self._window

    @property
    def available(self) -> int:
        """Bytes that may be sent now."""
        return self._available

    def take(self, amount: int) -> None:
        """Use credit for bytes that are going to be sent.

        Raises:
            CreditExceeded: there is less.
            FlowControlError: the amount is negative or above 2**62.
        """
        if not COMPILED:
            expect(amount, int, "int")
        self.draw(checked_amount(amount))

    def give(self, amount: int) -> None:
        """Add credit that the peer gave back.

        Raises:
            RepeatedCredit: it gave back more than was taken.
            WindowOverflow: the window would exceed 2**62 bytes.
            FlowControlError: the amount is negative.
        """
        if not COMPILED:
            expect(amount, int, "int")
        self.refill(checked_amount(amount))

    def draw(self, amount: i64) -> None:
        """As `take`, for callers inside the core that know their amount."""
        rest: i64 = self._available - amount
        if rest < 0:
            raise CreditExceeded(amount, self._available, place_of(self._owner))
        self._available = rest

    def refill(self, amount: i64) -> None:
        """As `give`, for callers inside the core that know their amount."""
        available: i64 = self._available
        if amount > self._window - available:
            if amount > MAX_WINDOW - available:
                raise WindowOverflow(MAX_WINDOW, place_of(self._owner))
            raise RepeatedCredit(amount, self._window - available, place_of(self._owner))
        self._available = available + amount

    def room(self) -> i64:
        """As `available`, for callers inside the core."""
        return self._available


@final
class ReceiveCredit:
    """What the peer may still send, and what has to be given back to it.

    Args:
        window: bytes that may be on their way or unread at once.
        chunk: bytes of the largest piece that the peer sends.
        owner: the id of the stream, 0 for the connection; -1 where errors need not say.

    Raises:
        FlowControlError: the two do not go together.
    """

    def __init__(self, window: int, chunk: int, owner: int = -1) -> None:
        if not COMPILED:
            expect(window, int, "int")
            expect(chunk, int, "int")
            expect(owner, int, "int")
        self._owner = owner
        self._window: i64 = checked_window(window, chunk)
        self._chunk: i64 = chunk
        self._remaining: i64 = self._window
        self._unread: i64 = 0
        self._pending: i64 = 0

    @property
    def remaining(self) -> int:
        """Bytes that the peer may still send."""
        return self._remaining

    @property
    def unread(self) -> int:
        """Bytes received and not consumed."""
        return self._unread

    def receive(self, amount: int) -> None:
        """Note bytes that came.

        Raises:
            CreditExceeded: the peer had no credit for them.
            FlowControlError: the amount is negative or above 2**62.
        """
        if not COMPILED:
            expect(amount, int, "int")
        self.arrive(checked_amount(amount))

    def consume(self, amount: int) -> int:
        """Note bytes that have been dealt with.

        Returns:
            Bytes of credit to give the peer now; 0 while there is no need.

        Raises:
            RepeatedCredit: more than is unread.
            FlowControlError: the amount is negative or above 2**62.
        """
        if not COMPILED:
            expect(amount, int, "int")
        return self.release(checked_amount(amount))

    def arrive(self, amount: i64) -> None:
        """As `receive`, for callers inside the core that know their amount."""
        if amount > self._remaining:
            raise CreditExceeded(amount, self._remaining, place_of(self._owner))
        self._remaining -= amount
        self._unread += amount

    def release(self, amount: i64) -> i64:
        """As `consume`, for callers inside the core that know their amount."""
        if amount > self._unread:
            raise RepeatedCredit(amount, self._unread, place_of(self._owner))
        self._unread -= amount
        self._pending += amount
        due: i64 = self._pending
        if due * 2 < self._window and self._remaining >= self._chunk:
            return 0
        self._pending = 0
        self._remaining += due
        return due

    def held(self) -> i64:
        """As `unread`, for callers inside the core."""
        return self._unread
