"""The bincode form of a message: its content by a schema, then its metadata. The id is not written.

The crate writes the five fields of the metadata bare and reads them behind the tag of an option, so it cannot
read back what it wrote. We write what it reads, and read both.
"""

from __future__ import annotations

from typing import Final

from ..bincode.node import Misfit, new_writer, written
from ..bincode.schema import Schema, conversion_error, decoding_error, schema_of
from ..errors import BinaryConversionError, BinaryDecodingError, JsonSerializationError
from ..json_text.codec import decode_json, encode_json_sorted
from .base64_text import decode_base64
from .formats import AUTO, BASE64, BINARY, JSON, EncodingFormat, kind_of
from .metadata import MessageMetadata

_METADATA: Final = Schema(
    {
        "struct": [
            ["id", {"option": "str"}],
            ["timestamp", {"option": "i64"}],
            ["source", {"option": "str"}],
            ["destination", {"option": "str"}],
            ["properties", "str"],
        ]
    }
)
_PRESENT: Final = 0x01


def write_binary(content: object, metadata: MessageMetadata, schema: object, bare: bool) -> bytes:
    """The bincode form.

    Args:
        content: what the schema describes.
        metadata: written behind a tag unless it is empty, so that the crate reads it.
        schema: a Schema or its notation.
        bare: never write the tag, as the crate itself does.

    Raises:
        InvalidSchema: the notation is not valid.
        BinaryConversionError: the content does not fit the schema, or the metadata the wire.
    """
    root = schema_of(schema).root
    writer = new_writer()
    try:
        root.write(writer, content)
    except Misfit as misfit:
        raise conversion_error(misfit, "content") from None
    if not bare and metadata != MessageMetadata():
        writer.append(_PRESENT)
    fields: dict[str, object] = {
        "id": metadata.id,
        "timestamp": metadata.timestamp,
        "source": metadata.source,
        "destination": metadata.destination,
        "properties": _text_of_properties(metadata.properties),
    }
    try:
        _METADATA.root.write(writer, fields)
    except Misfit as misfit:
        raise conversion_error(misfit, "metadata") from None
    return written(writer)


def _text_of_properties(properties: object) -> str:
    if properties is None:
        return ""
    if not isinstance(properties, dict):
        raise BinaryConversionError("binary conversion error: metadata.properties: expected a dict")
    try:
        return encode_json_sorted(properties).decode("utf-8")
    except JsonSerializationError as error:
        raise BinaryConversionError(f"binary conversion error: metadata.properties: {error}") from None


def read_binary_content(data: bytes, schema: object) -> object:
    """The content alone, whatever follows it.

    Raises:
        InvalidSchema: the notation is not valid.
        BinaryDecodingError: the content does not fit the schema.
    """
    return _content_and_end(data, schema)[0]


def read_binary(data: bytes, schema: object) -> tuple[object, MessageMetadata]:
    """Content and metadata, tagged or bare.

    Raises:
        InvalidSchema: the notation is not valid.
        BinaryDecodingError: the content does not fit the schema, or what follows is no metadata.
    """
    content, end = _content_and_end(data, schema)
    size = len(data)
    if end == size:
        return content, MessageMetadata()
    tag = data[end]
    metadata = _metadata_at(data, end + 1) if tag == _PRESENT else None
    if metadata is None:
        metadata = _metadata_at(data, end)
    if metadata is None:
        if tag != 0:
            raise BinaryDecodingError(
                f"binary decoding error: metadata at byte {end}: neither form fits", end
            )
        # An empty option; what the crate ignores behind it we ignore too.
        metadata = MessageMetadata()
    return content, metadata


def _content_and_end(data: bytes, schema: object) -> tuple[object, int]:
    try:
        return schema_of(schema).root.read(data, 0)
    except Misfit as misfit:
        raise decoding_error(misfit, "content") from None


def _metadata_at(data: bytes, start: int) -> MessageMetadata | None:
    """The five fields, when they take exactly the rest of the data."""
    try:
        fields, used = _METADATA.decode(data, start)
    except BinaryDecodingError:
        return None
    if start + used != len(data) or not isinstance(fields, dict):
        return None
    text: str = fields["properties"]
    return MessageMetadata(
        fields["id"], fields["timestamp"], fields["source"], fields["destination"], _properties_of(text)
    )


def _properties_of(text: str) -> dict[str, object] | None:
    if text == "":
        return None
    try:
        value = decode_json(text.encode("utf-8"))
    except JsonSerializationError:
        return None
    return value if isinstance(value, dict) else None


def unwrapped(data: bytes, format: EncodingFormat) -> bytes:
    """The bytes without their base64.

    Raises:
        Base64DecodingError: the text is not canonical.
    """
    return decode_base64(data) if format is BASE64 else data


def is_bincode(data: bytes, format: EncodingFormat, schema: object) -> bool:
    """Whether bytes are to be read by a schema. Peers label JSON text as binary too, so that is tried first.

    Raises:
        BinaryDecodingError: they would have to be, but there is no schema.
    """
    if format is JSON or format is AUTO or _is_json(data):
        return False
    if schema is None:
        raise BinaryDecodingError("binary decoding error: not JSON text, so a schema is needed")
    return True


def _is_json(data: bytes) -> bool:
    try:
        decode_json(data)
    except JsonSerializationError:
        return False
    return True


def kind_by_schema(data: bytes, format: EncodingFormat, schema: object) -> str:
    """What kind of message data holds; with a schema also that of bincode, the id of its metadata.

    Raises:
        UnsupportedFormat: the format is Auto.
        InvalidSchema: the notation is not valid.
    """
    known = kind_of(data, format)
    if schema is None or known != "Unknown" or not (format is BINARY or format is BASE64):
        return known
    plain = unwrapped(data, format)
    if _is_json(plain):
        return kind_of(plain, JSON)
    try:
        id = read_binary(plain, schema)[1].id
    except BinaryDecodingError:
        return "Unknown"
    return "Unknown" if id is None else id
