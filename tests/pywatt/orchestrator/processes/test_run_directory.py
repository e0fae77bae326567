"""The directory of a running orchestrator: one holder, private, with short socket paths."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pywatt.orchestrator.processes.left_overs import boot_id, start_time
from pywatt.orchestrator.processes.run_directory import (
    AlreadyRunning,
    RunDirectory,
    RunDirectoryError,
)
from pywatt.orchestrator.processes.run_location import base_directory

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Shorter than what pytest gives: the paths of sockets have to fit.
    with tempfile.TemporaryDirectory(prefix="pywatt-") as short:
        base = Path(short) / "run"
        monkeypatch.setenv("PYWATT_RUN_DIR", str(base))
        yield base


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "pywatt.toml"
    file.write_text("")
    return file


@pytest.fixture
def directory(base: Path, configuration: Path) -> Iterator[RunDirectory]:
    with RunDirectory.open(configuration) as directory:
        yield directory


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o777


def test_it_lies_below_the_base_under_the_file_s_name_and_hash(base: Path, directory: RunDirectory) -> None:
    assert directory.path.parent == base
    name, _, digest = directory.path.name.rpartition("-")
    assert name == "pywatt.toml"
    assert len(digest) == 12
    assert int(digest, 16) >= 0


def test_nobody_else_can_enter(base: Path, directory: RunDirectory) -> None:
    assert (mode(base), mode(directory.path), mode(directory.path / "lock")) == (0o700, 0o700, 0o600)


def test_a_second_start_fails_and_names_the_first_process(
    directory: RunDirectory, configuration: Path
) -> None:
    with pytest.raises(AlreadyRunning, match=f"already running, in process {os.getpid()}") as caught:
        RunDirectory.open(configuration)
    assert caught.value.pid == os.getpid()


def test_the_same_file_by_another_path_is_the_same_file(directory: RunDirectory, configuration: Path) -> None:
    link = configuration.parent / "link.toml"
    link.symlink_to(configuration)
    with pytest.raises(AlreadyRunning):
        RunDirectory.open(configuration.parent / "." / "pywatt.toml")
    other = configuration.parent / "sub"
    other.mkdir()
    with RunDirectory.open(other / "pywatt.toml") as another:
        assert another.path != directory.path


def test_another_process_is_kept_out_until_this_one_ends(base: Path, configuration: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from pywatt.orchestrator.processes.run_directory import RunDirectory\n"
        "RunDirectory.open(Path(sys.argv[1])); print('locked', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(configuration)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"):
            RunDirectory.open(configuration)
        holder.kill()
    RunDirectory.open(configuration).close()


def test_a_child_does_not_inherit_the_lock(base: Path, configuration: Path) -> None:
    directory = RunDirectory.open(configuration)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        directory.close()
        RunDirectory.open(configuration).close()
        assert child.stdin is not None
        child.stdin.close()


def test_sockets_of_an_earlier_run_are_removed_and_nothing_else(base: Path, configuration: Path) -> None:
    with RunDirectory.open(configuration) as directory:
        path = directory.path
    (path / "kept").write_text("")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path / "web.sock"))
    with RunDirectory.open(configuration):
        assert sorted(entry.name for entry in path.iterdir()) == ["configuration", "kept", "lock"]


def test_sockets_are_removed_at_the_end(base: Path, configuration: Path) -> None:
    with RunDirectory.open(configuration) as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(directory.http_socket_path("web"))
    assert list(directory.path.glob("web*")) == []
    directory.close()


def test_every_module_has_two_socket_paths(directory: RunDirectory) -> None:
    assert directory.socket_path("web") == f"{directory.path}/web.sock"
    assert directory.http_socket_path("web") == f"{directory.path}/web.http"


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "", "x" * 65, "é"])
def test_a_name_that_is_no_file_name_is_replaced_by_its_hash(directory: RunDirectory, name: str) -> None:
    path = Path(directory.socket_path(name))
    assert path.parent == directory.path
    assert len(path.stem) == 12
    assert directory.socket_path(name) != directory.socket_path(name + "x")


def test_a_long_module_name_shortens_only_itself(base: Path, configuration: Path) -> None:
    with RunDirectory.open(configuration) as directory:
        room = 107 - len(f"{directory.path}/.sock")
        assert room < 64
        assert directory.socket_path("x" * room) == f"{directory.path}/{'x' * room}.sock"
        shortened = directory.socket_path("x" * (room + 1))
        assert len(shortened) == len(f"{directory.path}/123456789012.sock")
        assert shortened.startswith(f"{directory.path}/")


def test_a_long_base_moves_the_sockets_to_a_short_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    monkeypatch.setenv("PYWATT_RUN_DIR", str(long))
    with RunDirectory.open(tmp_path / "pywatt.toml") as directory:
        assert directory.path.parent == long
        path = Path(directory.socket_path("x" * 64))
        assert path.parent.parent == Path(f"/tmp/pywatt-{os.geteuid()}")
        assert len(os.fsencode(str(path))) <= 107
        assert mode(path.parent) == 0o700
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    assert not path.parent.exists()


def test_a_long_file_name_is_cut(base: Path, tmp_path: Path) -> None:
    with RunDirectory.open(tmp_path / ("n" * 200)) as directory:
        assert len(directory.path.name) == 32 + 1 + 12


def test_a_directory_that_others_may_enter_is_refused(base: Path, configuration: Path) -> None:
    RunDirectory.open(configuration).close()
    (path,) = base.iterdir()
    path.chmod(0o755)
    with pytest.raises(RunDirectoryError, match=f"{path} is open to other users: chmod 700"):
        RunDirectory.open(configuration)


def test_others_may_look_into_the_base_but_not_write(base: Path, configuration: Path) -> None:
    base.mkdir()
    base.chmod(0o755)
    RunDirectory.open(configuration).close()
    base.chmod(0o775)
    with pytest.raises(RunDirectoryError, match=f"{base} is open to other users"):
        RunDirectory.open(configuration)


def test_a_symbolic_link_is_never_followed(base: Path, configuration: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    base.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunDirectoryError, match="is a symbolic link: remove it, or set PYWATT_RUN_DIR"):
        RunDirectory.open(configuration)
    base.unlink()
    RunDirectory.open(configuration).close()
    (path,) = base.iterdir()
    (path / "lock").unlink()
    (path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(RunDirectoryError, match="lock cannot be opened"):
        RunDirectory.open(configuration)
    assert not (tmp_path / "victim").exists()


def test_a_file_in_the_way_is_named(base: Path, configuration: Path) -> None:
    base.write_text("")
    with pytest.raises(RunDirectoryError, match=f"{base} is not a directory"):
        RunDirectory.open(configuration)


@needs_root
def test_a_directory_of_another_user_is_refused(base: Path, configuration: Path) -> None:
    base.mkdir(mode=0o700)
    os.chown(base, 12345, -1)
    with pytest.raises(RunDirectoryError, match=f"{base} belongs to user 12345"):
        RunDirectory.open(configuration)


def test_a_failed_start_leaves_no_descriptor_open(base: Path, configuration: Path) -> None:
    with RunDirectory.open(configuration):
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(AlreadyRunning):
                RunDirectory.open(configuration)
        assert len(os.listdir("/proc/self/fd")) == before


def test_the_base_is_chosen_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYWATT_RUN_DIR", raising=False)
    fallback = Path(f"/tmp/pywatt-{os.geteuid()}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert Path(base_directory()) == tmp_path / "pywatt"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert Path(base_directory()) == fallback
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert Path(base_directory()) == fallback
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert Path(base_directory()) == fallback
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYWATT_RUN_DIR", "here")
    assert Path(base_directory()) == tmp_path / "here"


@needs_root
def test_the_runtime_directory_of_another_user_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYWATT_RUN_DIR", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    os.chown(tmp_path, 12345, -1)
    assert Path(base_directory()) == Path(f"/tmp/pywatt-{os.geteuid()}")


def records(directory: RunDirectory) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((directory.path / "processes.json").read_text())["processes"]
    return found


def test_processes_are_remembered_until_they_are_forgotten(directory: RunDirectory) -> None:
    directory.record_process("web", os.getpid())
    directory.record_process("other", 1234567, 42)
    assert records(directory) == [
        {"name": "web", "pid": os.getpid(), "start_time": start_time(os.getpid())},
        {"name": "other", "pid": 1234567, "start_time": 42},
    ]
    directory.forget_process("web")
    directory.forget_process("never recorded")
    assert [record["name"] for record in records(directory)] == ["other"]
    assert mode(directory.path / "processes.json") == 0o600


def test_what_an_earlier_run_recorded_stays_recorded_until_it_is_ended(
    base: Path, configuration: Path
) -> None:
    with RunDirectory.open(configuration) as directory:
        directory.record_process("old", 1234567, 42)
    with RunDirectory.open(configuration) as directory:
        directory.record_process("new", 1234568, 43)
        assert [record["name"] for record in records(directory)] == ["old", "new"]
        assert directory.end_left_overs() == []
        assert [record["name"] for record in records(directory)] == ["new"]


def test_a_left_over_process_is_ended_by_the_next_start(base: Path, configuration: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        with RunDirectory.open(configuration) as directory:
            directory.record_process("web", process.pid)
        with RunDirectory.open(configuration) as directory:
            (left_over,) = directory.end_left_overs()
        assert (left_over.name, left_over.pid, left_over.ended) == ("web", process.pid, True)
        assert process.wait(10) == -15


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        '{"boot_id": null, "processes": []}',
        '{"boot_id": "BOOT", "processes": [{"name": "a", "pid": "1", "start_time": 1}]}',
        '{"boot_id": "BOOT", "processes": [{"name": "a", "pid": PID, "start_time": null}]}',
        '{"boot_id": "BOOT", "processes": [{"name": "a", "pid": -1, "start_time": 1}]}',
        '{"boot_id": "BOOT", "processes": [5]}',
        '{"boot_id": "of another boot", "processes": [{"name": "a", "pid": PID, "start_time": START}]}',
    ],
)
def test_nothing_is_ended_on_the_word_of_a_damaged_or_old_record(
    base: Path, configuration: Path, text: str
) -> None:
    with RunDirectory.open(configuration) as directory:
        path = directory.path
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        text = text.replace("BOOT", str(boot_id())).replace("PID", str(process.pid))
        (path / "processes.json").write_text(text.replace("START", str(start_time(process.pid))))
        with RunDirectory.open(configuration) as directory:
            assert directory.end_left_overs() == []
        descriptor = os.pidfd_open(process.pid)
        assert select.select([descriptor], [], [], 0)[0] == []
        os.close(descriptor)
        process.kill()
