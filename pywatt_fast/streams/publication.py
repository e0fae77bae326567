"""A published message, in the reference's JSON form; it has the type and no broker."""

from __future__ import annotations

from typing import Final, final

from ..json_text.byte_arrays import encode_byte_array
from ..variant import COMPILED, expect, expect_optional
from .fields import Fields, checked_string_map, checked_text, duration_text
from .priorities import NORMAL, PRIORITY_NAMES, checked_priority

_SUBJECT: Final = "published message"
_FIELDS: Final = ("topic", "payload", "priority", "ttl", "publisher", "metadata")


@final
class PubSubMessage:
    """Content for whoever listens to a topic.

    Args:
        topic: the topic.
        payload: the content.
        priority: 0 low, 1 normal, 2 high, 3 critical.
        ttl: seconds after which it is worth nothing.
        publisher: who published it.
        metadata: free strings.
    """

    def __init__(
        self,
        topic: str,
        payload: bytes,
        priority: int = NORMAL,
        ttl: float | None = None,
        publisher: str | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        if not COMPILED:
            expect(topic, str, "str")
            expect(payload, bytes, "bytes")
            expect(priority, int, "int")
            if not isinstance(ttl, int):
                expect_optional(ttl, float, "float")
            expect_optional(publisher, str, "str")
            expect_optional(metadata, dict, "dict")
        self.topic = topic
        self.payload = payload
        self.priority = checked_priority(priority, _SUBJECT)
        self.ttl = ttl
        self.publisher = publisher
        self.metadata: dict[str, str] = {} if metadata is None else metadata

    def to_json(self) -> bytes:
        """The JSON text.

        Raises:
            StreamFormatError: a field that the wire cannot say.
        """
        ttl, publisher = self.ttl, self.publisher
        return b'{"topic":%b,"payload":%b,"priority":"%b","ttl":%b,"publisher":%b,"metadata":%b}' % (
            checked_text(self.topic, _SUBJECT, "topic"),
            encode_byte_array(self.payload),
            PRIORITY_NAMES[self.priority].encode("ascii"),
            b"null" if ttl is None else duration_text(ttl, _SUBJECT, "ttl"),
            b"null" if publisher is None else checked_text(publisher, _SUBJECT, "publisher"),
            checked_string_map(self.metadata, _SUBJECT, "metadata"),
        )


def decode_publication(text: bytes) -> PubSubMessage:
    """A published message from its JSON text.

    Raises:
        StreamFormatError: it is not one.
    """
    if not COMPILED:
        expect(text, bytes, "bytes")
    fields = Fields(text, _SUBJECT, _FIELDS)
    return PubSubMessage(
        fields.string("topic"),
        fields.octets("payload"),
        fields.choice("priority", PRIORITY_NAMES),
        None if fields.optional_text("ttl") is None else fields.seconds("ttl"),
        fields.optional_string("publisher"),
        fields.string_map("metadata"),
    )
