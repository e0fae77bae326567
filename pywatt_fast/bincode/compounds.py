"""Options, lists, maps, tuples, structs, enums and durations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from ..variant import COMPILED
from .integers import MARKER_32, MARKER_64, UnsignedNode, read_length, read_unsigned, write_unsigned
from .node import UNEXPECTED_END, Misfit, Node

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import BytesWriter

_NANOSECONDS: Final = 1_000_000_000
_MOST_SECONDS: Final = 2**64 - 1


def _depth_above(nodes: list[Node]) -> int:
    deepest = 0
    for node in nodes:
        deepest = max(deepest, node.depth)
    return deepest + 1


def _minimum_of(nodes: list[Node]) -> int:
    total = 0
    for node in nodes:
        total += int(node.minimum)
    return total


def _are_keys(nodes: list[Node]) -> bool:
    for node in nodes:
        if not node.is_key:
            return False
    return True


def _list_of(value: object, expected: str) -> list[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, tuple):
        return list(value)
    raise Misfit(expected)


@final
class OptionNode(Node):
    """A byte 0, or 1 and the value."""

    def __init__(self, item: Node) -> None:
        super().__init__(1, item.depth + 1, item.is_key)
        self.item = item

    def write(self, writer: BytesWriter, value: object) -> None:
        if value is None:
            writer.append(0)
        else:
            writer.append(1)
            self.item.write(writer, value)

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        try:
            tag: i64 = data[at]
        except IndexError:
            raise Misfit(UNEXPECTED_END, at) from None
        if tag == 0:
            return None, at + 1
        if tag != 1:
            raise Misfit("the tag of an option that is neither 0 nor 1", at)
        return self.item.read(data, at + 1)


@final
class ListNode(Node):
    """The number of items, then these."""

    def __init__(self, item: Node) -> None:
        super().__init__(1, item.depth + 1, False)
        self.item = item

    def write(self, writer: BytesWriter, value: object) -> None:
        items = _list_of(value, "expected a list")
        write_unsigned(writer, len(items))
        item = self.item
        index: i64 = 0
        try:
            for part in items:
                item.write(writer, part)
                index += 1
        except Misfit as misfit:
            misfit.steps.append(f"[{index}]")
            raise

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        item = self.item
        count, at = read_length(data, at, item.minimum)
        items: list[object] = []
        _index: i64 = 0
        try:
            for _index in range(count):
                value, at = item.read(data, at)
                items.append(value)
        except Misfit as misfit:
            misfit.steps.append(f"[{len(items)}]")
            raise
        return items, at


@final
class MapNode(Node):
    """The number of entries, then key and value of each; of equal keys the last counts."""

    def __init__(self, key: Node, value: Node) -> None:
        super().__init__(1, _depth_above([key, value]), False)
        self.key = key
        self.value = value
        self.smallest_entry: i64 = key.minimum + value.minimum

    def write(self, writer: BytesWriter, value: object) -> None:
        if not isinstance(value, dict):
            raise Misfit("expected a dict")
        entries: dict[object, object] = value
        write_unsigned(writer, len(entries))
        index: i64 = 0
        part = "key"
        try:
            for name, item in entries.items():
                part = "key"
                self.key.write(writer, name)
                part = "value"
                self.value.write(writer, item)
                index += 1
        except Misfit as misfit:
            misfit.steps.append(f"[{index}].{part}")
            raise

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        count, at = read_length(data, at, self.smallest_entry)
        entries: dict[object, object] = {}
        index: i64 = 0
        part = "key"
        try:
            while index < count:
                part = "key"
                name, at = self.key.read(data, at)
                part = "value"
                item, at = self.value.read(data, at)
                entries[name] = item
                index += 1
        except Misfit as misfit:
            misfit.steps.append(f"[{index}].{part}")
            raise
        return entries, at


@final
class TupleNode(Node):
    """The items, back to back."""

    def __init__(self, items: list[Node]) -> None:
        super().__init__(_minimum_of(items), _depth_above(items), _are_keys(items))
        self.items = items

    def write(self, writer: BytesWriter, value: object) -> None:
        values = _list_of(value, "expected a tuple")
        items = self.items
        if len(values) != len(items):
            raise Misfit(f"expected a tuple of {len(items)}")
        index = 0
        try:
            for index, item in enumerate(items):
                item.write(writer, values[index])
        except Misfit as misfit:
            misfit.steps.append(f"[{index}]")
            raise

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        values: list[object] = []
        try:
            for item in self.items:
                value, at = item.read(data, at)
                values.append(value)
        except Misfit as misfit:
            misfit.steps.append(f"[{len(values)}]")
            raise
        return tuple(values), at


@final
class _Field:
    """A field of a struct and those after it: what is linked needs no test of its class, as a list does."""

    def __init__(self, name: str, item: Node, after: _Field | None) -> None:
        self.name: Final = name
        self.item: Final = item
        self.after: Final = after


@final
class StructNode(Node):
    """The fields, back to back in the order of the schema."""

    def __init__(self, names: list[str], items: list[Node]) -> None:
        super().__init__(_minimum_of(items), _depth_above(items), False)
        self.names = names
        self.items = items
        # What is read is put into a copy, whose table need not grow.
        self.empty: Final[dict[str, object]] = dict.fromkeys(names)
        first: _Field | None = None
        # Interpreted, every look-up counts; compiled, a method in a variable is slow.
        self.writes: Any = []
        self.reads: Any = []
        for name, item in zip(reversed(names), reversed(items), strict=True):
            first = _Field(name, item, first)
            if not COMPILED:
                self.writes.insert(0, (name, item.write))
                self.reads.insert(0, (name, item.read))
        self.first: Final = first

    def write(self, writer: BytesWriter, value: object) -> None:
        if not isinstance(value, dict):
            raise Misfit("expected a dict")
        fields: dict[object, object] = value
        name = ""
        try:
            if COMPILED:
                field = self.first
                while field is not None:
                    name = field.name
                    field.item.write(writer, fields[name])
                    field = field.after
            else:
                for name, write in self.writes:
                    write(writer, fields[name])
        except KeyError:
            raise Misfit(f"missing field `{name}`") from None
        except Misfit as misfit:
            misfit.steps.append("." + name)
            raise
        if len(fields) != len(self.names):
            raise Misfit(_unknown_field(fields, self.names))

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        fields = self.empty.copy()
        field = self.first
        name = ""
        try:
            if COMPILED:
                while field is not None:
                    value, at = field.item.read(data, at)
                    fields[field.name] = value
                    field = field.after
            else:
                for name, read in self.reads:
                    fields[name], at = read(data, at)
        except Misfit as misfit:
            if COMPILED and field is not None:
                name = field.name
            misfit.steps.append("." + name)
            raise
        return fields, at


def _unknown_field(fields: dict[object, object], names: list[str]) -> str:
    for name in fields:
        if not isinstance(name, str):
            return "a field whose name is not text"
        if name not in names:
            return f"unknown field `{name}`"
    return "fields that changed while they were written"


@final
class EnumNode(Node):
    """The number of the variant, then its data.

    Args:
        names: of the variants.
        items: their data; None for a variant without.
    """

    def __init__(self, names: list[str], items: list[Node | None]) -> None:
        present = [item for item in items if item is not None]
        minimum = 0
        if len(present) == len(items):
            minimum = min([int(item.minimum) for item in present])
        super().__init__(1 + minimum, _depth_above(present), not present)
        self.names = names
        self.items = items
        self.numbers: dict[str, int] = {name: number for number, name in enumerate(names)}

    def write(self, writer: BytesWriter, value: object) -> None:
        if isinstance(value, str):
            number = self._number_of(value)
            if self.items[number] is not None:
                raise Misfit(f"variant `{self.names[number]}` without its data")
            write_unsigned(writer, number)
            return
        if not isinstance(value, dict) or len(value) != 1:
            raise Misfit("expected the name of a variant, or a dict of one variant and its data")
        for name, content in value.items():
            number = self._number_of(name)
            item = self.items[number]
            if item is None:
                raise Misfit(f"variant `{self.names[number]}` has no data")
            write_unsigned(writer, number)
            try:
                item.write(writer, content)
            except Misfit as misfit:
                misfit.steps.append("." + self.names[number])
                raise

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        number, end = read_unsigned(data, at, MARKER_32)
        if number >= len(self.names):
            raise Misfit(f"a variant beyond the {len(self.names)} known", at)
        name = self.names[number]
        item = self.items[number]
        if item is None:
            return name, end
        try:
            content, end = item.read(data, end)
        except Misfit as misfit:
            misfit.steps.append("." + name)
            raise
        return {name: content}, end

    def _number_of(self, name: object) -> int:
        number = self.numbers.get(name) if isinstance(name, str) else None
        if number is None:
            raise Misfit("an unknown variant")
        return number


@final
class DurationNode(Node):
    """Seconds and nanoseconds, `{"secs": 1, "nanos": 5}` as in JSON."""

    def __init__(self) -> None:
        super().__init__(2, 1, False)
        secs: Node = UnsignedNode(MARKER_64, _MOST_SECONDS)
        nanos: Node = UnsignedNode(MARKER_32, _NANOSECONDS - 1)
        self.parts = StructNode(["secs", "nanos"], [secs, nanos])

    def write(self, writer: BytesWriter, value: object) -> None:
        self.parts.write(writer, value)

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        secs, middle = read_unsigned(data, at, MARKER_64)
        nanos, end = read_unsigned(data, middle, MARKER_32)
        if nanos >= _NANOSECONDS:
            secs += nanos // _NANOSECONDS
            nanos %= _NANOSECONDS
            if secs > _MOST_SECONDS:
                raise Misfit("a duration beyond 64 bits of seconds", at)
        return {"secs": secs, "nanos": nanos}, end
