"""Finds the parts of a compact envelope eight bytes at a time: for the compiled variant only.

Every step either finds exactly what it expects or gives up, and the general reader then decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..json_text.scan import end_of_object, end_of_plain_string, stands_at
from ..variant import COMPILED
from .identifiers import is_canonical

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import read_i64_le

CONTENT_START: Final = 55  # after `{"id":"`, 36 bytes of id and `","content":`
_METADATA: Final = b',"metadata":{'
_NO_METADATA: Final = b',"metadata":{}}'
_SHORTEST: Final = 70

# Words of text as they are loaded, little-endian. Seven bytes each: the compiler keeps such a number in a
# register, but makes an object of one from 2**62 on.
_SEVEN_BYTES: Final = 0x00FFFFFFFFFFFFFF
_START: Final = 0x223A226469227B  # {"id":"
_AFTER_ID: Final = 0x746E6F63222C22  # ","cont
_BEFORE_CONTENT: Final = 0x3A22746E65746E  # ntent":

# Whoever steps by seven bytes through `,"metadata":{` meets exactly one of these.
_STEP: Final = 7
_WORD_0: Final = 0x646174656D222C  # ,"metad
_WORD_1: Final = 0x61646174656D22  # "metada
_WORD_2: Final = 0x7461646174656D  # metadat
_WORD_3: Final = 0x61746164617465  # etadata
_WORD_4: Final = 0x22617461646174  # tadata"
_WORD_5: Final = 0x3A226174616461  # adata":
_WORD_6: Final = 0x7B3A2261746164  # data":{
_LETTER_D: Final = 0x64  # stands in each of them


@final
class EnvelopeScan:
    """Where the parts of an envelope stand; a field that is absent begins at -1.

    Args:
        data: the text.
    """

    def __init__(self, data: bytes) -> None:
        self._data: Final = data
        self.content_end: i64 = 0
        self.metadata_start: i64 = 0
        self.source_start: i64 = -1
        self.source_end: i64 = -1
        self.destination_start: i64 = -1
        self.destination_end: i64 = -1

    def text(self, start: i64, end: i64) -> str | None:
        """The field that was found between two places."""
        return None if start < 0 else self._data[start:end].decode("ascii")

    def find_parts(self) -> bool:
        """Fill in where content, metadata and their fields stand; False on any surprise.

        The content and the inside of the properties are left unread.
        """
        return self.find_metadata() and self.find_fields()

    def find_fields(self) -> bool:
        """Fill in where the fields of the metadata stand, once these are found; False on any surprise."""
        return self._find_fields(self.metadata_start + 1) == len(self._data) - 1

    def find_metadata(self) -> bool:
        """Fill in where content and metadata stand, unread; False on any surprise."""
        if not self._is_usual():
            return False
        start: i64 = _start_of_metadata(self._data)
        self.content_end = start
        self.metadata_start = start + 12
        return start >= 0

    def end_of_plain_content(self) -> i64:
        """Where the content ends when the metadata are empty; -1 for any other text."""
        start: i64 = len(self._data) - len(_NO_METADATA)
        if start <= CONTENT_START or not stands_at(self._data, start, _NO_METADATA):
            return -1
        if self._is_usual():
            return start
        return -1

    def _is_usual(self) -> bool:
        """Whether the text begins and ends as a compact envelope does."""
        data = self._data
        return (
            len(data) >= _SHORTEST
            and data[len(data) - 1] == 0x7D
            and data[len(data) - 2] == 0x7D
            and read_i64_le(data, 0) & _SEVEN_BYTES == _START
            and read_i64_le(data, CONTENT_START - 12) & _SEVEN_BYTES == _AFTER_ID
            and read_i64_le(data, CONTENT_START - 7) & _SEVEN_BYTES == _BEFORE_CONTENT
            and is_canonical(data, 7)
        )

    def _find_fields(self, position: i64) -> i64:
        """The place after the metadata, whose first key stands here; -1 on any surprise."""
        data = self._data
        if data[position] == 0x7D:
            return position + 1
        seen: i64 = 0
        end: i64 = len(data)
        while position < end - 2:
            # The first letters of the five fields differ, also in their five low bits.
            initial: i64 = data[position + 1]
            bit: i64 = 1 << (initial & 31)
            if seen & bit != 0:
                return -1
            seen |= bit
            last: i64 = self._find_field(position, initial)
            position = last + 1
            if last < 0 or position >= end:
                return -1
            if data[position] == 0x7D:
                return position + 1
            if data[position] != 0x2C:
                return -1
            position += 1
        return -1

    def _find_field(self, position: i64, initial: i64) -> i64:
        """The last byte of one field, noting where its value is; negative on any surprise."""
        data = self._data
        start: i64
        end: i64
        if initial == 0x73 and stands_at(data, position, b'"source":"'):
            start = position + 10
            end = end_of_plain_string(data, start, True)
            self.source_start = start
            self.source_end = end
            return end
        if initial == 0x64 and stands_at(data, position, b'"destination":"'):
            start = position + 15
            end = end_of_plain_string(data, start, True)
            self.destination_start = start
            self.destination_end = end
            return end
        if initial == 0x70 and stands_at(data, position, b'"properties":{'):
            return end_of_object(data, position + 13) - 1
        if initial == 0x69 and stands_at(data, position, b'"id":"'):
            end = end_of_plain_string(data, position + 6, True)
            return end
        if initial == 0x74 and stands_at(data, position, b'"timestamp":'):
            return _end_of_digits(data, position + 12) - 1
        return -1


def _start_of_metadata(data: bytes) -> i64:
    """Where the content ends, by the last `,"metadata":{`; -1 when it is nowhere.

    That text cannot stand inside a JSON string, and it is the envelope's own key exactly when its object is
    followed by the one brace that ends the data.
    """
    ones: i64 = 0x0101010101010101
    high: i64 = ones << 7
    position: i64 = len(data) - 9
    while position > CONTENT_START:
        word: i64 = read_i64_le(data, position)
        letter: i64 = word ^ (ones * _LETTER_D)
        if (letter - ones) & ~letter & high != 0:
            back: i64 = _place_in_literal(word & _SEVEN_BYTES)
            if back >= 0 and stands_at(data, position - back, _METADATA):
                start: i64 = position - back
                if start > CONTENT_START:
                    return start
                return -1
        position -= _STEP
    return -1


def _place_in_literal(word: i64) -> i64:
    """How far after its beginning this word of `,"metadata":{` stands; -1 for any other."""
    if word == _WORD_0:
        return 0
    if word == _WORD_1:
        return 1
    if word == _WORD_2:
        return 2
    if word == _WORD_3:
        return 3
    if word == _WORD_4:
        return 4
    if word == _WORD_5:
        return 5
    if word == _WORD_6:
        return 6
    return -1


def _end_of_digits(data: bytes, position: i64) -> i64:
    """The place after a natural number of at most 18 digits; -1 for anything else."""
    start: i64 = position
    end: i64 = len(data)
    while position < end and data[position] >= 0x30 and data[position] <= 0x39:
        position += 1
    size: i64 = position - start
    if size == 0 or size > 18 or (data[start] == 0x30 and size > 1):
        return -1
    return position
