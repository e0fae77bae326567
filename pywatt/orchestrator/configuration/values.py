"""What the values of pywatt.toml may be: one rule for each kind, none of them coerces."""

import math
import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Final, Literal

import attrs

from pywatt.orchestrator.configuration.errors import did_you_mean
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

MAX_SECONDS: Final = 86_400.0
# A body travels as an array of integers, up to four bytes of text for each, in a frame of at most 128 MiB.
MAX_BODY: Final = 30 * 1024 * 1024
# More than the longest entry of a log file.
MIN_LOG_SIZE: Final = 128 * 1024
MAX_LOG_SIZE: Final = 1024**4
RESERVED_ROUTES: Final = ("/m", "/healthz", "/livez", "/metrics", "/readyz")
# The one file of secrets that may be missing.
OPTIONAL_SOURCE: Final = ".env"
# Set by the orchestrator for every module.
RESERVED_VARIABLES: Final = ("PYWATT_MODULE_ID", "IPC_ONLY")

_MODULE_NAME: Final = r"[A-Za-z0-9._-]{1,64}"
_IMPORT_PATH: Final = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_ROUTE: Final = r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+"
_DURATION_TEXT: Final = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|sec|secs|seconds|min|minutes|hours)?"
_DURATION_UNITS: Final = {"ms": 0.001, "m": 60, "min": 60, "minutes": 60, "h": 3600, "hours": 3600}
_IPV6_DIGITS: Final = r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.%]*"
_SIZE_TEXT: Final = r"(?i)(\d+)\s*(k|m|g)?i?b?"
_SIZE_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


