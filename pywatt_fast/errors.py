"""Every refusal of the core.

CoreError (a ValueError)
├── FrameTooLarge            a frame above the limit, announced by a peer or about to be written
├── InvalidFrameCode         a format code that the reader does not take
├── LineTooLong              a line above the limit
├── ByteArrayError           text that is not an array of integers from 0 to 255
├── OperationError           an operation or its envelope is not valid
├── RoutingError             a routing setting or an outcome that is not valid
├── InvalidSchema            a bincode schema that cannot be used
├── StreamError              the root of what streams refuse
│   ├── StreamFormatError     text or bytes that are not a chunk, an acknowledgement, a configuration
│   ├── InvalidStreamState    an event that the state of a stream does not allow
│   ├── InvalidStreamFrame    a frame with a value that no stream can have, or out of order
│   ├── StreamLimitExceeded   too many streams, too much buffered, too much metadata
│   ├── FlowControlError
│   │   ├── WindowTooSmall     below two chunks, where returning credit at half a window deadlocks
│   │   ├── WindowOverflow     above 2**62 bytes
│   │   ├── CreditExceeded     more was sent than there was credit for
│   │   └── RepeatedCredit     more credit was given back than had been taken
│   └── TransferError         a chunk or acknowledgement that contradicts the transfer
│       └── TransferFailed     a chunk was lost more often than allowed
└── MessageError             the crate's family of message errors
    ├── JsonSerializationError
    │   └── RepeatedField     a known key of an envelope or its metadata stands there twice
    ├── MessagePackError
    ├── BinaryConversionError
    ├── BinaryDecodingError
    ├── Base64DecodingError
    ├── UnsupportedFormat
    ├── InvalidFormat
    └── MessageIoError

No text ever repeats content that a peer sent: it names a field, a place or a limit.
"""

from __future__ import annotations


class CoreError(ValueError):
    """The root of all refusals.

    Args:
        text: what was refused and why.
        offset: where in the input, in bytes from its start, when that is known.
        limit: the bound that was exceeded, when one was.
    """

    def __init__(self, text: str, offset: int | None = None, limit: int | None = None) -> None:
        super().__init__(text)
        self.offset: int | None = offset
        self.limit: int | None = limit


class FrameTooLarge(CoreError):
    """A frame longer than the limit.

    Args:
        size: payload bytes announced or about to be written.
        limit: payload bytes allowed.
        offset: bytes of the stream before the header.
        frames: complete frames that the same chunk held before this one: (code, payload).
    """

    def __init__(
        self,
        size: int,
        limit: int,
        offset: int | None = None,
        frames: list[tuple[int, bytes]] | None = None,
    ) -> None:
        super().__init__(f"frame of {size} bytes exceeds the limit of {limit} bytes", offset, limit)
        self.size: int = size
        self.frames: list[tuple[int, bytes]] = [] if frames is None else frames


class InvalidFrameCode(CoreError):
    """A format code outside those a reader or writer takes.

    Args:
        code: the code.
        offset: bytes of the stream before the header.
        frames: complete frames that the same chunk held before this one: (code, payload).
    """

    def __init__(
        self, code: int, offset: int | None = None, frames: list[tuple[int, bytes]] | None = None
    ) -> None:
        super().__init__(f"invalid frame format code {code}", offset)
        self.code: int = code
        self.frames: list[tuple[int, bytes]] = [] if frames is None else frames


class LineTooLong(CoreError):
    """A line longer than the limit.

    Args:
        size: bytes seen of the line, its newline excluded.
        limit: bytes allowed.
    """

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"line of at least {size} bytes exceeds the limit of {limit} bytes", None, limit)
        self.size: int = size


class ByteArrayError(CoreError):
    """Text that is not an array of integers from 0 to 255."""


class OperationError(CoreError):
    """An operation or its envelope that is not valid; the text names the field."""


class RoutingError(CoreError):
    """A routing setting or an outcome that is not valid.

    Args:
        field: which one.
        reason: what is wrong with it.
        limit: the bound that was exceeded, when one was.
    """

    def __init__(self, field: str, reason: str, limit: int | None = None) -> None:
        super().__init__(f"{field}: {reason}", None, limit)
        self.field: str = field


class InvalidSchema(CoreError):
    """A bincode schema that cannot be used."""

    def __init__(self, text: str, offset: int | None = None, limit: int | None = None) -> None:
        super().__init__("invalid schema: " + text, offset, limit)


class StreamError(CoreError):
    """The root of what streams refuse."""


