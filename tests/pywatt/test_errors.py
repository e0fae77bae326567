"""The tree of errors: what their texts say, and that they survive what Python does to exceptions."""

import copy
import inspect
import pickle
import re

import pytest

from pywatt import errors
from pywatt.error_chains import format_error_chain, wrap_exception
from pywatt.errors import (
    AnnouncementError,
    ApplicationError,
    BootstrapError,
    CallError,
    CallTimeout,
    ConfigError,
    ConnectionClosed,
    ConnectionTimeout,
    EndpointNotFound,
    HttpError,
    InitError,
    InternalCallError,
    InvalidPayload,
    MessageTooLarge,
    ModuleNotFound,
    ModuleUnavailable,
    NetworkError,
    ProtocolError,
    PyWattSDKError,
    ReconnectionFailed,
    RequiredChannelFailed,
    SecretIoError,
    SecretJsonError,
    SecretNotFound,
    SecretTimeout,
    SendQueueFull,
    ServerError,
    call_error,
)
from pywatt.result import Result

EXAMPLES: list[tuple[PyWattSDKError, str]] = [
    (BootstrapError("no module"), "bootstrap failed: no module"),
    (
        RequiredChannelFailed("TCP", "refused"),
        "bootstrap failed: required channel failed to initialize: TCP - refused",
    ),
    (InitError("StdinClosed"), "handshake failed: stdin closed unexpectedly during handshake"),
    (InitError("Io", "bad descriptor"), "handshake failed: stdin read error: bad descriptor"),
    (InitError("Json", "not JSON"), "handshake failed: failed to parse Init JSON: not JSON"),
    (ConfigError.missing_variable("X"), "configuration error: missing environment variable: X"),
    (ConfigError.invalid("port"), "configuration error: invalid configuration: port"),
    (ProtocolError("no `op`", op="x", field="op"), "protocol error: no `op`"),
    (ConnectionClosed(), "network error: connection closed"),
    (ConnectionTimeout(2.5), "network error: connection timed out after 2.5 s"),
    (
        ReconnectionFailed(3),
        "network error: reconnection failed after 3 attempts: Maximum reconnection attempts reached",
    ),
    (MessageTooLarge(9, 8), "network error: message of 9 bytes is above the limit of 8 bytes"),
    (SendQueueFull(8), "network error: send queue is full: the limit is 8 bytes"),
    (SecretNotFound("K"), "secret client error: secret not found: K"),
    (
        SecretTimeout("K", 5.0),
        "secret client error: other error: timeout waiting for response: K was not answered in 5 s",
    ),
    (SecretJsonError("half a line"), "secret client error: json error: half a line"),
    (SecretIoError("closed"), "secret client error: io error: closed"),
    (AnnouncementError("closed"), "announcement error: closed"),
    (ServerError("in use"), "server error: in use"),
    (HttpError(404, "nothing here"), "HTTP error: 404: nothing here"),
    (ApplicationError("sold_out", "none left", {"sku": "A1"}), "sold_out: none left"),
    (CallTimeout("too late"), "timeout: too late"),
]


@pytest.mark.parametrize(("error", "text"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_the_text_has_the_prefix_of_its_kind(error: PyWattSDKError, text: str) -> None:
    assert str(error) == text
    assert error.message in text


@pytest.mark.parametrize(("error", "text"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_errors_survive_pickling_and_copying(error: PyWattSDKError, text: str) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == text
        assert vars(again) == vars(error)


def test_the_printed_tree_names_every_error_below_its_parent() -> None:
    lines = (errors.__doc__ or "").splitlines()
    found: dict[str, str | None] = {}
    path: list[str] = []
    for line in lines:
        match = re.match(r"^((?:[|` ]   |[|`]-- )*)([A-Z]\w+)\b", line)
        if match and ("--" in match[1] or match[2] == "PyWattSDKError"):
            depth = len(match[1]) // 4
            del path[depth:]
            found[match[2]] = path[-1] if path else None
            path.append(match[2])
    public = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, PyWattSDKError) and not name.startswith("_")
    }
    assert set(found) == set(public)
    for name, parent in found.items():
        assert parent is None or issubclass(public[name], public[parent])


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("module_not_found", ModuleNotFound),
        ("endpoint_not_found", EndpointNotFound),
        ("unavailable", ModuleUnavailable),
        ("timeout", CallTimeout),
        ("invalid_payload", InvalidPayload),
        ("internal", InternalCallError),
        ("sold_out", ApplicationError),
    ],
)
def test_a_code_gives_the_class_that_stands_for_it(code: str, kind: type[CallError]) -> None:
    error = call_error(code, "text", [1])
    assert type(error) is kind
    assert (error.code, error.message, error.details) == (code, "text", [1])


def test_every_late_answer_is_a_timeout_error() -> None:
    for error in (CallTimeout("x"), ConnectionTimeout(1.0), SecretTimeout("K", 1.0)):
        assert isinstance(error, TimeoutError)


def test_a_cause_is_kept() -> None:
    cause = OSError("disk")
    error = NetworkError("no connection", cause)
    assert error.cause is cause
    assert error.__cause__ is cause


def test_a_foreign_error_is_wrapped_once() -> None:
    cause = KeyError("x")
    wrapped = wrap_exception(cause, "reading the table", NetworkError)
    assert type(wrapped) is NetworkError
    assert wrapped.cause is cause
    assert wrap_exception(wrapped) is wrapped
    assert str(wrap_exception(ValueError())) == "ValueError"


def test_a_chain_is_told_outermost_first() -> None:
    outer = ServerError("cannot bind")
    outer.__cause__ = OSError("disk full")
    assert format_error_chain(outer) == "ServerError: server error: cannot bind <- OSError: disk full"


def test_a_chain_stops_where_it_is_cut() -> None:
    def fail() -> None:
        try:
            raise OSError("content")
        except OSError:
            raise ServerError("cannot bind") from None

    with pytest.raises(ServerError) as caught:
        fail()
    assert format_error_chain(caught.value) == "ServerError: server error: cannot bind"


def test_a_chain_stops_where_it_repeats() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert format_error_chain(first) == "ValueError: a <- ValueError: b"


def test_a_result_is_a_value_or_an_error() -> None:
    good: Result[int] = Result.ok(2)
    assert good.is_ok
    assert good.unwrap() == 2
    assert good.map(str).unwrap() == "2"
    assert Result.ok(None).unwrap() is None
    bad: Result[int] = Result.err(ValueError("x"))
    assert bad.is_err
    assert bad.unwrap_or(7) == 7
    assert isinstance(bad.map(str).error, ValueError)
    with pytest.raises(ValueError, match="x"):
        bad.unwrap()