class RefusedValueError(ValueError):
    """A value that its rule does not accept.

    Args:
        what: what is wrong with the value.
        expected: what would be right.
        suggestion: what to write instead, when that can be told.
    """

    def __init__(self, what: str, expected: str | None = None, suggestion: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.suggestion = suggestion


@attrs.frozen
class Rule:
    """Marks an annotated type: how its value is read from what the TOML reader gave.

    Attributes:
        read: returns the value, or raises RefusedValueError.
    """

    read: Callable[[object], object]


def describe(value: object) -> str:
    """Return a short description of a TOML value for an error text.

    Args:
        value: anything the TOML reader gives.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 60 else f'a text that begins "{value[:50]}..."'
    return kind_of(value)


def kind_of(value: object) -> str:
    """Return only the kind of a TOML value: for places where the value itself may be confidential."""
    kinds = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return kinds.get(type(value), "a date or time")


def _text(value: object, expected: str) -> str:
    if isinstance(value, str):
        return value
    suggestion = f'write "{value}"' if type(value) in {int, float} else None
    raise RefusedValueError(f"is {describe(value)}", expected, suggestion)


def _read_text(value: object) -> str:
    text = _text(value, "a text")
    if not text or "\0" in text:
        raise RefusedValueError("is empty" if not text else "holds a NUL character", "a text")
    return text


def _read_argument(value: object) -> str:
    text = _text(value, "a text")
    if "\0" in text:
        raise RefusedValueError("holds a NUL character", "a text")
    return text


def _read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    suggestion = f"write {value}" if value in ("true", "false") else None
    raise RefusedValueError(f"is {describe(value)}", "true or false", suggestion)


def _read_seconds(value: object, minimum: float, above: bool) -> float:
    bound = f"above {minimum:g}" if above else f"{minimum:g} or more"
    expected = f"a number of seconds, {bound} and at most {MAX_SECONDS:g}"
    if isinstance(value, str):
        matched = re.fullmatch(_DURATION_TEXT, value.strip())
        hint = None
        if matched:
            hint = f"write {float(matched[1]) * _DURATION_UNITS.get(matched[2] or 's', 1):g}"
        raise RefusedValueError(f"is {describe(value)}", expected, hint)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RefusedValueError(f"is {describe(value)}", expected)
    if not math.isfinite(value) or not minimum <= value <= MAX_SECONDS or (above and value == minimum):
        raise RefusedValueError(f"is {value}", expected)
    return float(value)


def _read_size(value: object, low: int, high: int) -> int:
    expected = f"a number of bytes from {low} to {high}"
    if isinstance(value, str):
        matched = re.fullmatch(_SIZE_TEXT, value.strip())
        hint = f"write {int(matched[1]) * _SIZE_UNITS[(matched[2] or '').lower()]}" if matched else None
        raise RefusedValueError(f"is {describe(value)}", expected, hint)
    return _whole_number(value, low, high, expected)


def _whole_number(value: object, low: int, high: int, expected: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedValueError(f"is {describe(value)}", expected)
    if not low <= value <= high:
        raise RefusedValueError(f"is {value}", expected)
    return value


def _read_count(value: object) -> int:
    return _whole_number(value, 1, 1000, "a whole number from 1 to 1000")


def _read_replicas(value: object) -> int:
    count = _read_count(value)
    if count > 1:
        raise RefusedValueError(
            f"is {count}: more than one replica of a module does not exist yet",
            "1",
            "start the same file under several module names instead",
        )
    return count


def _choice(*options: str) -> Rule:
    listed = ", ".join(f'"{option}"' for option in options[:-1]) + f' or "{options[-1]}"'

    def read(value: object) -> str:
        text = _text(value, listed)
        if text not in options:
            raise RefusedValueError(f"is {describe(text)}", listed, did_you_mean(text, options))
        return text

    return Rule(read)


def read_module_name(value: object) -> str:
    """Return a module's name if it can be one: it becomes part of URLs and file names.

    Raises:
        RefusedValueError: it cannot.
    """
    expected = 'a module name of 1 to 64 letters, digits, ".", "_" or "-"'
    text = _text(value, expected)
    if not re.fullmatch(_MODULE_NAME, text) or text in {".", ".."}:
        raise RefusedValueError(f"is {describe(text)}", expected)
    return text


def _read_route(value: object) -> str:
    expected = 'a path such as "/catalog"'
    text = _text(value, expected)
    if text == "/":
        return text
    if text.endswith("/") and re.fullmatch(_ROUTE, text.rstrip("/")):
        raise RefusedValueError(f"is {describe(text)}", expected, f'write "{text.rstrip("/")}"')
    if re.fullmatch(_ROUTE, "/" + text):
        raise RefusedValueError(f"is {describe(text)}", expected, f'write "/{text}"')
    if not re.fullmatch(_ROUTE, text) or {".", ".."} & set(text.split("/")):
        raise RefusedValueError(f"is {describe(text)}", expected)
    for reserved in RESERVED_ROUTES:
        if text == reserved or text.startswith(reserved + "/"):
            raise RefusedValueError(f"is {describe(text)}, which the gateway itself answers", "another path")
    return text


def _read_health_path(value: object) -> str:
    expected = 'a path such as "/health"'
    text = _text(value, expected)
    if not text.startswith("/") or not text.isascii() or not text.isprintable() or set(" #") & set(text):
        raise RefusedValueError(f"is {describe(text)}", expected)
    return text


def read_application(value: object) -> str:
    expected = 'an import path and a name, such as "shop.web:app"'
    text = _text(value, expected)
    module, colon, name = text.partition(":")
    if not colon or not re.fullmatch(_IMPORT_PATH, module) or not re.fullmatch(_IMPORT_PATH, name):
        if text.endswith(".py"):
            raise RefusedValueError(f"is {describe(text)}", expected, f'for a file write run = "{text}"')
        raise RefusedValueError(f"is {describe(text)}", expected)
    return text


def is_import_path(text: str) -> bool:
    """Tell whether a text reads as `package.module` rather than as a file."""
    return re.fullmatch(_IMPORT_PATH, text) is not None and not text.endswith(".py")


def read_run(value: object) -> str:
    expected = 'a Python file such as "catalog.py" or an import path such as "shop.catalog"'
    text = _text(value, expected)
    if is_import_path(text) or (text.endswith(".py") and "\0" not in text):
        return text
    if ":" in text:
        raise RefusedValueError(f"is {describe(text)}", expected, f'for an application write app = "{text}"')
    raise RefusedValueError(f"is {describe(text)}", expected, f'for a program write command = ["{text}"]')


def read_listen(value: object) -> ListenAddress:
    """Return the address that a text names; a Unix path stays as written.

    Raises:
        RefusedValueError: it is neither "HOST:PORT" nor "unix:PATH".
    """
    expected = '"HOST:PORT" with a port from 0 to 65535, or "unix:PATH"'
    text = _text(value, expected)
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path or "\0" in path:
            raise RefusedValueError(f"is {describe(text)}", expected)
        return UnixAddress(path)
    host, colon, port = text.rpartition(":")
    bare_host = host.removeprefix("[").removesuffix("]")
    if text.isdecimal() or (colon and not host and port.isdecimal()):
        raise RefusedValueError(
            f"is {describe(text)}",
            expected,
            f'write "127.0.0.1:{port}", or "0.0.0.0:{port}" to be reached from outside',
        )
    if text.startswith(("/", "./")) or PurePath(text).suffix == ".sock":
        raise RefusedValueError(f"is {describe(text)}", expected, f'write "unix:{text}"')
    bracketed = host.startswith("[") and host.endswith("]")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535 or not bare_host:
        raise RefusedValueError(f"is {describe(text)}", expected)
    if re.fullmatch(_IPV6_DIGITS, host):
        raise RefusedValueError(f"is {describe(text)}", expected, f'write "[{host}]:{port}"')
    if not re.fullmatch(r"[0-9A-Za-z._:%-]+" if bracketed else r"[0-9A-Za-z._-]+", bare_host):
        raise RefusedValueError(f"is {describe(text)}", expected)
    return TcpAddress(bare_host, int(port))


def _read_network(value: object) -> object:
    import ipaddress

    expected = 'an address or a network, such as "10.0.0.1" or "10.0.0.0/8"'
    text = _text(value, expected)
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise RefusedValueError(f"is {describe(text)}", expected) from None


def check_secret_name(value: object) -> str:
    """Return a secret's name if it can be one.

    Raises:
        RefusedValueError: it is empty, longer than 256 characters, or holds "=" or a control character.
    """
    expected = 'a name of 1 to 256 characters without "=" and control characters'
    text = _text(value, expected)
    if not 1 <= len(text) <= 256 or "=" in text or not text.isprintable():
        raise RefusedValueError(f"is {describe(text)}", expected)
    return text


def is_source(text: str) -> bool:
    """Tell whether a text names a source of secrets: the environment, a .env file or a .toml file."""
    name = PurePath(text).name
    return text == "env" or name.endswith((".toml", ".env")) or name.startswith(".env.")


def read_source(value: object) -> str:
    expected = '"env", a .env file or a .toml file'
    text = _text(value, expected)
    if is_source(text):
        return text
    raise RefusedValueError(f"is {describe(text)}", expected, did_you_mean(text, ("env", ".env")))


def read_variable_name(value: object) -> str:
    text = _text(value, "the name of an environment variable")
    if not text or "=" in text or "\0" in text:
        raise RefusedValueError("is not the name of an environment variable", 'a name without "="')
    if text in RESERVED_VARIABLES:
        raise RefusedValueError("is set by the orchestrator itself", "another name")
    return text


def read_variable_value(value: object) -> str:
    if not isinstance(value, str):
        # The value may be confidential: only its kind is shown.
        raise RefusedValueError(f"is {kind_of(value)}", "a text", "put it in quotes")
    if "\0" in value:
        raise RefusedValueError("holds a NUL character", "a text")
    return value


Flag = Annotated[bool, Rule(_read_flag)]
Seconds = Annotated[float, Rule(lambda value: _read_seconds(value, 0.0, above=True))]
Delay = Annotated[float, Rule(lambda value: _read_seconds(value, 0.0, above=False))]
ByteSize = Annotated[int, Rule(lambda value: _read_size(value, 1, MAX_BODY))]
LogSize = Annotated[int, Rule(lambda value: _read_size(value, MIN_LOG_SIZE, MAX_LOG_SIZE))]
Count = Annotated[int, Rule(_read_count)]
Replicas = Annotated[int, Rule(_read_replicas)]
ModuleName = Annotated[str, Rule(read_module_name)]
Route = Annotated[str, Rule(_read_route)]
HealthPath = Annotated[str, Rule(_read_health_path)]
ApplicationPath = Annotated[str, Rule(read_application)]
RunTarget = Annotated[str, Rule(read_run)]
Argument = Annotated[str, Rule(_read_argument)]
DirectoryPath = Annotated[Path, Rule(lambda value: Path(_read_text(value)))]
SecretName = Annotated[str, Rule(check_secret_name)]
SecretSource = Annotated[str, Rule(read_source)]
VariableName = Annotated[str, Rule(read_variable_name)]
VariableValue = Annotated[str, Rule(read_variable_value)]
Listen = Annotated[ListenAddress, Rule(read_listen)]
Network = Annotated["IPv4Network | IPv6Network", Rule(_read_network)]
Sdk = Annotated[Literal["pywatt", "crate", "none"], _choice("pywatt", "crate", "none")]
RestartPolicy = Annotated[Literal["on-failure", "always", "never"], _choice("on-failure", "always", "never")]
