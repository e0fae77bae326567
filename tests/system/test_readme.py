"""What the pages promise, typed in as they print it."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrators import Orchestrator, Start
from pages import README, ROOT, blocks, python_files

KEY = {"API_KEY": "a-key-of-no-worth"}


def urls(orchestrator: Orchestrator) -> dict[str, str]:
    """Where each module is, as the ready lines show it, with the usual port."""
    lines = [line.split() for line in orchestrator.output]
    return {name: re.sub(r":\d+/", ":9900/", url) for _, name, url in lines}


def printed_urls(page: Path) -> list[dict[str, str]]:
    """The ready lines that each block of commands of a page shows."""
    shown = [re.findall(r"^Ready +(\S+) +(\S+)$", block, re.MULTILINE) for block in blocks(page, "console")]
    return [dict(lines) for lines in shown if lines]


async def test_the_module_of_the_readme_runs(start: Start) -> None:
    orchestrator = await start(
        python_files(), command=["run", "hello.py", "--listen", "127.0.0.1:0"], environment=KEY
    )
    assert urls(orchestrator) == printed_urls(README)[0]
    assert await orchestrator.get("/greet/you") == {"hello": "you", "from": "hello"}
    assert await orchestrator.stop() == 0


async def test_the_configuration_of_the_readme_runs(start: Start) -> None:
    (configuration,) = blocks(README, "toml")
    orchestrator = await start(python_files(), configuration, environment=KEY)
    assert urls(orchestrator) == printed_urls(README)[1]
    await orchestrator.until_logged("A1 costs 1250 cents")
    assert await orchestrator.get("/hello/greet/you") == {"hello": "you", "from": "hello"}
    assert "state.call" in await orchestrator.get("/m/files/till.py")
    assert await orchestrator.stop() == 0


async def test_the_configuration_of_its_own_page_runs(start: Start) -> None:
    configuration = blocks(ROOT / "docs" / "configuration.md", "toml")[0]
    orchestrator = await start(
        {**python_files(), "pywatt.toml": configuration},
        command=["up", "--listen", "127.0.0.1:0"],
        environment=KEY,
    )
    assert await orchestrator.get("/hello/greet/you") == {"hello": "you", "from": "hello"}
    assert await orchestrator.stop() == 0


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [
        README,
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        ROOT / "examples/shop/README.md",
    ]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page}: {target}"
