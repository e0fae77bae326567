"""docs/environment.md and the source name the same variables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "environment.md"
OWN_NAME = re.compile(r"_?PYWATT_[A-Z0-9_]+")
READERS = {"os.environ", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "os.getenv"}
SHIPPED = [*(ROOT / "pywatt").rglob("*.py"), *(ROOT / "pywatt_fast").rglob("*.py"), ROOT / "setup.py"]
TESTS = [ROOT / "tests" / "conftest.py"]
# Not Python, or set for others: where else the name has to stand, as it is written there.
ELSEWHERE = {
    "PORT": ("pywatt/orchestrator/links/handover.py", '"PORT"'),
    **{
        name: ("pywatt/orchestrator/systemd/notification.py", f'"{name}"')
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    },
    **{
        name: ("pywatt/orchestrator/systemd/socket_activation.py", f'"{name}"')
        for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
    },
    "PYTHON": ("Makefile", "PYTHON ?="),
    "ARGS": ("Makefile", "$(ARGS)"),
    "BASE": ("Makefile", "--base $(BASE)"),
}


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z0-9_]+)` \|", PAGE.read_text(), re.MULTILINE))


def dotted(node: ast.expr) -> str:
    """`os.environ.get` as it is written; empty for anything but names with dots between."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def variables_of(path: Path) -> Iterator[str]:
    """Every variable that a file reads from the environment, and every name that can only be one of ours."""
    tree = ast.parse(path.read_text())
    values = {
        target.id: [node.value]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.For)
            and isinstance(node.target, ast.Name)
            and isinstance(node.iter, ast.Tuple)
        ):
            values[node.target.id] = [
                one for part in node.iter.elts for one in values.get(dotted(part), [part])
            ]
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OWN_NAME.fullmatch(node.value):
            key = node
        elif isinstance(node, ast.Call) and dotted(node.func) in READERS and node.args:
            key = node.args[0]
        elif isinstance(node, ast.Subscript) and dotted(node.value) in READERS:
            key = node.slice
        elif isinstance(node, ast.Compare) and dotted(node.comparators[0]) in READERS:
            key = node.left
        if key is not None:
            for name in values.get(dotted(key), [key]):
                assert isinstance(name, ast.Constant), f"{path}:{key.lineno}: not a constant of this file"
                yield str(name.value)


def used() -> set[str]:
    return {name for path in [*SHIPPED, *TESTS] for name in variables_of(path)}


def test_every_variable_of_the_source_is_documented() -> None:
    assert used() - documented() == set()


def test_every_documented_variable_is_in_the_source() -> None:
    assert documented() - used() - ELSEWHERE.keys() == set()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_no_variable_of_python_code_stands_where_it_is_said_to(name: str) -> None:
    file, text = ELSEWHERE[name]
    assert text in (ROOT / file).read_text()


def test_no_variable_is_read_in_a_way_that_this_test_does_not_see() -> None:
    """A name made of pieces, and an environment under another name, would escape it."""
    pattern = re.compile(r"""environ(?:\.get\(|\[)\s*f["']|from os import .*(?:environ|getenv)""")
    assert [path for path in SHIPPED if pattern.search(path.read_text())] == []
