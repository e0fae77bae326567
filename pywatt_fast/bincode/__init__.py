"""bincode 2 in its standard configuration, driven by schemas: bytes for peers that speak Rust.

The format does not describe itself, so both directions need a schema, written in plain data:

    "bool" "u8" ... "u128" "i8" ... "i128" "f32" "f64" "char" "str" "bytes" "duration"
    {"option": S}  {"list": S}  {"map": [K, V]}  {"tuple": [S, ...]}  {"struct": [[name, S], ...]}
    {"enum": [[name, None | {"tuple": [S, ...]} | {"struct": [[name, S], ...]}], ...]}

Values: a struct is a dict by name; a tuple is a tuple, and a list is taken for one; an option is None or the
value, so of two options in each other only one is told; a duration is `{"secs": 1, "nanos": 5}`; an enum is
the name of a variant without data or `{name: data}`, where the data of a one-item tuple is the bare item.
Numbers and booleans are never mixed up; an integer is taken as a float where nothing is lost.
"""

from .schema import Schema, decode, encode

__all__ = ["Schema", "decode", "encode"]
