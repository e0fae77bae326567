"""Turn TOML tables into typed configuration, and say everything that is wrong with them."""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import attrs

from pywatt.orchestrator.configuration.errors import KeyPath, did_you_mean
from pywatt.orchestrator.configuration.values import RefusedValueError, Rule, describe

if TYPE_CHECKING:
    import cattrs

Table = TypeVar("Table")

# Metadata of an attrs field: the key it has in the file when that is not its own name, or that it has none.
FILE_KEY = "pywatt.file_key"
NOT_IN_FILE = "pywatt.not_in_file"


@attrs.frozen
class KeyProblem:
    """What is wrong with one key, before its line is known.

    Attributes:
        path: table and key names, and indices into arrays.
        what: what is wrong.
        expected: what would be right.
        suggestion: what was probably meant.
    """

    path: KeyPath
    what: str
    expected: str | None = None
    suggestion: str | None = None


def key_names(table: type[Any]) -> dict[str, str]:
    """Return the keys that a table of the file may hold, each with the attribute it becomes.

    Args:
        table: an attrs class of the configuration.
    """
    return {
        field.metadata.get(FILE_KEY, field.name): field.name
        for field in attrs.fields(table)
        if not field.metadata.get(NOT_IN_FILE)
    }


def structure(table: type[Table], data: dict[str, Any], path: KeyPath) -> tuple[Table, list[KeyProblem]]:
    """Read one table, in full: keys that are wrong are reported and left at their defaults.

    Args:
        table: the attrs class; every attribute has a default.
        data: the table as the TOML reader gave it.
        path: where the table stands.
    """
    try:
        return _converter().structure(data, table), []
    except Exception as error:
        problems = list(_problems(error, table, path))
        wrong = [problem.path[len(path) :] for problem in problems]
    remaining: Any = data
    for key in wrong:
        remaining = _without(remaining, key)
    return _converter().structure(remaining, table), problems


def _without(table: Any, path: KeyPath) -> Any:
    """Leave out one key, or the innermost key whose list holds what is wrong."""
    if not isinstance(table, dict) or not path or path[0] not in table:
        return table
    rest = dict(table)
    inner = rest.pop(path[0])
    if isinstance(inner, dict) and len(path) > 1:
        rest[path[0]] = _without(inner, path[1:])
    return rest


def unknown_key(path: KeyPath, known: list[str], elsewhere: dict[str, str]) -> KeyProblem:
    """Return the problem of a key that does not exist.

    Args:
        path: where it stands; its last part is the key.
        known: the keys that exist there.
        elsewhere: keys that exist in other tables, each with the name of its table.
    """
    key = str(path[-1])
    suggestion = f"it belongs in [{elsewhere[key]}]" if key in elsewhere else did_you_mean(key, known)
    return KeyProblem(path, "unknown key", "one of " + ", ".join(sorted(known)), suggestion)


@functools.cache
def _converter() -> "cattrs.Converter":
    # Imported here: a single-file run reads no TOML and starts faster without it.
    import cattrs
    from cattrs.cols import list_structure_factory, mapping_structure_factory

    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)

    def structure_attrs(kind: type[Any]) -> Any:
        overrides: Any = {
            field.name: cattrs.override(
                rename=field.metadata.get(FILE_KEY), omit=bool(field.metadata.get(NOT_IN_FILE))
            )
            for field in attrs.fields(kind)
        }
        return _accepting(dict, "a table", cattrs.gen.make_dict_structure_fn(kind, converter, **overrides))

    def structure_optional(kind: Any) -> Any:
        inner = next(part for part in get_args(kind) if part is not type(None))
        # TOML has no null: what stands in the file is always the other type.
        return lambda value, _: converter.structure(value, inner)

    converter.register_structure_hook_factory(attrs.has, structure_attrs)
    converter.register_structure_hook_factory(
        lambda kind: _has_origin(kind, list),
        lambda kind: _accepting(list, "a list", list_structure_factory(kind, converter)),
    )
    converter.register_structure_hook_factory(
        lambda kind: _has_origin(kind, dict),
        lambda kind: _accepting(dict, "a table", mapping_structure_factory(kind, converter)),
    )
    converter.register_structure_hook_factory(
        lambda kind: type(None) in get_args(kind) and _rule(kind) is None, structure_optional
    )
    converter.register_structure_hook_factory(lambda kind: _rule(kind) is not None, _by_rule)
    return converter


def _by_rule(kind: Any) -> Any:
    rule = _rule(kind)
    assert rule is not None
    return lambda value, _: rule.read(value)


def _has_origin(kind: Any, origin: type[Any]) -> bool:
    return get_origin(kind) is origin


def _rule(kind: Any) -> Rule | None:
    return next((part for part in getattr(kind, "__metadata__", ()) if isinstance(part, Rule)), None)


def _accepting(accepted: type[Any], name: str, inner: Any) -> Any:
    def hook(value: object, kind: Any) -> object:
        if not isinstance(value, accepted):
            raise RefusedValueError(f"is {describe(value)}", name)
        return inner(value, kind)

    return hook


def _problems(error: BaseException, table: type[Any] | None, path: KeyPath) -> Iterator[KeyProblem]:
    from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError

    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, *_placed(inner, error.cl, path))
    elif isinstance(error, ForbiddenExtraKeysError):
        known = list(key_names(error.cl))
        for key in error.extra_fields:
            yield unknown_key((*path, key), known, {})
    elif isinstance(error, RefusedValueError):
        yield KeyProblem(path, error.what, error.expected, error.suggestion)
    else:
        raise error


def _placed(error: BaseException, owner: Any, path: KeyPath) -> tuple[type[Any] | None, KeyPath]:
    from cattrs.errors import AttributeValidationNote, IterableValidationNote

    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            names = {attribute: key for key, attribute in key_names(owner).items()}
            return None, (*path, names[note.name])
        if isinstance(note, IterableValidationNote):
            return None, (*path, note.index)
    return owner, path
