"""The workflows and what they are told, checked without asking anyone on the network."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def check(*command: str | Path, **settings: str) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=ROOT,
        env={"PATH": str(BIN), **settings},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_one_by_its_schema(workflow: Path) -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)


def test_nobody_can_make_a_workflow_do_what_it_should_not() -> None:
    check("zizmor", "--offline", "--no-config", "--no-progress", ROOT / ".github" / "workflows")


def test_the_project_file_is_one_by_the_schemas_of_its_tools() -> None:
    """That of cibuildwheel among them, which nothing else reads before a release."""
    check("validate-pyproject", "pyproject.toml", VALIDATE_PYPROJECT_NO_NETWORK="1")