class StreamFormatError(StreamError):
    """Text or bytes that do not have the form asked for; the text names the field."""


class InvalidStreamState(StreamError):
    """An event that the state of a stream does not allow.

    Args:
        stream_id: the stream.
        state: the name of its state.
        event: the name of the event.
    """

    def __init__(self, stream_id: int, state: str, event: str) -> None:
        super().__init__(f"stream {stream_id}: {event} is not allowed while it is {state}")
        self.stream_id: int = stream_id
        self.state: str = state
        self.event: str = event


class InvalidStreamFrame(StreamError):
    """A frame with a value that no stream can have, or out of order; the text names stream and field."""


class StreamLimitExceeded(StreamError):
    """More streams, buffered bytes or metadata than allowed."""


class FlowControlError(StreamError):
    """The root of what flow control refuses."""


class WindowTooSmall(FlowControlError):
    """A window below two chunks.

    Args:
        window: bytes.
        chunk: bytes of the largest piece sent at once.
    """

    def __init__(self, window: int, chunk: int) -> None:
        super().__init__(
            f"a window of {window} bytes is smaller than two chunks of {chunk} bytes", None, 2 * chunk
        )


class WindowOverflow(FlowControlError):
    """A window that would grow beyond what any peer may announce.

    Args:
        limit: bytes.
        place: whose window, for the text.
    """

    def __init__(self, limit: int, place: str = "") -> None:
        super().__init__(f"{place}window exceeds the limit of {limit} bytes", None, limit)


class CreditExceeded(FlowControlError):
    """More bytes than there was credit for.

    Args:
        amount: bytes.
        credit: bytes that were allowed.
        place: whose credit, for the text.
    """

    def __init__(self, amount: int, credit: int, place: str = "") -> None:
        super().__init__(f"{place}{amount} bytes exceed the credit of {credit} bytes", None, credit)


class RepeatedCredit(FlowControlError):
    """More bytes given back than had been taken.

    Args:
        amount: bytes.
        taken: bytes that could be given back.
        place: whose credit, for the text.
    """

    def __init__(self, amount: int, taken: int, place: str = "") -> None:
        super().__init__(f"{place}{amount} bytes are given back where {taken} bytes were taken", None, taken)


class TransferError(StreamError):
    """A chunk or acknowledgement that contradicts the transfer; the text names the sequence."""


class TransferFailed(TransferError):
    """A chunk was lost more often than allowed.

    Args:
        sequence: which.
        limit: how often it may be sent again.
    """

    def __init__(self, sequence: int, limit: int) -> None:
        super().__init__(f"chunk {sequence} failed after {limit} retries", None, limit)
        self.sequence: int = sequence


class MessageError(CoreError):
    """The root of the message errors."""


class JsonSerializationError(MessageError):
    """JSON that cannot be read, or a value that JSON cannot hold."""

    def __init__(self, text: str, offset: int | None = None, limit: int | None = None) -> None:
        super().__init__("JSON serialization error: " + text, offset, limit)


class RepeatedField(JsonSerializationError):
    """A known key of an envelope or its metadata that stands there twice."""

    def __init__(self, name: str, place: str = "") -> None:
        super().__init__(f"{place}duplicate field `{name}`")
        self.name: str = name


class MessagePackError(MessageError):
    """Bytes that are not MessagePack as we take it, or a value that it does not carry here."""

    def __init__(self, text: str, offset: int | None = None, limit: int | None = None) -> None:
        super().__init__("MessagePack error: " + text, offset, limit)


class BinaryConversionError(MessageError):
    """A value that the binary format cannot hold."""


class BinaryDecodingError(MessageError):
    """Bytes that are not the binary form asked for."""


class Base64DecodingError(MessageError):
    """Text that is not canonical base64."""

    def __init__(self, text: str, offset: int | None = None) -> None:
        super().__init__("Base64 decoding error: " + text, offset)


class UnsupportedFormat(MessageError):
    """A format that this action does not know.

    Args:
        name: the wire name of the format in lower case.
    """

    def __init__(self, name: str) -> None:
        super().__init__("unsupported encoding format: " + name)
        self.name: str = name


class InvalidFormat(MessageError):
    """Data that does not have the form its format promises."""

    def __init__(self, text: str, offset: int | None = None) -> None:
        super().__init__("invalid message format: " + text, offset)


class MessageIoError(MessageError):
    """A reader or writer that ended or failed in the middle of a frame."""

    def __init__(self, text: str) -> None:
        super().__init__("I/O error: " + text)
