"""General values in MessagePack, by the package `msgpack` where it is installed.

The values are those of JSON and bytes: None, booleans, integers from -2^63 to 2^64-1, floats, strings, bytes,
lists (tuples are written as such) and dicts whose keys are strings.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, Final, final

from ..errors import MessagePackError
from ..variant import COMPILED, expect
from .structure import MAX_DEPTH, check_structure, is_surely_shallow

# Looked for at once, but loaded when first needed, because that would slow every start.
MESSAGE_PACK_AVAILABLE: Final[bool] = importlib.util.find_spec("msgpack") is not None


@final
class _Package:
    """The package, loaded by the first use of it."""

    def __init__(self) -> None:
        self.new_packer: Any = None
        self.unpack: Any = None

    def load(self) -> None:
        module: Any = importlib.import_module("msgpack")
        self.new_packer = module.Packer
        self.unpack = module.unpackb


_PACKAGE: Final = _Package()

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
_FEW_ITEMS: Final = 16


def require_message_pack() -> None:
    """Refuse to go on without the package.

    Raises:
        MessagePackError: it is not installed.
    """
    if not MESSAGE_PACK_AVAILABLE:
        raise MessagePackError("the package msgpack is not installed")


def encode_message_pack(value: object) -> bytes:
    """A value in its shortest MessagePack form; floats always take eight bytes.

    Args:
        value: of exactly the types above, not of classes derived from them.

    Raises:
        MessagePackError: another type, an integer outside the range, a key that is not a string, a lone
            surrogate, nesting deeper than 128 levels, or the package is not installed.
    """
    require_message_pack()
    _check_writable(value, 1)
    try:
        return pack(value)
    except UnicodeEncodeError:
        raise MessagePackError("a string that is not valid text") from None
    except ValueError:
        raise MessagePackError("a value too long to be written") from None


def decode_message_pack(data: bytes) -> object:
    """The value of MessagePack data; any valid form of it is read, the shortest or not.

    Memory follows what the data holds, never a length that it states.

    Raises:
        MessagePackError: it is not exactly one value, is nested more than 128 levels deep, or holds an
            extension type, a key that is not a string or occurs twice, invalid UTF-8 or a length beyond the
            data; or the package is not installed.
    """
    if not COMPILED:
        expect(data, bytes, "bytes")
    require_message_pack()
    if not COMPILED and is_surely_shallow(data):
        try:
            # The package allocates arrays as long as they say: all levels together stay below the data.
            return unpack(data, _object_of, max(_FEW_ITEMS, len(data) // (8 * MAX_DEPTH)))
        except (MessagePackError, ValueError):
            pass  # the refusal, or the right to such long arrays, comes from the check below
    check_structure(data)
    try:
        return unpack(data, _object_of, len(data))
    except UnicodeDecodeError:
        raise MessagePackError("a string that is not valid UTF-8") from None


def pack(value: object) -> bytes:
    """A value as the package writes it, unchecked.

    Raises:
        ValueError: a string that is not valid text, or a value too long.
    """
    if _PACKAGE.new_packer is None:
        _PACKAGE.load()
    # What its packb does, less the handling of options. A packer that is kept would be shared by threads.
    packed: bytes = _PACKAGE.new_packer().pack(value)
    return packed


def unpack(data: bytes, map_of: Callable[[list[Any]], object], max_items: int) -> object:
    """A value as the package reads it, every map made from its pairs by `map_of`, otherwise unchecked.

    Raises:
        ValueError: not one whole value, or an array of more than `max_items`.
    """
    if _PACKAGE.unpack is None:
        _PACKAGE.load()
    return _PACKAGE.unpack(data, object_pairs_hook=map_of, max_array_len=max_items)


def _object_of(pairs: list[Any]) -> dict[str, object]:
    found: dict[Any, Any] = dict(pairs)
    if len(found) != len(pairs):
        raise MessagePackError("a map that holds a key twice")
    for key in found:
        if type(key) is not str:
            raise MessagePackError("a key that is not a string")
    return found


def _check_writable(value: object, depth: int) -> None:
    if value is None:
        return
    kind = type(value)
    if kind is str or kind is bytes or kind is bool or kind is float:
        return
    if type(value) is int:
        if not _SMALLEST <= value <= _LARGEST:
            raise MessagePackError("an integer outside -2^63 to 2^64-1")
        return
    if depth > MAX_DEPTH:
        raise MessagePackError(f"nested deeper than {MAX_DEPTH} levels", None, MAX_DEPTH)
    if type(value) is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise MessagePackError("a key that is not a string")
            _check_writable(item, depth + 1)
    elif type(value) is list or type(value) is tuple:
        for item in value:
            _check_writable(item, depth + 1)
    else:
        raise MessagePackError("a value of a type that MessagePack does not carry here")
