"""Schemas: from their notation to nodes, and the two directions of the format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import BinaryConversionError, BinaryDecodingError, InvalidSchema
from ..variant import COMPILED, expect
from .compounds import DurationNode, EnumNode, ListNode, MapNode, OptionNode, StructNode, TupleNode
from .integers import MARKERS, ByteNode, SignedNode, UnsignedNode
from .node import MAX_DEPTH, Misfit, Node, new_writer, written
from .scalars import BoolNode, BytesNode, CharacterNode, DoubleNode, SingleNode, TextNode

if TYPE_CHECKING:
    from mypy_extensions import i64


def _scalars() -> dict[str, Node]:
    nodes: dict[str, Node] = {
        "bool": BoolNode(),
        "u8": ByteNode(0),
        "i8": ByteNode(-128),
        "f32": SingleNode(),
        "f64": DoubleNode(),
        "char": CharacterNode(),
        "str": TextNode(),
        "bytes": BytesNode(),
        "duration": DurationNode(),
    }
    for bits, marker in MARKERS.items():
        nodes[f"u{bits}"] = UnsignedNode(marker, 2**bits - 1)
        nodes[f"i{bits}"] = SignedNode(marker, 2 ** (bits - 1) - 1)
    return nodes


_SCALARS: Final = _scalars()


@final
class Schema:
    """The layout of a value, made once and used for any number of values.

    Args:
        notation: the notation that this package's docstring shows; a Schema may stand wherever a schema may.

    Raises:
        InvalidSchema: an unknown form, more than 128 levels, a list or map of items that may take no bytes, a
            map whose keys a dict cannot have, or a name twice.
    """

    def __init__(self, notation: object) -> None:
        self.root: Final[Node] = _node_of(notation, 1)

    def encode(self, value: object) -> bytes:
        """The bytes of a value.

        Raises:
            BinaryConversionError: the value does not fit; the text names the place.
        """
        writer = new_writer()
        try:
            self.root.write(writer, value)
        except Misfit as misfit:
            raise conversion_error(misfit, "") from None
        return written(writer)

    def decode(self, data: bytes, offset: int = 0) -> tuple[object, int]:
        """Read one value; what follows it is left alone.

        Args:
            data: the bytes.
            offset: where the value begins.

        Raises:
            BinaryDecodingError: the bytes do not fit; the text names the place and the byte.

        Returns:
            The value, and how many bytes it takes.
        """
        if not COMPILED:
            expect(data, bytes, "bytes")
            expect(offset, int, "int")
        if not 0 <= offset <= len(data):
            raise BinaryDecodingError("binary decoding error: an offset outside the data")
        start: i64 = offset
        try:
            value, end = self.root.read(data, start)
        except Misfit as misfit:
            raise decoding_error(misfit, "") from None
        return value, end - start


def conversion_error(misfit: Misfit, root: str) -> BinaryConversionError:
    """What the caller is told about a value that does not fit.

    Args:
        misfit: as it came out of the root node.
        root: what the path begins with.
    """
    place = misfit.place(root)
    return BinaryConversionError(f"binary conversion error: {place + ': ' if place else ''}{misfit.problem}")


def decoding_error(misfit: Misfit, root: str) -> BinaryDecodingError:
    """As `conversion_error`, for bytes that do not fit."""
    place = misfit.place(root)
    where = f"{place} at byte {misfit.offset}" if place else f"byte {misfit.offset}"
    return BinaryDecodingError(f"binary decoding error: {where}: {misfit.problem}", misfit.offset)


def schema_of(schema: object) -> Schema:
    """The schema itself, or made from its notation.

    Raises:
        InvalidSchema: the notation is not valid.
    """
    return schema if isinstance(schema, Schema) else Schema(schema)


def encode(value: object, schema: object) -> bytes:
    """The bytes of a value.

    Args:
        value: what to write.
        schema: a Schema, or a notation, which is then compiled for this one value.

    Raises:
        InvalidSchema: the notation is not valid.
        BinaryConversionError: the value does not fit; the text names the place.
    """
    return schema_of(schema).encode(value)


def decode(data: bytes, schema: object) -> tuple[object, int]:
    """Read one value from the beginning; what follows it is left alone.

    Raises:
        InvalidSchema: the notation is not valid.
        BinaryDecodingError: the bytes do not fit; the text names the place and the byte.

    Returns:
        The value, and how many bytes it takes.
    """
    return schema_of(schema).decode(data)


def _node_of(notation: object, level: int) -> Node:
    node = _compiled(notation, level)
    if level + node.depth - 1 > MAX_DEPTH:
        raise InvalidSchema(f"more than {MAX_DEPTH} levels", None, MAX_DEPTH)
    return node


def _compiled(notation: object, level: int) -> Node:
    if level > MAX_DEPTH:
        raise InvalidSchema(f"more than {MAX_DEPTH} levels", None, MAX_DEPTH)
    if isinstance(notation, Schema):
        return notation.root
    if isinstance(notation, str):
        scalar = _SCALARS.get(notation)
        if scalar is None:
            raise InvalidSchema("unknown name of a type")
        return scalar
    if not isinstance(notation, dict) or len(notation) != 1:
        raise InvalidSchema("expected the name of a type, or a dict of one form and what it is made of")
    for form, parts in notation.items():
        if form == "option":
            return OptionNode(_node_of(parts, level + 1))
        if form == "list":
            return ListNode(_item_of(parts, "list", level + 1))
        if form == "map":
            return _map_of(parts, level)
        if form == "enum":
            return _enum_of(parts, level)
        if form == "tuple" or form == "struct":
            return _product_of(form, parts, level)
    raise InvalidSchema("unknown form; expected option, list, map, tuple, struct or enum")


def _item_of(notation: object, owner: str, level: int) -> Node:
    # Such items could be announced in any number without a byte for them.
    node = _node_of(notation, level)
    if node.minimum == 0:
        raise InvalidSchema(f"a {owner} of items that may take no bytes")
    return node


def _map_of(parts: object, level: int) -> Node:
    pair = _sequence(parts, "map: expected a key and a value")
    if len(pair) != 2:
        raise InvalidSchema("map: expected a key and a value")
    key = _item_of(pair[0], "map", level + 1)
    if not key.is_key:
        raise InvalidSchema("map: keys that a dict cannot have")
    return MapNode(key, _item_of(pair[1], "map", level + 1))


def _product_of(form: str, parts: object, level: int) -> Node:
    if form == "tuple":
        items = _sequence(parts, "tuple: expected a list of schemas")
        return TupleNode([_node_of(item, level + 1) for item in items])
    names: list[str] = []
    nodes: list[Node] = []
    for entry in _sequence(parts, "struct: expected a list of names and schemas"):
        name, notation = _named(entry, names, "struct")
        names.append(name)
        nodes.append(_node_of(notation, level + 1))
    return StructNode(names, nodes)


def _enum_of(parts: object, level: int) -> Node:
    names: list[str] = []
    items: list[Node | None] = []
    for entry in _sequence(parts, "enum: expected a list of names and data"):
        name, notation = _named(entry, names, "enum")
        names.append(name)
        items.append(None if notation is None else _data_of(notation, level + 1))
    if not names:
        raise InvalidSchema("enum: no variants")
    return EnumNode(names, items)


def _data_of(notation: object, level: int) -> Node:
    if not isinstance(notation, dict) or len(notation) != 1:
        raise InvalidSchema("enum: the data of a variant is None, a tuple or a struct")
    for form, parts in notation.items():
        if form == "tuple" and isinstance(parts, (list, tuple)) and len(parts) == 1:
            return _node_of(parts[0], level)
        if form == "tuple" or form == "struct":
            return _node_of(notation, level)
    raise InvalidSchema("enum: the data of a variant is None, a tuple or a struct")


def _sequence(parts: object, expected: str) -> list[object]:
    if isinstance(parts, list):
        return parts
    if isinstance(parts, tuple):
        return list(parts)
    raise InvalidSchema(expected)


def _named(entry: object, known: list[str], owner: str) -> tuple[str, object]:
    pair = _sequence(entry, f"{owner}: expected pairs of a name and what it is")
    if len(pair) != 2:
        raise InvalidSchema(f"{owner}: expected pairs of a name and what it is")
    name = pair[0]
    if not isinstance(name, str):
        raise InvalidSchema(f"{owner}: a name that is not text")
    if name in known:
        raise InvalidSchema(f"{owner}: the name `{name}` twice")
    return name, pair[1]
