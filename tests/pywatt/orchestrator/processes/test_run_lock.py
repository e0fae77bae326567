"""Who runs in a run directory, told by its lock alone."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pywatt.orchestrator.processes.run_directory import RunDirectory
from pywatt.orchestrator.processes.run_location import locate
from pywatt.orchestrator.processes.run_lock import holder, remove_stale_sockets, running


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_RUN_DIR", str(tmp_path / "run"))


def leave_a_socket(file: Path) -> str:
    """What an orchestrator leaves that is killed."""
    with RunDirectory.open(file):
        pass
    path = locate(str(file)).control_socket
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    return path


def test_nobody_runs_where_nothing_is(tmp_path: Path) -> None:
    assert holder(str(tmp_path / "none")) is None
    assert running() == []


def test_the_one_that_runs_is_known_by_file_and_process(tmp_path: Path) -> None:
    file = tmp_path / "pywatt.toml"
    with RunDirectory.open(file) as directory:
        found = holder(str(directory.path))
        assert found is not None
        assert (found.configuration, found.pid) == (str(file), os.getpid())
    assert holder(str(directory.path)) is None


def test_all_that_run_are_listed_and_no_others(tmp_path: Path) -> None:
    with RunDirectory.open(tmp_path / "gone.toml"):
        pass
    with RunDirectory.open(tmp_path / "b.toml"), RunDirectory.open(tmp_path / "a.toml"):
        assert [one.configuration for one in running()] == [
            str(tmp_path / "a.toml"),
            str(tmp_path / "b.toml"),
        ]


def test_the_place_of_a_run_is_known_without_its_lock(tmp_path: Path) -> None:
    file = tmp_path / "pywatt.toml"
    with RunDirectory.open(file) as directory:
        assert locate(str(file)).directory == str(directory.path)
        assert locate(str(file)).control_socket == directory.control_socket_path


def test_a_module_called_control_gets_another_socket(tmp_path: Path) -> None:
    with RunDirectory.open(tmp_path / "pywatt.toml") as directory:
        assert directory.socket_path("control") != directory.control_socket_path


def test_sockets_that_were_left_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "pywatt.toml"
    path = leave_a_socket(file)
    assert remove_stale_sockets(locate(str(file))) == 1
    assert not os.path.exists(path)
    assert remove_stale_sockets(locate(str(file))) == 0


def test_sockets_of_one_that_runs_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "pywatt.toml"
    with RunDirectory.open(file) as directory, socket.socket(socket.AF_UNIX) as used:
        used.bind(directory.control_socket_path)
        assert remove_stale_sockets(locate(str(file))) == 0
        assert os.path.exists(directory.control_socket_path)


def test_a_link_of_another_name_leads_to_the_same_run(tmp_path: Path) -> None:
    (tmp_path / "pywatt.toml").write_text("")
    (tmp_path / "link.toml").symlink_to(tmp_path / "pywatt.toml")
    assert locate(str(tmp_path / "link.toml")).directory == locate(str(tmp_path / "pywatt.toml")).directory
