"""Which files a module is made of, and which of them are not what its process was started with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.reload.module_files import ModuleFiles


class Shop:
    """A module of two files, and a process of it that reports by hand."""

    def __init__(self, folder: Path) -> None:
        self.main, self.prices = folder / "catalog.py", folder / "prices.py"
        self.secrets = folder / ".env"
        for path in (self.main, self.prices):
            self.write(path, "first")
        configuration = ModuleConfiguration(name="catalog", run="catalog.py", directory=folder)
        self.files = ModuleFiles(configuration, folder / "report.json", lambda: [self.secrets])
        self.files.begin_process()

    def write(self, path: Path, text: str) -> None:
        path.write_text(text)
        # Long ago, unless a test says otherwise: before any process was started.
        os.utime(path, ns=(0, len(text) * 1_000_000_000))

    def report(self, files: Iterable[Path], failure: str | None = None) -> None:
        document = {"files": [str(path) for path in files], "failure": failure}
        self.files.report.write_text(json.dumps(document))
        self.files.read_report()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_the_files_that_the_configuration_names_are_known_from_the_beginning(shop: Shop) -> None:
    assert {shop.main, shop.secrets, shop.files.report} == shop.files.paths
    assert shop.files.changed() == []
    shop.write(shop.main, "second")
    assert shop.files.changed() == [shop.main]


def test_what_the_process_has_loaded_is_known_from_its_report(shop: Shop) -> None:
    shop.report([shop.main, shop.prices])
    assert shop.files.changed() == []
    shop.write(shop.prices, "second")
    assert shop.files.changed() == [shop.prices]


def test_a_file_that_comes_to_be_is_a_change(shop: Shop) -> None:
    shop.secrets.write_text("NAME=value")
    assert shop.files.changed() == [shop.secrets]


def test_the_next_process_begins_with_the_files_as_they_are_then(shop: Shop) -> None:
    shop.report([shop.prices])
    shop.write(shop.prices, "second")
    shop.files.begin_process()
    assert shop.files.changed() == []
    assert shop.prices in shop.files.paths


def test_a_file_written_after_the_process_was_started_may_not_be_what_it_has_read(shop: Shop) -> None:
    shop.prices.write_text("second")  # now, after the start
    shop.report([shop.prices])
    assert shop.files.changed() == [shop.prices]
    shop.files.begin_process()
    assert shop.files.changed() == []


def test_a_file_from_the_future_is_no_change_for_ever(shop: Shop) -> None:
    os.utime(shop.prices, ns=(0, 2**62))
    shop.report([shop.prices])
    assert shop.files.changed() == []


def test_what_a_ready_process_has_not_loaded_does_not_matter_any_more(shop: Shop) -> None:
    shop.report([shop.main, shop.prices])
    shop.files.begin_process()
    shop.report([shop.main])
    assert shop.prices in shop.files.paths
    shop.files.forget_unused()
    assert shop.prices not in shop.files.paths


def test_the_reason_for_a_failure_is_known_until_the_next_process(shop: Shop) -> None:
    shop.report([shop.main], "NameError: no coffee")
    assert shop.files.failure == "NameError: no coffee"
    shop.files.begin_process()
    assert shop.files.failure is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        '{"files": 5, "failure": null}',
        '{"files": [5, "relative", "a\\u0000"]}',
        "[" * 9999,
    ],
)
def test_a_report_that_is_none_tells_nothing(shop: Shop, text: str) -> None:
    before = shop.files.paths
    shop.files.report.write_text(text)
    shop.files.read_report()
    assert shop.files.paths == before


def test_a_link_and_what_it_leads_to_both_count(shop: Shop, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(shop.prices)
    shop.report([link])
    assert {link, shop.prices} <= shop.files.paths


def test_compiled_code_of_a_changed_file_is_removed_before_the_next_process(shop: Shop) -> None:
    cache = shop.prices.parent / "__pycache__"
    cache.mkdir()
    of_prices, of_main = cache / "prices.cpython-311.pyc", cache / "catalog.cpython-311.pyc"
    of_prices.touch()
    of_main.touch()
    shop.report([shop.main, shop.prices])
    shop.write(shop.prices, "second")
    shop.files.begin_process()
    assert not of_prices.exists()
    assert of_main.exists()
