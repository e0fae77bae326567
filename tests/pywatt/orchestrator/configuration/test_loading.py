"""What pywatt.toml may say, and what comes of it."""

import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from pywatt.orchestrator.configuration.errors import ConfigurationError
from pywatt.orchestrator.configuration.loading import (
    configuration_for_file,
    load_configuration,
    module_name_for,
)
from pywatt.orchestrator.configuration.settings import Configuration, command_for
from pywatt.protocol.listen import TcpAddress, UnixAddress


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("catalog.py", "ledger.py", "web.py"):
        (tmp_path / name).write_text("")
    return tmp_path


def load(project: Path, text: str) -> Configuration:
    file = project / "pywatt.toml"
    file.write_text(text)
    return load_configuration(file)


def test_one_module_and_nothing_else_gets_every_default(project: Path) -> None:
    configuration = load(project, '[modules.web]\nrun = "web.py"\n')
    assert configuration.path == project / "pywatt.toml"
    assert configuration.directory == project
    assert configuration.gateway.listen == TcpAddress("127.0.0.1", 9900)
    assert configuration.gateway.trusted_proxies == []
    assert configuration.gateway.max_body == 16 * 1024 * 1024
    assert configuration.gateway.request_timeout == 30.0
    assert configuration.secrets.sources == ["env", ".env"]
    assert not configuration.free_port
    module = configuration.modules["web"]
    assert (module.name, module.run, module.app, module.command) == ("web", "web.py", None, None)
    assert (module.after, module.secrets, module.env, module.route) == ([], None, {}, None)
    assert (module.sdk, module.replicas, module.health, module.directory) == ("pywatt", 1, None, project)
    assert (module.start_timeout, module.stop_timeout) == (30.0, 15.0)
    assert (module.heartbeat_interval, module.heartbeat_timeout) == (5.0, 30.0)
    assert module.restart.policy == "on-failure"
    assert (module.restart.initial_delay, module.restart.max_delay) == (0.5, 30.0)
    assert (module.restart.exit_limit, module.restart.exit_window) == (5, 60.0)


def test_every_key_is_read(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "secrets.toml").write_text("")
    configuration = load(
        project,
        """
        [gateway]
        listen = "[::1]:0"
        trusted_proxies = ["10.0.0.7", "192.168.0.0/16", "fd00::/8"]
        max_body = 1024
        request_timeout = 5
        [secrets]
        from = ["secrets.toml", "env"]
        [modules.catalog]
        run = "catalog.py"
        [modules.ledger]
        command = ["sh", "-c", "", "exit 0"]
        after = ["catalog"]
        secrets = ["KEY"]
        env = { TZ = "UTC", EMPTY = "" }
        route = "/books"
        sdk = "crate"
        replicas = 1
        directory = "sub"
        health = "/health?full=1"
        start_timeout = 1.5
        stop_timeout = 2
        heartbeat_interval = 0.25
        heartbeat_timeout = 1
        [modules.ledger.restart]
        policy = "always"
        initial_delay = 0
        max_delay = 10
        exit_limit = 3
        exit_window = 20
        """,
    )
    assert configuration.gateway.listen == TcpAddress("::1", 0)
    assert configuration.gateway.trusted_proxies == [
        ip_network("10.0.0.7"),
        ip_network("192.168.0.0/16"),
        ip_network("fd00::/8"),
    ]
    assert (configuration.gateway.max_body, configuration.gateway.request_timeout) == (1024, 5.0)
    assert configuration.secrets.sources == ["secrets.toml", "env"]
    assert list(configuration.modules) == ["catalog", "ledger"]
    ledger = configuration.modules["ledger"]
    assert ledger.command == ["sh", "-c", "", "exit 0"]
    assert (ledger.after, ledger.secrets, ledger.route) == (["catalog"], ["KEY"], "/books")
    assert ledger.env == {"TZ": "UTC", "EMPTY": ""}
    assert (ledger.sdk, ledger.directory, ledger.health) == ("crate", project / "sub", "/health?full=1")
    assert (ledger.start_timeout, ledger.stop_timeout) == (1.5, 2.0)
    assert (ledger.heartbeat_interval, ledger.heartbeat_timeout) == (0.25, 1.0)
    assert ledger.restart.policy == "always"
    assert (ledger.restart.initial_delay, ledger.restart.max_delay) == (0.0, 10.0)
    assert (ledger.restart.exit_limit, ledger.restart.exit_window) == (3, 20.0)


