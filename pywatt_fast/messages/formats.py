"""The formats of encoded messages: their names, their codes in frames, and what they can be turned into."""

from __future__ import annotations

from enum import Enum
from typing import Final

from ..errors import ByteArrayError, InvalidFormat, JsonSerializationError, RepeatedField, UnsupportedFormat
from ..json_text.byte_arrays import bytes_of_list
from ..json_text.codec import decode_json, encode_json_sorted
from ..json_text.members import read_members
from .base64_text import decode_base64, encode_base64
from .metadata import repeated_field


class EncodingFormat(Enum):
    """How the bytes of an encoded message are to be understood; the value is the name on the wire."""

    JSON = "Json"
    BINARY = "Binary"
    BASE64 = "Base64"
    AUTO = "Auto"

    def __str__(self) -> str:
        return self.value.lower()


JSON: Final = EncodingFormat.JSON
BINARY: Final = EncodingFormat.BINARY
BASE64: Final = EncodingFormat.BASE64
AUTO: Final = EncodingFormat.AUTO
FORMATS_BY_NAME: Final = {"Json": JSON, "Binary": BINARY, "Base64": BASE64, "Auto": AUTO}
NAMES: Final = {JSON: b"Json", BINARY: b"Binary", BASE64: b"Base64", AUTO: b"Auto"}
CODES: Final = {JSON: 1, BINARY: 2, BASE64: 3}
FORMATS_BY_CODE: Final = {1: JSON, 2: BINARY, 3: BASE64}


def unsupported(format: EncodingFormat) -> UnsupportedFormat:
    """The refusal of a format."""
    return UnsupportedFormat(str(format))


def text_of(data: bytes) -> str:
    """UTF-8 data as text.

    Raises:
        InvalidFormat: it is not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidFormat("invalid UTF-8", error.start) from None


def read_nested(value: object) -> tuple[bytes, EncodingFormat]:
    """Data and format from the decoded nested form of an encoded message.

    Raises:
        JsonSerializationError: the value is not one.
    """
    if not isinstance(value, dict):
        raise JsonSerializationError("expected an encoded message object")
    for name in ("data", "format"):
        if name not in value:
            raise JsonSerializationError(f"missing field `{name}`")
    try:
        data = bytes_of_list(value["data"], "data")
    except ByteArrayError as error:
        raise JsonSerializationError(str(error)) from None
    wanted: object = value["format"]
    format = FORMATS_BY_NAME.get(wanted) if isinstance(wanted, str) else None
    if format is None:
        raise JsonSerializationError("format: expected Json, Binary, Base64 or Auto")
    return data, format


def read_nested_text(text: bytes) -> tuple[bytes, EncodingFormat]:
    """As `read_nested`, from JSON text, in which neither field may stand twice."""
    value = decode_json(text)
    repeated = repeated_field(read_members(text) or [], ("data", "format"))
    if repeated is not None:
        raise RepeatedField(repeated)
    return read_nested(value)


def converted(data: bytes, source: EncodingFormat, target: EncodingFormat) -> bytes:
    """Data of one format as another has it: relabelled or base64-coded, never transcoded.

    Raises:
        UnsupportedFormat: Auto is involved.
        InvalidFormat: the data cannot be shown in that format.
        Base64DecodingError: the data is not canonical base64.
    """
    if source is target:
        return data
    if target is AUTO or source is AUTO:
        raise unsupported(source)
    if target is BASE64:
        return encode_base64(data)
    if source is JSON:
        text_of(data)
        return data
    if source is BASE64:
        data = decode_base64(data)
    if target is BINARY:
        return data
    try:
        return encode_json_sorted(decode_json(data))
    except JsonSerializationError:
        raise InvalidFormat("the data is not JSON text") from None


def kind_of(data: bytes, format: EncodingFormat) -> str:
    """What kind of message data holds, for people and logs.

    Raises:
        UnsupportedFormat: the format is Auto.
    """
    if format is AUTO:
        raise unsupported(format)
    if format is BASE64:
        try:
            decode_base64(data)
        except ValueError:
            return "Invalid Base64"
    if format is not JSON:
        return "Unknown"
    try:
        value = decode_json(data)
    except JsonSerializationError:
        return "Invalid JSON"
    return _kind_of_value(value, data)


def _kind_of_value(value: object, data: bytes) -> str:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if not isinstance(value, dict):
        return "Unknown"
    kind: object = value.get("kind")
    if isinstance(kind, str) and repeated_field(read_members(data) or [], ("kind",)) is None:
        return kind
    kind = value.get("op")
    if isinstance(kind, str):
        return kind
    metadata: object = value.get("metadata")
    if isinstance(metadata, dict):
        kind = metadata.get("id")
        if isinstance(kind, str):
            return kind
    return "Unknown"
