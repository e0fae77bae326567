"""Lines of log as JSON documents with the name of their module, cheaply: programs get all of them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from pywatt.orchestrator.console.log_layout import utc_text
from pywatt_fast.errors import JsonSerializationError
from pywatt_fast.json_text.codec import decode_json, encode_json

_MESSAGE: Final = "message"
_TEXT: Final = b'{"timestamp":"%b","level":"INFO","fields":{"message":%b},"target":"stderr","module":"%b"}\n'


def json_lines(
    module: str, lines: Iterable[bytes], otherwise: Callable[[bytes], str | None]
) -> Iterator[bytes]:
    """Return lines as JSON documents, each with its line feed; blank ones are left out.

    A line of JSON log stays as it is, and its module's name is added; any other text becomes a message.

    Args:
        module: whose lines they are.
        lines: without their line feeds and without secrets.
        otherwise: makes a document of JSON that is not such a line.
    """
    name = module.encode()
    stamp = utc_text(datetime.now(UTC)).encode()
    for line in lines:
        if line.startswith(b"{"):
            if _is_plain_log(line):
                yield b'%b,"module":"%b"}\n' % (line[:-1], name)
            elif (document := otherwise(line)) is not None:
                yield document.encode("utf-8", "backslashreplace") + b"\n"
        elif line and not line.isspace():
            text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
            yield _TEXT % (stamp, encode_json(text), name)


def _is_plain_log(line: bytes) -> bool:
    """Whether a line is a JSON log with a message, and says nothing of a module itself."""
    if not line.endswith(b"}"):
        return False
    try:
        document = decode_json(line)
    except JsonSerializationError:
        return False
    if not isinstance(document, dict) or "module" in document:
        return False
    inner = document.get("fields")
    return _MESSAGE in document or (isinstance(inner, dict) and _MESSAGE in inner)