def test_a_socket_path_is_relative_to_the_file(project: Path) -> None:
    text = '[gateway]\nlisten = "unix:gate.sock"\n[modules.web]\nrun = "web.py"\n'
    assert load(project, text).gateway.listen == UnixAddress(str(project / "gate.sock"))


def test_listen_of_the_command_line_replaces_the_file_s(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    load(project, '[modules.web]\nrun = "web.py"\n')
    file = project / "pywatt.toml"
    assert load_configuration(file, listen="0.0.0.0:80").gateway.listen == TcpAddress("0.0.0.0", 80)
    assert load_configuration(file, listen="unix:a").gateway.listen == UnixAddress(str(tmp_path / "a"))
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        load_configuration(file, listen="localhost")


def test_environment_values_are_not_shown(project: Path) -> None:
    configuration = load(project, '[modules.web]\nrun = "web.py"\nenv = { TOKEN = "s3cret" }\n')
    assert "s3cret" not in repr(configuration)


def test_import_paths_are_found_without_importing(project: Path) -> None:
    package = project / "shop" / "parts"
    package.mkdir(parents=True)
    (package / "catalog.py").write_text("raise SystemExit('must not be imported')")
    configuration = load(
        project,
        """
        [modules.a]
        run = "shop.parts.catalog"
        [modules.b]
        app = "shop.parts.catalog:app.inner"
        [modules.installed]
        run = "json.tool"
        [modules.elsewhere]
        run = "parts.catalog"
        env = { PYTHONPATH = "lib:shop" }
        """,
    )
    assert configuration.modules["b"].app == "shop.parts.catalog:app.inner"


def test_commands(project: Path) -> None:
    modules = load(
        project,
        """
        [modules.file]
        run = "web.py"
        [modules.path]
        run = "json.tool"
        [modules.app]
        app = "json.tool:main"
        [modules.program]
        command = ["true", "-x"]
        """,
    ).modules
    assert command_for(modules["file"]) == [sys.executable, "-m", "pywatt", "web.py"]
    assert command_for(modules["path"]) == [sys.executable, "-m", "pywatt", "json.tool"]
    assert command_for(modules["app"]) == [sys.executable, "-m", "pywatt", "--app", "json.tool:main"]
    assert command_for(modules["program"]) == ["true", "-x"]


def test_run_is_one_module_without_a_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "dev.env").write_text("")
    configuration = configuration_for_file("web.py", env={"TZ": "UTC"}, secret_files=["dev.env"])
    assert configuration.path == project / "web.py"
    assert configuration.free_port
    assert configuration.gateway.listen == TcpAddress("127.0.0.1", 9900)
    assert configuration.secrets.sources == ["dev.env", "env", ".env"]
    module = configuration.modules["web"]
    assert (module.name, module.run, module.directory, module.env) == (
        "web",
        "web.py",
        project,
        {"TZ": "UTC"},
    )


def test_run_keeps_to_the_address_it_is_given(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    configuration = configuration_for_file("web.py", listen="127.0.0.1:0")
    assert configuration.gateway.listen == TcpAddress("127.0.0.1", 0)
    assert not configuration.free_port


def test_run_takes_an_application_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    module = configuration_for_file("web:app").modules["web"]
    assert (module.run, module.app) == (None, "web:app")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("wbe.py", 'no such file: .*wbe.py; did you mean "web.py"'),
        ("no.such.module", 'no Python module "no.such.module"'),
        ("hello world", "expected a Python file"),
        (".", "expected a Python file"),
    ],
)
def test_run_says_what_it_cannot_start(
    project: Path, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ConfigurationError, match=said):
        configuration_for_file(target)


def test_run_checks_its_other_arguments(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ConfigurationError, match="--env: is set by the orchestrator itself"):
        configuration_for_file("web.py", env={"PYWATT_MODULE_ID": "x"})
    with pytest.raises(ConfigurationError, match="no such file"):
        configuration_for_file("web.py", secret_files=["none.toml"])
    with pytest.raises(ConfigurationError, match="--secret-file"):
        configuration_for_file("web.py", secret_files=["web.py"])


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("hello.py", "hello"),
        ("examples/hello world.py", "hello-world"),
        ("shop.catalog", "catalog"),
        ("shop.web:app", "web"),
        ("..py", "module"),
        ("é" * 3 + ".py", "---"),
        ("x" * 100 + ".py", "x" * 64),
    ],
)
def test_a_module_without_a_table_is_named_after_its_file(target: str, name: str) -> None:
    assert module_name_for(target) == name
