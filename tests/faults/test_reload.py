"""`pywatt dev` under somebody who saves without end, saves mistakes, and mends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from orchestrators import Orchestrator, Start

SAVES = 200
RHYTHM = 0.1  # seconds from one save to the next

CATALOG = """
    import os
    import prices
    from pywatt import pywatt_module

    TEXT = "catalog 0"

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{TEXT}, {prices.TEXT}".encode()})

    @pywatt_module
    async def main(state):
        return app
"""
OTHER = """
    import os
    from pywatt import pywatt_module

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

    @pywatt_module
    async def main(state):
        return app
"""
CONFIGURATION = """
    [modules.catalog]
    run = "catalog.py"
    [modules.other]
    run = "other.py"
"""


@pytest.fixture
async def working(start: Start) -> Orchestrator:
    """Somebody works on the catalog, which imports the prices; the other module imports neither."""
    files = {"catalog.py": CATALOG, "prices.py": 'TEXT = "price 0"\n', "other.py": OTHER}
    return await start(files, CONFIGURATION, command=["dev"])


def save(orchestrator: Orchestrator, name: str, before: str, after: str) -> None:
    """Save like the editors that put a new file in the old one's place: nobody ever reads half of it."""
    path = orchestrator.folder / name
    new = path.with_suffix(".new")
    new.write_text(path.read_text().replace(before, after))
    new.replace(path)


def save_in_place(orchestrator: Orchestrator, name: str, before: str, after: str) -> None:
    """Save like the editors that write into the file itself: for a moment it is empty."""
    path = orchestrator.folder / name
    path.write_text(path.read_text().replace(before, after))


Save = Callable[[Orchestrator, str, str, str], None]


async def answered(orchestrator: Orchestrator, wanted: str) -> None:
    """Ask until the answer is the wanted one."""
    try:
        async with asyncio.timeout(40):
            while (await orchestrator.request("GET", "/m/catalog/"))[1] != wanted:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"{wanted!r} was never answered:\n" + orchestrator.transcript())


