"""`pywatt get`: an HTTP request through the running gateway."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from pywatt.cli import exit_codes
from pywatt.cli.running import FILE_OPTION, connect, timeout_option
from pywatt.errors import HttpError

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

DEFAULT_TIMEOUT = 30.0
FAILED = 400  # and above
PIECE = 64 * 1024
LONGEST_REFUSAL = 64 * 1024
# What a request target may hold as it stands; anything else is escaped.
_UNESCAPED = "%/?&=:@!$'()*+,;~-._[]"

_EPILOG = f"""\b
Examples:
  pywatt get /m/catalog/greet/ada
  pywatt get -i '/readyz?verbose'                    status and headers too
  pywatt get /m/catalog/items -d '{{"sku":"A1"}}'      POST
  pywatt get /m/catalog/items/A1 -X DELETE
  pywatt get /m/catalog/items -H 'Content-Type: text/csv' -d - < items.csv

The body goes to stdout as it comes, also that of a failure, which is told on stderr besides.

{exit_codes.DESCRIPTION}"""


class RequestFailed(HttpError):
    """The answer to a request is a failure.

    Args:
        status_code: its status.
        message: what it says.
        advice: what a person can do about it.
    """

    prefix = "HTTP "

    def __init__(self, status_code: int, message: str, advice: str | None) -> None:
        super().__init__(status_code, message)
        self.advice = advice


def _target(_context: click.Context, _parameter: click.Parameter, path: str) -> str:
    if not path.startswith("/"):
        meant = path.partition("://")[2].partition("/")[2] if "://" in path else path
        raise click.BadParameter(f"a path of the gateway begins with a slash: /{meant}")
    # As it came: a path need not be UTF-8.
    return quote(os.fsencode(path), safe=_UNESCAPED)


def _headers(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    headers = {}
    for value in values:
        name, colon, text = value.partition(":")
        if not colon or not name.strip() or not value.isprintable():
            raise click.BadParameter('expected "Name: value"')
        headers[name.strip()] = text.strip()
    return headers


@click.command("get", epilog=_EPILOG)
@click.argument("path", callback=_target)
@click.option("-X", "--request", "method", metavar="METHOD", help="[default: GET; with -d POST]")
@click.option(
    "-H",
    "--header",
    "headers",
    metavar="HEADER",
    multiple=True,
    callback=_headers,
    help='"Name: value". May be repeated.',
)
@click.option("-d", "--data", metavar="BODY", help='The body; "-" reads it from standard input.')
@click.option("-i", "--include", is_flag=True, help="Print status and headers before the body.")
@timeout_option(DEFAULT_TIMEOUT, "How long nothing may come.", positive=True)
@FILE_OPTION
def command(
    *,
    path: str,
    method: str | None,
    headers: dict[str, str],
    data: str | None,
    include: bool,
    timeout: float,
    file: str,
) -> int:
    """Send an HTTP request through the running gateway and print the answer.

    PATH is one of the gateway: /m/NAME/..., a configured route, /readyz, /metrics.
    """
    with connect(file) as client:
        url = client.greeting["url"]
    body = sys.stdin.buffer.read() if data == "-" else None if data is None else os.fsencode(data)
    with _explained_failures(url, timeout), closing(_connection(url, timeout)) as connection:
        connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
        return _show(connection.getresponse(), include)


@contextmanager
def _explained_failures(url: str, timeout: float) -> Iterator[None]:
    from http.client import HTTPException

    from pywatt.errors import NetworkError
    from pywatt.orchestrator.control.errors import ControlTimeout

    try:
        yield
    except TimeoutError:
        raise ControlTimeout(f"nothing came from {url} for {timeout:g} s") from None
    except (HTTPException, ConnectionError, FileNotFoundError, ValueError) as error:
        raise NetworkError(f"the request to {url} failed: {error}") from error


def _connection(url: str, timeout: float) -> "HTTPConnection":
    from http.client import HTTPConnection

    if not url.startswith("unix:"):
        return HTTPConnection(url.partition("://")[2], timeout=timeout)
    import socket

    connection = HTTPConnection("localhost", timeout=timeout)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(timeout)
    path = url.removeprefix("unix:")
    connection.sock.connect(f"\0{path[1:]}" if path.startswith("@") else path)
    return connection


def _show(response: "HTTPResponse", include: bool) -> int:
    beginning = b""
    try:
        if include:
            head = [f"HTTP/1.1 {response.status} {response.reason}"]
            head += [f"{name}: {value}" for name, value in response.getheaders()]
            _write("\r\n".join([*head, "", ""]).encode("latin-1", "replace"))
        last = b""
        while piece := response.read1(PIECE):
            _write(piece)
            beginning += piece[: LONGEST_REFUSAL - len(beginning)]
            last = piece[-1:]
        if sys.stdout.isatty() and last not in (b"", b"\n"):
            _write(b"\n")
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.SUCCESS
    if response.status < FAILED:
        return exit_codes.SUCCESS
    message, advice = _explanation(beginning)
    raise RequestFailed(response.status, message or response.reason, advice)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _explanation(body: bytes) -> tuple[str | None, str | None]:
    """What the gateway itself says of a failure, and what to do; a module's own answer is its own affair."""
    import json

    try:
        refusal = json.loads(body)
    except ValueError:
        return None, None
    if not isinstance(refusal, dict) or set(refusal) != {"error", "module", "state", "request_id"}:
        return None, None
    module, state = refusal["module"], refusal["state"]
    standing = f" ({module} is {state})" if module and state and state != "ready" else ""
    advice = f"see why: pywatt ps {module}" if standing else None
    return f"{refusal['error']}{standing}", advice
