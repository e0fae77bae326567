"""The kinds of values that the crate's types are made of, each with the rule by which serde reads it.

A shape says of a value where it does not fit: `content.payload.data[3]`, what is there, what it expects.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Protocol

from attrs import frozen

from pywatt.testing.grammar.json_text import JsonObject

_UUID: Final = re.compile(
    r"[0-9a-f]{32}|(?P<open>\{)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?(open)\})"
    r"|urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_SOCKET_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})")
_HIGHEST_PORT: Final = 2**16 - 1
_HIGHEST_BYTE: Final = 255
_LONGEST_SHOWN: Final = 60


@frozen
class Misfit:
    """Where a value is not what the crate can read.

    Args:
        place: the path to it; empty for the whole.
        found: what stands there.
        expected: what the crate reads there.
    """

    place: str
    found: str
    expected: str


class Shape(Protocol):
    """One type of the crate."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        """Where the value does not fit, None when it does.

        Args:
            value: as `read_json` gives it.
            place: the path to it.
        """


def describe(value: object) -> str:
    """A value in the words of JSON, short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"the integer {value}"
    if isinstance(value, float):
        return f"the number {value!r}"
    if isinstance(value, str):
        shown = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "..."
        return f"the string {shown!r}"
    return "an object" if isinstance(value, JsonObject) else "an array"


def inside(place: str, name: str) -> str:
    """The path to a member."""
    return f"{place}.{name}" if place else name


@frozen
class Text:
    """A string."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        return None if isinstance(value, str) else Misfit(place, describe(value), "a string")


@frozen
class Flag:
    """A boolean."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        return None if isinstance(value, bool) else Misfit(place, describe(value), "true or false")


@frozen
class Whole:
    """An integer of a certain width; a fraction is refused even when it is zero.

    Args:
        name: of the crate's type, such as "u16".
        lowest: the smallest value.
        highest: the largest value.
    """

    name: str
    lowest: int
    highest: int

    def misfit(self, value: object, place: str) -> Misfit | None:
        if isinstance(value, int) and not isinstance(value, bool) and self.lowest <= value <= self.highest:
            return None
        expected = f"an integer from {self.lowest} to {self.highest} ({self.name})"
        return Misfit(place, describe(value), expected)


@frozen
class Uuid:
    """A UUID as text, in one of the forms that the crate reads."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        if isinstance(value, str) and _UUID.fullmatch(value) is not None:
            return None
        return Misfit(place, describe(value), "a UUID")


@frozen
class SocketAddress:
    """A numeric address with its port."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        if isinstance(value, str) and _is_socket_address(value):
            return None
        return Misfit(place, describe(value), "a numeric IP address and a port, as 127.0.0.1:9900")


@frozen
class ByteArray:
    """Bytes, as an array of integers."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        if not isinstance(value, list):
            return Misfit(place, describe(value), "an array of integers from 0 to 255")
        for index, item in enumerate(value):
            if type(item) is not int or not 0 <= item <= _HIGHEST_BYTE:
                return Misfit(f"{place}[{index}]", describe(item), "an integer from 0 to 255 (u8)")
        return None


@frozen
class Anything:
    """Any JSON value."""

    def misfit(self, value: object, place: str) -> Misfit | None:
        return None


@frozen
class ListOf:
    """An array of equal things.

    Args:
        item: what each is.
    """

    item: Shape

    def misfit(self, value: object, place: str) -> Misfit | None:
        if not isinstance(value, list):
            return Misfit(place, describe(value), "an array")
        for index, inner in enumerate(value):
            found = self.item.misfit(inner, f"{place}[{index}]")
            if found is not None:
                return found
        return None


@frozen
class MapOf:
    """An object with free names; a name may come twice, the last one counts.

    Args:
        value: what each member is.
    """

    value: Shape

    def misfit(self, value: object, place: str) -> Misfit | None:
        if not isinstance(value, JsonObject):
            return Misfit(place, describe(value), "an object")
        for name, inner in value.members:
            found = self.value.misfit(inner, inside(place, name))
            if found is not None:
                return found
        return None


@frozen
class Option:
    """A value, null, or nothing at all.

    Args:
        value: what it is when it is there.
    """

    value: Shape

    def misfit(self, value: object, place: str) -> Misfit | None:
        return None if value is None else self.value.misfit(value, place)


@frozen
class Variants:
    """An enumeration: the name of a variant, or an object that holds one by its name.

    Args:
        names: variants without content.
        holding: variants with content.
    """

    names: tuple[str, ...]
    holding: tuple[tuple[str, Shape], ...] = ()

    def misfit(self, value: object, place: str) -> Misfit | None:
        if isinstance(value, str) and value in self.names:
            return None
        if isinstance(value, JsonObject) and len(value.members) == 1:
            ((name, inner),) = value.members
            for known, shape in self.holding:
                if name == known:
                    return shape.misfit(inner, inside(place, name))
        quoted = [f'"{name}"' for name in self.names] + [f'{{"{name}": ...}}' for name, _ in self.holding]
        return Misfit(place, describe(value), f"one of {', '.join(quoted)}")


@frozen
class Field:
    """One field of a record.

    Args:
        name: as it is written.
        shape: what it is. An `Option` may be missing.
        may_be_missing: whether it has a default; null is refused all the same.
    """

    name: str
    shape: Shape
    may_be_missing: bool = False


@frozen
class Record:
    """An object with known fields: each once, others are passed over.

    Args:
        fields: what it has.
    """

    fields: tuple[Field, ...]

    def misfit(self, value: object, place: str) -> Misfit | None:
        if not isinstance(value, JsonObject):
            return Misfit(place, describe(value), "an object")
        for field in self.fields:
            here = inside(place, field.name)
            times = value.count(field.name)
            if times > 1:
                return Misfit(here, f"the field {times} times", "each field once")
            if times == 0:
                if field.may_be_missing or isinstance(field.shape, Option):
                    continue
                return Misfit(here, "nothing", "a field that must be there")
            found = field.shape.misfit(value.get(field.name), here)
            if found is not None:
                return found
        return None


def _is_socket_address(text: str) -> bool:
    found = _SOCKET_ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > _HIGHEST_PORT:
        return False
    try:
        if found["six"] is not None:
            ipaddress.IPv6Address(found["six"])
        else:
            ipaddress.IPv4Address(found["four"])
    except ValueError:
        return False
    return True