async def save_without_end(orchestrator: Orchestrator, save: Save) -> None:
    for number in range(SAVES // 2):
        save(orchestrator, "catalog.py", f'"catalog {number}"', f'"catalog {number + 1}"')
        await asyncio.sleep(RHYTHM)
        save(orchestrator, "prices.py", f'"price {number}"', f'"price {number + 1}"')
        await asyncio.sleep(RHYTHM)


async def test_200_saves_end_with_the_last_text(working: Orchestrator) -> None:
    other = await working.get("/m/other/")
    await save_without_end(working, save)
    await answered(working, f"catalog {SAVES // 2}, price {SAVES // 2}")
    assert await working.get("/m/other/") == other
    assert [line for line in working.log if "crash" in line or "Traceback" in line] == []


async def test_200_saves_in_place_end_with_the_last_text_too(working: Orchestrator) -> None:
    # A process that starts just then reads an empty file and tells its error; the end of the save mends it.
    other = await working.get("/m/other/")
    await save_without_end(working, save_in_place)
    await answered(working, f"catalog {SAVES // 2}, price {SAVES // 2}")
    assert await working.get("/m/other/") == other
    assert [line for line in working.log if "crash-looping" in line] == []


async def test_nobody_who_asks_meanwhile_is_refused(working: Orchestrator) -> None:
    answers = []

    async def ask() -> None:
        while not done.is_set():
            answers.append(await working.request("GET", "/m/catalog/"))

    done = asyncio.Event()
    clients = [asyncio.create_task(ask()) for _ in range(4)]
    for number in range(20):
        save(working, "prices.py", f'"price {number}"', f'"price {number + 1}"')
        await asyncio.sleep(RHYTHM)
    await answered(working, "catalog 0, price 20")
    done.set()
    await asyncio.gather(*clients)
    assert {status for status, _, _ in answers} == {200}


async def test_a_mistake_is_on_the_page_until_it_is_mended(working: Orchestrator) -> None:
    save(working, "prices.py", '"price 0"', '"price 1')
    await working.until_logged("catalog: exited with code 1")
    status, page, headers = await working.request("GET", "/m/catalog/", headers={"accept": "text/html,*/*"})
    assert status == 503
    assert headers["content-type"].startswith("text/html")
    assert "catalog does not start" in page
    assert "prices.py&quot;, line 1" in page
    assert "TEXT = &quot;price 1" in page
    status, answer, _ = await working.request("GET", "/m/catalog/")
    assert status == 503
    assert "SyntaxError: unterminated string literal" in answer["error"]
    save(working, "prices.py", '"price 1', '"price 2"')
    await answered(working, "catalog 0, price 2")


async def test_a_module_that_never_started_is_mended_too(start: Start) -> None:
    files = {"catalog.py": CATALOG, "other.py": OTHER}
    orchestrator = await start(files, CONFIGURATION, command=["dev"], ready=False)
    await orchestrator.until_logged("No module named 'prices'")
    (orchestrator.folder / "prices.py").write_text('TEXT = "price 0"\n')
    await orchestrator.until_ready()
    await answered(orchestrator, "catalog 0, price 0")


async def test_a_text_of_the_same_length_in_the_same_second_is_read(working: Orchestrator) -> None:
    for number in range(1, 4):
        save(working, "prices.py", f'"price {number - 1}"', f'"price {number}"')
        await answered(working, f"catalog 0, price {number}")


async def test_one_module_without_a_configuration(start: Start) -> None:
    files = {"catalog.py": CATALOG, "prices.py": 'TEXT = "price 0"\n'}
    orchestrator = await start(files, command=["dev", "catalog.py", "--listen", "127.0.0.1:0"], ready=False)
    await orchestrator.until_ready(name="")
    save(orchestrator, "catalog.py", "return app", "return nothing")
    await orchestrator.until_logged("NameError")
    assert orchestrator.process.returncode is None
    save(orchestrator, "catalog.py", "return nothing", "return app")
    await answered(orchestrator, "catalog 0, price 0")
    assert await orchestrator.stop() == 0


async def test_a_secret_that_changes_reaches_the_module(start: Start) -> None:
    secretive = """
        from pywatt import pywatt_module

        @pywatt_module(secrets=["WORD"])
        async def main(state):
            word = state.secrets["WORD"].expose_secret()

            async def app(scope, receive, send):
                if scope["type"] != "http":
                    return
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": word[::-1].encode()})

            return app
    """
    configuration = '[modules.catalog]\nrun = "catalog.py"\n[modules.other]\nrun = "other.py"\n'
    orchestrator = await start(
        {"catalog.py": secretive, "other.py": OTHER, ".env": "WORD=first-word\n"},
        configuration,
        command=["dev"],
    )
    other = await orchestrator.get("/m/other/")
    await answered(orchestrator, "drow-tsrif")
    (orchestrator.folder / ".env").write_text("WORD=second-word\n")
    await answered(orchestrator, "drow-dnoces")
    assert await orchestrator.get("/m/other/") == other


async def test_without_watchfiles_the_files_are_looked_at(start: Start, tmp_path: Path) -> None:
    # Found before the installed one, and not usable: as if it were not installed.
    (tmp_path / "hidden").mkdir()
    hide = "import sys\nsys.modules['watchfiles'] = None\n"
    (tmp_path / "hidden" / "sitecustomize.py").write_text(hide)
    files = {"catalog.py": CATALOG, "prices.py": 'TEXT = "price 0"\n', "other.py": OTHER}
    orchestrator = await start(
        files, CONFIGURATION, command=["dev"], environment={"PYTHONPATH": str(tmp_path / "hidden")}
    )
    assert sum("four times a second" in line for line in orchestrator.log) == 1
    save(orchestrator, "prices.py", '"price 0"', '"price 1"')
    await answered(orchestrator, "catalog 0, price 1")


async def test_lines_of_a_reload_are_few(working: Orchestrator) -> None:
    before = len(working.log)
    save(working, "prices.py", '"price 0"', '"price 1"')
    await answered(working, "catalog 0, price 1")
    await working.until_logged("catalog: ready again in")
    told = [line for line in working.log[before:] if line.startswith("pywatt")]
    assert len(told) == 2
    assert "prices.py changed: restarting catalog" in told[0]
    assert "catalog: ready again in" in told[1]
    assert json.dumps(working.output).count("Ready  catalog") == 1
