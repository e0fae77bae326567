"""The quantities that routing is told: counts, numbers, spans and points of time."""

from __future__ import annotations

from math import isfinite
from typing import Final

from ..errors import RoutingError
from ..variant import COMPILED, expect

LARGEST_COUNT: Final = 2**64 - 1
NANOSECONDS: Final = 1_000_000_000
_LONGEST_SPAN: Final = LARGEST_COUNT * NANOSECONDS + NANOSECONDS - 1
_DURATION_FIELDS: Final = ("secs", "nanos")


def expect_number(value: float) -> None:
    """Refuse, in the interpreted variant, what the compiled one cannot take as a float."""
    if not COMPILED and type(value) is not float:
        try:
            isfinite(value)
        except (TypeError, OverflowError):
            expect(value, float, "float")


def checked_count(value: int, field: str) -> int:
    """A whole number that fits into 64 bits without a sign.

    Raises:
        RoutingError: it does not.
    """
    if not COMPILED:
        expect(value, int, "int")
    if value < 0 or value > LARGEST_COUNT:
        raise RoutingError(field, "expected a natural number of at most 64 bits", LARGEST_COUNT)
    return value


def checked_number(value: float, field: str) -> float:
    """A number that is neither infinite nor undefined.

    Raises:
        RoutingError: it is.
    """
    expect_number(value)
    if not isfinite(value):
        raise RoutingError(field, "expected a finite number")
    return float(value)


def checked_span(value: float, field: str) -> float:
    """Seconds that have passed or may pass.

    Raises:
        RoutingError: they are negative or not finite.
    """
    expect_number(value)
    if not isfinite(value) or value < 0.0:
        raise RoutingError(field, "expected a finite number of seconds, at least 0")
    return float(value)


def nanoseconds_of(seconds: float, field: str) -> int:
    """Seconds as the whole nanoseconds of the wire.

    Raises:
        RoutingError: they are negative, not finite, or more than the wire can say.
    """
    found = round(checked_span(seconds, field) * NANOSECONDS)
    if found > _LONGEST_SPAN:
        raise RoutingError(field, "expected at most 2^64 seconds")
    return found


def read_count(value: object, field: str) -> int:
    """A whole number read from JSON.

    Raises:
        RoutingError: the value is not one, or does not fit into 64 bits.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise RoutingError(field, "expected a natural number of at most 64 bits", LARGEST_COUNT)
    return checked_count(value, field)


def read_number(value: object, field: str) -> float:
    """A number read from JSON.

    Raises:
        RoutingError: the value is not one.
    """
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise RoutingError(field, "expected a number")


def read_object(value: object, field: str) -> dict[str, object]:
    """An object read from JSON; fields that nobody asks for are those of a later version.

    Raises:
        RoutingError: it is not an object.
    """
    if not isinstance(value, dict):
        raise RoutingError(field, "expected an object")
    return value


def read_closed_object(value: object, field: str, known: tuple[str, ...]) -> dict[str, object]:
    """An object read from JSON that has no fields but the known ones.

    Raises:
        RoutingError: it is not an object, or has another field.
    """
    found = read_object(value, field)
    for name in found:
        if name not in known:
            raise RoutingError(field, "a field is not one of " + ", ".join(known))
    return found


def required(fields: dict[str, object], name: str, place: str) -> object:
    """The value of a field.

    Raises:
        RoutingError: it is missing.
    """
    if name not in fields:
        raise RoutingError(place + name, "missing")
    return fields[name]


def read_duration(value: object, field: str) -> int:
    """A duration read from JSON, in nanoseconds; a surplus of nanoseconds is carried.

    Raises:
        RoutingError: it is not `{"secs":n,"nanos":n}`, or too long.
    """
    fields = read_closed_object(value, field, _DURATION_FIELDS)
    place = field + "."
    seconds = read_count(required(fields, "secs", place), place + "secs")
    nanoseconds = read_count(required(fields, "nanos", place), place + "nanos")
    if nanoseconds >= 2**32:
        raise RoutingError(place + "nanos", "expected a natural number of at most 32 bits", 2**32 - 1)
    found = seconds * NANOSECONDS + nanoseconds
    if found > _LONGEST_SPAN:
        raise RoutingError(field, "expected at most 2^64 seconds")
    return found


def write_duration(nanoseconds: int) -> bytes:
    """The JSON text of a duration."""
    return b'{"secs":%d,"nanos":%d}' % (nanoseconds // NANOSECONDS, nanoseconds % NANOSECONDS)
