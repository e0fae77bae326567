"""The JSON form of a message: what is content in it, and how it is laid out for people."""

from __future__ import annotations

from ..errors import JsonSerializationError, RepeatedField
from ..json_text.codec import decode_json, encode_json_pretty
from ..json_text.members import read_members
from .envelope import Envelope, read_compact_envelope, read_envelope
from .metadata import MessageMetadata


def read_json_content(text: bytes) -> object:
    """The content, or the whole value when the text is not an envelope.

    Raises:
        JsonSerializationError: the text is not JSON, or an envelope with a key twice.
    """
    envelope = read_compact_envelope(text)
    if envelope is not None:
        try:
            return envelope.content
        except JsonSerializationError:
            pass  # the general reader words the refusal
    value = decode_json(text)
    if not isinstance(value, dict) or "id" not in value or "content" not in value:
        return value
    try:
        return read_envelope(text).content
    except RepeatedField:
        raise
    except JsonSerializationError:
        return value


def read_json(text: bytes) -> Envelope:
    """The envelope, its metadata checked; its content is read when it is asked for.

    Raises:
        JsonSerializationError: the text is not an envelope.
    """
    envelope = read_compact_envelope(text)
    return read_envelope(text) if envelope is None else envelope


def pretty_message(id: str, content: object, metadata: MessageMetadata) -> str:
    """The JSON text indented by two spaces.

    Raises:
        JsonSerializationError: JSON cannot hold the content or the metadata.
    """
    parts = [
        '"id": "' + id + '"',
        '"content": ' + _indented(encode_json_pretty(content)),
        '"metadata": ' + _indented(_pretty_metadata(metadata)),
    ]
    return "{\n  " + ",\n  ".join(parts) + "\n}"


def _indented(text: bytes) -> str:
    # A newline inside a JSON string is escaped, so every newline here belongs to the layout.
    return text.decode().replace("\n", "\n  ")


def _pretty_metadata(metadata: MessageMetadata) -> bytes:
    lines: list[bytes] = []
    for member in read_members(metadata.to_json()) or []:
        value = encode_json_pretty(decode_json(member.text)).replace(b"\n", b"\n  ")
        lines.append(b'  "%b": %b' % (member.key.encode(), value))
    return b"{\n" + b",\n".join(lines) + b"\n}" if lines else b"{}"
