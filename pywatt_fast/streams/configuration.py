"""How a transfer is cut, paced and repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import StreamFormatError, WindowOverflow
from ..variant import COMPILED, expect, expect_seconds
from .credit import MAX_WINDOW
from .fields import MAX_U32, MAX_U64, Fields, checked_natural, duration_text

if TYPE_CHECKING:
    from typing import Self

_SUBJECT: Final = "stream configuration"
_FIELDS: Final = (
    "max_chunk_size",
    "window_size",
    "ack_timeout",
    "max_retries",
    "preserve_order",
    "enable_compression",
    "compression_threshold",
)
DEFAULT_CHUNK: Final = 64 * 1024
DEFAULT_WINDOW: Final = 16
REFERENCE_WINDOW: Final = 10


@final
class StreamConfig:
    """The settings of a transfer; `StreamConfig.reference()` has those of the reference.

    Args:
        max_chunk_size: bytes of content per chunk.
        window_size: chunks on their way at once; at least two.
        ack_timeout: seconds after which a chunk without acknowledgement is sent again.
        max_retries: how often one chunk is sent again.
        preserve_order: carried for the reference's sake; content is always delivered in order.
        enable_compression: compress chunks in the bincode form, and take compressed ones.
        compression_threshold: bytes below which a chunk is not compressed.

    Raises:
        StreamFormatError: a value that the wire cannot say, or with which nothing could be sent.
        WindowOverflow: the window is above 2**62 bytes.
    """

    def __init__(
        self,
        max_chunk_size: int = DEFAULT_CHUNK,
        window_size: int = DEFAULT_WINDOW,
        ack_timeout: float = 30.0,
        max_retries: int = 3,
        preserve_order: bool = True,
        enable_compression: bool = False,
        compression_threshold: int = 1024,
    ) -> None:
        if not COMPILED:
            expect(max_chunk_size, int, "int")
            expect(window_size, int, "int")
            expect_seconds(ack_timeout)
            expect(max_retries, int, "int")
            expect(preserve_order, bool, "bool")
            expect(enable_compression, bool, "bool")
            expect(compression_threshold, int, "int")
        if not 1 <= max_chunk_size <= MAX_U32:
            raise StreamFormatError(f"{_SUBJECT}: field `max_chunk_size`: expected 1 to {MAX_U32}")
        if not 1 <= window_size <= MAX_U32:
            raise StreamFormatError(f"{_SUBJECT}: field `window_size`: expected 1 to {MAX_U32}")
        if max_chunk_size * window_size > MAX_WINDOW:
            raise WindowOverflow(MAX_WINDOW)
        duration_text(ack_timeout, _SUBJECT, "ack_timeout")
        self.max_chunk_size = max_chunk_size
        self.window_size = window_size
        self.ack_timeout = ack_timeout
        self.max_retries = checked_natural(max_retries, MAX_U32, _SUBJECT, "max_retries")
        self.preserve_order = preserve_order
        self.enable_compression = enable_compression
        self.compression_threshold = checked_natural(
            compression_threshold, MAX_U64, _SUBJECT, "compression_threshold"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StreamConfig) and self.to_json() == other.to_json()

    @classmethod
    def reference(cls) -> Self:
        """The reference's defaults: a window of ten chunks, compression where its build has it."""
        return cls(DEFAULT_CHUNK, REFERENCE_WINDOW, 30.0, 3, True, True, 1024)

    def to_json(self) -> bytes:
        """The JSON text."""
        return (
            b'{"max_chunk_size":%d,"window_size":%d,"ack_timeout":%b,"max_retries":%d,"preserve_order":%b,'
            b'"enable_compression":%b,"compression_threshold":%d}'
            % (
                self.max_chunk_size,
                self.window_size,
                duration_text(self.ack_timeout, _SUBJECT, "ack_timeout"),
                self.max_retries,
                b"true" if self.preserve_order else b"false",
                b"true" if self.enable_compression else b"false",
                self.compression_threshold,
            )
        )

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The settings from their JSON text.

        Raises:
            StreamFormatError: it is not that.
        """
        if not COMPILED:
            expect(text, bytes, "bytes")
        fields = Fields(text, _SUBJECT, _FIELDS)
        return cls(
            fields.natural("max_chunk_size", MAX_U64),
            fields.natural("window_size", MAX_U64),
            fields.seconds("ack_timeout"),
            fields.natural("max_retries", MAX_U32),
            fields.flag("preserve_order"),
            fields.flag("enable_compression"),
            fields.natural("compression_threshold", MAX_U64),
        )
