"""The settings of routing in JSON."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from bombs import deep
from fuzz_target import Target, attempt
from seeds import JSON_WORDS

_PREFERENCES = (
    b'{"primary":"Ipc","fallback":"Tcp","conditions":[{"MaxSize":1024}],"weight":1.0}',
    b'{"primary":"Tcp","fallback":null,"conditions":[],"weight":0}',
    b'{ "weight" : -2.5e3 , "conditions" : [ { "MinHealth" : 0.5 } , { "MaxLatency" : { "secs" : 0 ,'
    b' "nanos" : 10000000 } } , { "MinThroughput" : 5 } ] , "primary" : "Tcp" , "more" : {} }',
)
_SCENARIOS = (
    b"local_small_messages", b"local_large_messages", b"remote_messages", b"urgent_messages",
    b"bulk_transfer",
    b"real_time", b"file_transfer",
)  # fmt: skip
_MATRICES = tuple(
    b"{"
    + b",".join(b'"%b":%b' % (name, _PREFERENCES[(at + first) % 3]) for at, name in enumerate(_SCENARIOS))
    + b"}"
    for first in range(3)
)
_CONDITIONS = (
    b'{"MaxSize":1024}',
    b'{"MaxSize":18446744073709551615}',
    b'{"MinHealth":0.95}',
    b'{"MaxLatency":{"secs":1,"nanos":4294967295}}',
    b'{"MaxLatency":{"nanos":0,"secs":18446744073709551615}}',
    b'{"MinThroughput":100}',
)
_AGREEMENTS = (
    b'{"target_availability":0.999,"max_latency":{"secs":0,"nanos":100000000},"target_throughput":1000.0,'
    b'"max_error_rate":0.01,"measurement_window":{"secs":3600,"nanos":0}}',
    b'{ "measurement_window" : {"secs":18446744073709551615,"nanos":999999999} , "max_error_rate" : 0 ,'
    b' "target_throughput" : 1e300 , "max_latency" : {"secs":0,"nanos":0} , "target_availability" : -1 ,'
    b' "x" : 1 }',
)
_WORDS = (
    *JSON_WORDS, b'"Ipc"', b'"Tcp"', b'"IPC"', b'{"Tcp":null}', b'"primary":"Tcp",', b'"weight":1,',
    b'"weight":1e400,',
    b'{"MaxSize":1,"MinHealth":1}', b'{"MaxSize":-1}', b'{"MinHealth":true}', b'"secs":18446744073709551616',
    b'"nanos":4294967296', b'"secs":1.0', b'"conditions":[{}],', b'{"MaxLatency":{"secs":1}}',
    b'"fallback":null,',
    b"1e300", b"-0.0", b"18446744073709551616",
)  # fmt: skip


def _read_and_written(read: Any, data: bytes) -> Any:
    """A setting, its text, and whether that text says the same."""
    value = attempt(read, data)
    if isinstance(value, Exception):
        return value
    text = attempt(value.to_json)
    return text if isinstance(text, Exception) else (text, attempt(lambda: read(text) == value))


def _matrix(core: ModuleType, data: bytes) -> Any:
    return _read_and_written(core.RoutingMatrix.from_json, data)


def _settings(core: ModuleType, data: bytes) -> Any:
    return (
        _read_and_written(core.ChannelPreference.from_json, data),
        _read_and_written(core.read_condition, data),
        _read_and_written(core.SlaConfig.from_json, data),
    )


def _says_the_same(data: bytes, result: Any) -> str | None:
    for read in (result, *result) if type(result) is tuple else ():
        if type(read) is tuple and type(read[0]) is bytes and read[1] is not True:
            return "what was written is read as something else"
    return None


def _bombs() -> list[bytes]:
    before, after = b'{"primary":"Ipc","fallback":null,"weight":1,"conditions":', b"}"
    return [
        *deep(b"[", b"]", before=before, after=after),
        *deep(b'{"MaxSize":', b"}"),
        *deep(b'{"MaxLatency":', b"}", before=before + b"[", after=b"]}"),
        *deep(b"[", b"]", before=b'{"x":', after=b"}"),
        before + b"[" + b'{"MaxSize":1},' * 1_300 + b'{"MaxSize":1}]}',
        b'{"MaxSize":' + b"9" * 5_000 + b"}",
        b'{"MinHealth":' + b"9" * 5_000 + b"}",
        b'{"MinHealth":0.' + b"9" * 5_000 + b"}",
        b'{"MinHealth":1e' + b"9" * 5_000 + b"}",
        b'{"x":-' + b"1" * 4_301 + b',"MaxSize":1}',
        b"{" + b'"x":1,' * 3_000 + b'"MaxSize":1}',
        b"{" + b",".join(b'"%d":1' % at for at in range(2_000)) + b"}",
    ]


ROUTING_TARGETS = (
    # Repeated fields are looked for by a second reader, with a list of pairs for each object.
    Target("routing_matrices", _matrix, _MATRICES, _WORDS, True, 6, _says_the_same, _bombs),
    Target(
        "routing_settings",
        _settings,
        _PREFERENCES + _CONDITIONS + _AGREEMENTS,
        _WORDS,
        True,
        12,
        _says_the_same,
        _bombs,
    ),
)
