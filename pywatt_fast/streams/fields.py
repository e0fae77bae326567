"""The fields of the JSON objects that streams exchange, read strictly: no repeats, nothing coerced."""

from __future__ import annotations

from typing import Any, Final, final

from ..errors import ByteArrayError, JsonSerializationError, StreamFormatError
from ..json_text.byte_arrays import decode_byte_array
from ..json_text.codec import decode_json, encode_json
from ..json_text.members import read_members
from ..messages.identifiers import find_canonical

MAX_U64: Final = (1 << 64) - 1
MAX_U32: Final = (1 << 32) - 1
_BILLION: Final = 1_000_000_000
# One more than the wire can say, as a float: compiled, 2**64-1 beside a float would be rounded to it.
_SECONDS_END: Final = 18446744073709551616.0


@final
class Fields:
    """The known fields of one JSON object; unknown ones are ignored.

    Args:
        text: JSON text.
        subject: what it is, for errors.
        known: the fields that may stand there once.

    Raises:
        StreamFormatError: the text is not a JSON object, or repeats a known field.
    """

    def __init__(self, text: bytes, subject: str, known: tuple[str, ...]) -> None:
        self.subject = subject
        self._texts: dict[str, bytes] = {}
        try:
            members = read_members(text)
            if members is None:
                raise StreamFormatError(f"{subject}: expected a JSON object")
            for member in members:
                if member.key not in known:
                    decode_json(member.text)
                elif member.key in self._texts:
                    raise StreamFormatError(f"{subject}: duplicate field `{member.key}`")
                else:
                    self._texts[member.key] = member.text
        except JsonSerializationError as error:
            raise StreamFormatError(f"{subject}: not JSON", error.offset) from None

    def refusal(self, name: str, expected: str) -> StreamFormatError:
        """The error for a field of the wrong form."""
        return StreamFormatError(f"{self.subject}: field `{name}`: expected {expected}")

    def text(self, name: str) -> bytes:
        """The raw text of a field.

        Raises:
            StreamFormatError: it is missing.
        """
        found = self._texts.get(name)
        if found is None:
            raise StreamFormatError(f"{self.subject}: missing field `{name}`")
        return found

    def optional_text(self, name: str) -> bytes | None:
        """The raw text of a field; None when it is missing or null."""
        found = self._texts.get(name)
        return None if found is None or found == b"null" else found

    def value(self, name: str, expected: str) -> object:
        """The value of a field."""
        try:
            return decode_json(self.text(name))
        except JsonSerializationError:
            raise self.refusal(name, expected) from None

    def string(self, name: str) -> str:
        """A string."""
        value = self.value(name, "a string")
        if not isinstance(value, str):
            raise self.refusal(name, "a string")
        return value

    def optional_string(self, name: str) -> str | None:
        """A string; None when the field is missing or null."""
        return None if self.optional_text(name) is None else self.string(name)

    def identifier(self, name: str) -> str:
        """A UUID in its canonical form."""
        found = find_canonical(self.string(name))
        if found is None:
            raise self.refusal(name, "a UUID")
        return found

    def natural(self, name: str, limit: int) -> int:
        """An integer from 0 to the limit."""
        expected = f"an integer from 0 to {limit}"
        value = self.value(name, expected)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
            raise self.refusal(name, expected)
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.value(name, "true or false")
        if not isinstance(value, bool):
            raise self.refusal(name, "true or false")
        return value

    def octets(self, name: str) -> bytes:
        """Bytes, given as an array of integers."""
        try:
            return decode_byte_array(self.text(name))
        except ByteArrayError:
            raise self.refusal(name, "an array of integers from 0 to 255") from None

    def choice(self, name: str, names: tuple[str, ...]) -> int:
        """The index of one of several names."""
        value = self.string(name)
        if value not in names:
            raise self.refusal(name, "one of " + ", ".join(names))
        return names.index(value)

    def string_map(self, name: str) -> dict[str, str]:
        """An object whose values are strings."""
        value = self.value(name, "an object of strings")
        if not isinstance(value, dict):
            raise self.refusal(name, "an object of strings")
        for item in value.values():
            if not isinstance(item, str):
                raise self.refusal(name, "an object of strings")
        return value

    def seconds(self, name: str) -> float:
        """A duration, `{"secs":1,"nanos":0}`, in seconds."""
        fields = Fields(self.text(name), f"{self.subject}: field `{name}`", ("secs", "nanos"))
        return fields.natural("secs", MAX_U64) + fields.natural("nanos", MAX_U32) / _BILLION


def checked_text(value: str, subject: str, name: str) -> bytes:
    """A string as JSON.

    Raises:
        StreamFormatError: it holds a lone surrogate.
    """
    try:
        return encode_json(value)
    except JsonSerializationError:
        raise StreamFormatError(f"{subject}: field `{name}`: not valid text") from None


def checked_string_map(value: dict[Any, Any], subject: str, name: str) -> bytes:
    """An object of strings as JSON.

    Raises:
        StreamFormatError: a key or a value is not valid text.
    """
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, str):
            raise StreamFormatError(f"{subject}: field `{name}`: expected string keys and values")
    try:
        return encode_json(value)
    except JsonSerializationError:
        raise StreamFormatError(f"{subject}: field `{name}`: not valid text") from None


def checked_natural(value: int, limit: int, subject: str, name: str) -> int:
    """An integer from 0 to the limit.

    Raises:
        StreamFormatError: it is outside.
    """
    if not 0 <= value <= limit:
        raise StreamFormatError(f"{subject}: field `{name}`: expected an integer from 0 to {limit}")
    return int(value)


def duration_text(seconds: float, subject: str, name: str) -> bytes:
    """A duration as JSON.

    Raises:
        StreamFormatError: it is negative, or longer than the wire can say.
    """
    if not 0 <= seconds < _SECONDS_END:
        raise StreamFormatError(f"{subject}: field `{name}`: expected seconds from 0 to {MAX_U64}")
    nanoseconds = round(seconds * _BILLION)
    return b'{"secs":%d,"nanos":%d}' % (nanoseconds // _BILLION, nanoseconds % _BILLION)
