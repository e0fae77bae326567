"""Everything that is wrong with a pywatt.toml: where, what was expected, what was probably meant."""

from pathlib import Path

import pytest

from pywatt.errors import ConfigError
from pywatt.orchestrator.configuration.errors import ConfigurationError, ConfigurationProblem, key_text
from pywatt.orchestrator.configuration.loading import load_configuration

MODULE = '[modules.web]\nrun = "web.py"\n'


def problems_of(directory: Path, text: str | bytes) -> tuple[ConfigurationProblem, ...]:
    (directory / "web.py").write_text("")
    file = directory / "pywatt.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(file)
    assert {problem.file for problem in caught.value.problems} == {file}
    return caught.value.problems


def problem_of(directory: Path, text: str | bytes) -> ConfigurationProblem:
    problems = problems_of(directory, text)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_all_problems_are_reported_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        """\
[modules.web]
rn = "web.py"
start_timeout = "30s"
[modules.web.restart]
policy = "allways"
initial_delay = 60
[modules.other]
run = "other.py"
after = [
    "web",
    "wbe",
]
[gatewy]
""",
    )
    assert [(problem.line, problem.key) for problem in problems] == [
        (1, "modules.web"),
        (2, "modules.web.rn"),
        (3, "modules.web.start_timeout"),
        (5, "modules.web.restart.policy"),
        (6, "modules.web.restart.initial_delay"),
        (8, "modules.other.run"),
        (11, "modules.other.after[1]"),
        (13, "gatewy"),
    ]


def test_a_problem_reads_as_one_line(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, MODULE + 'sdkk = "pywatt"\n')
    assert str(problem) == (
        f"{tmp_path}/pywatt.toml:3: modules.web.sdkk: unknown key; expected one of after, app, command, "
        "directory, env, health, heartbeat_interval, heartbeat_timeout, hold_timeout, pump, replicas, "
        "restart, route, run, sdk, secrets, start_timeout, stop_timeout; "
        'did you mean "sdk"?'
    )


def test_the_error_is_a_configuration_error_and_holds_every_line(tmp_path: Path) -> None:
    (tmp_path / "pywatt.toml").write_text("a = 1\nb = 2\n" + MODULE)
    (tmp_path / "web.py").write_text("")
    with pytest.raises(ConfigError) as caught:
        load_configuration(tmp_path / "pywatt.toml")
    assert str(caught.value).count("unknown key") == 2


@pytest.mark.parametrize(
    ("key", "expected", "suggestion"),
    [
        ("listen = 9900", '"HOST:PORT"', 'write "9900"'),
        ('listen = "9900"', '"HOST:PORT"', '"127.0.0.1:9900"'),
        ('listen = ":9900"', '"HOST:PORT"', '"127.0.0.1:9900"'),
        ('listen = "localhost"', '"HOST:PORT"', None),
        ('listen = "localhost:65536"', "0 to 65535", None),
        ('listen = "::1:80"', '"HOST:PORT"', '"[::1]:80"'),
        ('listen = "http://127.0.0.1:80"', '"HOST:PORT"', None),
        ('listen = "/run/gate.sock"', '"unix:PATH"', 'write "unix:/run/gate.sock"'),
        ('listen = "unix:"', '"unix:PATH"', None),
        (f'listen = "unix:/{"x" * 107}"', "at most 107 bytes", None),
        ('trusted_proxies = "10.0.0.1"', "a list", None),
        ('trusted_proxies = ["proxy.example"]', "an address or a network", None),
        ("max_body = 0", "from 1 to 31457280", None),
        ("max_body = 1.5", "a number of bytes", None),
        ("max_body = true", "a number of bytes", None),
        ('max_body = "16 MiB"', "a number of bytes", "write 16777216"),
        ("max_body = 31457281", "from 1 to 31457280", None),
        ("request_timeout = 0", "above 0", None),
        ("request_timeout = inf", "at most 86400", None),
        ("request_timeout = nan", "at most 86400", None),
        ("request_timeout = -1", "above 0", None),
        ("request_timeout = true", "a number of seconds", None),
        ("request_timeout = 1979-05-27", "a number of seconds", None),
        ('request_timeout = "1.5 min"', "a number of seconds", "write 90"),
        ('request_timeout = "500ms"', "a number of seconds", "write 0.5"),
        ("restart = {}", "one of listen", "it belongs in [modules.NAME]"),
        ('listne = "x"', "one of listen", 'did you mean "listen"?'),
    ],
)
def test_gateway(tmp_path: Path, key: str, expected: str, suggestion: str | None) -> None:
    problem = problem_of(tmp_path, f"{MODULE}[gateway]\n{key}\n")
    assert problem.line == 4
    assert expected in (problem.expected or "")
    assert problem.suggestion == suggestion or (suggestion or "?") in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("key", "what", "suggestion"),
    [
        ("env = { A = 1 }", "is a number", "put it in quotes"),
        ('env = ["A"]', "is a list", None),
        ('env = { PYWATT_MODULE_ID = "x" }', "is set by the orchestrator itself", None),
        ('env = { "A=B" = "x" }', "is not the name of an environment variable", None),
        ('secrets = "KEY"', 'is the text "KEY"', None),
        ('secrets = ["A=B"]', 'is the text "A=B"', None),
        ('secrets = ["A", "A"]', '"A" stands here twice', None),
        ('route = "catalog"', 'is the text "catalog"', 'write "/catalog"'),
        ('route = "/catalog/"', 'is the text "/catalog/"', 'write "/catalog"'),
        ('route = "/a//b"', 'is the text "/a//b"', None),
        ('route = "/a/../b"', 'is the text "/a/../b"', None),
        ('route = "/a?b"', 'is the text "/a?b"', None),
        ('route = "/%2e"', 'is the text "/%2e"', None),
        ('route = ""', 'is the text ""', None),
        ('route = "/m/web"', "which the gateway itself answers", None),
        ('route = "/healthz"', "which the gateway itself answers", None),
        (
            "replicas = 2",
            "is 2: more than one replica of a module does not exist yet",
            "several module names",
        ),
        ("replicas = 0", "is 0", None),
        ('sdk = "rust"', 'is the text "rust"', None),
        ('sdk = "pywat"', 'is the text "pywat"', 'did you mean "pywatt"?'),
        ('sdk = "none"', 'is "none" for a Python module', None),
        ('sdk = "crate"', 'is "crate" for a Python module', None),
        ('health = "health"', 'is the text "health"', None),
        ("stop_timeout = 100000", "is 100000", None),
        ("heartbeat_timeout = 5", "is 5, not above heartbeat_interval", None),
        ("restart = 5", "is the number 5", None),
        ('after = "web"', 'is the text "web"', None),
        ('after = ["web"]', "a module cannot start after itself", None),
        ('after = ["nobody"]', 'no module is named "nobody"', None),
        ("after = [5]", "is the number 5", 'write "5"'),
        ('policy = "never"', "unknown key", "it belongs in [modules.web.restart]"),
        ('name = "x"', "unknown key", None),
        ('restart = { polcy = "never" }', "unknown key", 'did you mean "policy"?'),
        ("restart = { exit_limit = 0 }", "is 0", None),
        ("restart = { initial_delay = 40 }", "is 40, above max_delay", None),
        ("pump = {}", 'has no meaning for a module with sdk = "pywatt"', None),
    ],
)
def test_modules(tmp_path: Path, key: str, what: str, suggestion: str | None) -> None:
    problem = problem_of(tmp_path, MODULE + key + "\n")
    assert what in problem.what
    assert problem.line == 3
    assert problem.suggestion == suggestion or (suggestion or "?") in (problem.suggestion or "")


def test_values_of_the_environment_are_never_shown(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, MODULE + "env = { PIN = 123456 }\n")
    assert "123456" not in str(problem)


@pytest.mark.parametrize("name", ["a b", "", "é", "a/b", "..", "x" * 65])
def test_names_that_cannot_be_part_of_a_path(tmp_path: Path, name: str) -> None:
    problem = problem_of(tmp_path, MODULE + f'[modules."{name}"]\nrun = "web.py"\n')
    assert problem.line == 3
    assert "1 to 64 letters" in (problem.expected or "")


@pytest.mark.parametrize(
    ("table", "what", "line"),
    [
        ("", "says nothing to start", 1),
        ('run = "web.py"\napp = "web:app"', "has both run and app", 3),
        ('run = "web.py"\ncommand = ["true"]', "has both run and command", 3),
        ('run = "wbe.py"', "no such file: ", 2),
        ('run = "."', 'is the text "."', 2),
        ('run = "no.such.module"', 'no Python module "no.such.module"', 2),
        ('run = "web:app"', 'is the text "web:app"', 2),
        ('run = "./web"', 'is the text "./web"', 2),
        ('app = "web.py"', 'is the text "web.py"', 2),
        ('app = "nowhere:app"', 'no Python module "nowhere"', 2),
        ("command = []", "is empty", 2),
        ('command = "true"', 'is the text "true"', 2),
        ('command = ["./nothing"]', "no such file: ", 2),
        ('command = ["./web.py"]', "is not executable: ", 2),
        ('command = ["no-such-program"]', 'no program "no-such-program" in PATH', 2),
        ('run = "web.py"\ndirectory = "nowhere"', "no such directory: ", 3),
        ('command = ["true"]\nsdk = "none"\nsecrets = ["A"]', "cannot ask for secrets", 4),
        ('command = ["true"]\nsdk = "none"\nenv = { PORT = "1" }', "is set by the orchestrator", 4),
        ('command = ["true"]\nsdk = "none"\npump = { quick = 1 }', 'sdk = "none"', 4),
        ('command = ["true"]\nsdk = "crate"\npump = { quick = 1 }', "is 1, above slow", 4),
        ('command = ["true"]\nsdk = "crate"\npump = { slow = 0 }', "is 0", 4),
    ],
)
def test_what_is_started_must_exist(tmp_path: Path, table: str, what: str, line: int) -> None:
    problem = problem_of(tmp_path, f"[modules.a]\n{table}\n")
    assert what in problem.what
    assert problem.line == line


@pytest.mark.parametrize(
    ("table", "suggestion"),
    [
        ('run = "wbe.py"', 'did you mean "web.py"?'),
        ('run = "web:app"', 'for an application write app = "web:app"'),
        ('run = "./start"', 'for a program write command = ["./start"]'),
        ('app = "web.py"', 'for a file write run = "web.py"'),
        ('command = ["web.py"]', 'write "./web.py"'),
    ],
)
def test_what_was_probably_meant(tmp_path: Path, table: str, suggestion: str) -> None:
    assert problem_of(tmp_path, f"[modules.a]\n{table}\n").suggestion == suggestion


def test_a_circle_of_dependencies_is_shown_whole(tmp_path: Path) -> None:
    problem = problem_of(
        tmp_path,
        """\
[modules.a]
run = "web.py"
after = ["c"]
[modules.b]
run = "web.py"
after = ["a"]
[modules.c]
run = "web.py"
after = ["b"]
[modules.outside]
run = "web.py"
after = ["a", "b"]
""",
    )
    assert problem.what == "the modules wait for each other: a -> c -> b -> a"
    assert (problem.line, problem.key) == (3, "modules.a.after[0]")


def test_two_circles_are_two_problems(tmp_path: Path) -> None:
    tables = "".join(
        f'[modules.{name}]\nrun = "web.py"\nafter = ["{other}"]\n' for name, other in ["ab", "ba", "cd", "dc"]
    )
    assert [problem.what.partition(": ")[2] for problem in problems_of(tmp_path, tables)] == [
        "a -> b -> a",
        "c -> d -> c",
    ]


def test_a_long_chain_is_no_circle(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text("")
    tables = [f'[modules.m{number}]\nrun = "web.py"\nafter = ["m{number + 1}"]\n' for number in range(1999)]
    tables.append('[modules.m1999]\nrun = "web.py"\n')
    (tmp_path / "pywatt.toml").write_text("".join(tables))
    assert len(load_configuration(tmp_path / "pywatt.toml").modules) == 2000


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("/a", "/a", '"/a" is already the route of module a'),
        ("/", "/", '"/" is already the route of module a'),
        ("/a", "/a/b", '"/a/b" overlaps with "/a" of module a'),
        ("/a/b", "/a", '"/a" overlaps with "/a/b" of module a'),
    ],
)
def test_routes_must_not_overlap(tmp_path: Path, one: str, other: str, what: str) -> None:
    tables = f'[modules.a]\nrun = "web.py"\nroute = "{one}"\n[modules.b]\nrun = "web.py"\nroute = "{other}"\n'
    problem = problem_of(tmp_path, tables)
    assert (problem.line, problem.what) == (6, what)


@pytest.mark.parametrize(("one", "other"), [("/a", "/ab"), ("/", "/a"), ("/a/b", "/a/c")])
def test_neighbouring_routes_are_fine(tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "web.py").write_text("")
    tables = f'[modules.a]\nrun = "web.py"\nroute = "{one}"\n[modules.b]\nrun = "web.py"\nroute = "{other}"\n'
    (tmp_path / "pywatt.toml").write_text(tables)
    assert load_configuration(tmp_path / "pywatt.toml").modules["b"].route == other


@pytest.mark.parametrize(
    ("sources", "what", "line"),
    [
        ('"env"', 'is the text "env"', 4),
        ('["environment"]', 'is the text "environment"', 4),
        ('["env", "secrets.yaml"]', 'is the text "secrets.yaml"', 4),
        ('["env",\n"none.toml"]', "no such file: ", 5),
        ('["prod.env"]', "no such file: ", 4),
        ('[".env.local"]', "no such file: ", 4),
        ('[".envrc"]', 'is the text ".envrc"', 4),
        ('["env", ".env", "env"]', '"env" stands here twice', 4),
    ],
)
def test_sources_of_secrets(tmp_path: Path, sources: str, what: str, line: int) -> None:
    problem = problem_of(tmp_path, f"{MODULE}[secrets]\nfrom = {sources}\n")
    assert what in problem.what
    assert problem.line == line


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("", "no module is configured", None),
        ("[modules]\n", "no module is configured", 1),
        ("modules = 5\n", "is the number 5", 1),
        ("[modules]\nweb = 5\n", "is the number 5", 2),
        ("gateway = 5\n" + MODULE, "is the number 5", 1),
        ("[[modules.web]]\n", "is a list", 1),
        ("[modules.web\n", "is not valid TOML at column 13: Expected ']'", 1),
        (MODULE + 'route = "', "is not valid TOML", 3),
        (MODULE + "a = 1\na = 2\n", "is not valid TOML", 4),
        (b"# \xff\n" + MODULE.encode(), "byte 0xff is not UTF-8", 1),
        (b"\n# \xe9\n" + MODULE.encode(), "is not UTF-8", 2),
        (b"\xef\xbb\xbf" + MODULE.encode(), "begins with a byte-order mark", 1),
        ("a = " + "[" * 5000, "is nested too deeply", None),
        ("#" * (1024 * 1024 + 1), "is too large", None),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str | bytes, what: str, line: int | None) -> None:
    problem = problem_of(tmp_path, text)
    assert what in problem.what
    assert problem.line == line


def test_two_modules_with_one_name(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, f"\n{MODULE}\n# again\n{MODULE}")
    assert problem.line == 6
    assert problem.key == "modules.web"
    assert problem.what == 'a module named "web" already stands in line 2'


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file.*-f FILE.*pywatt run FILE"):
        load_configuration(tmp_path / "pywatt.toml")
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_configuration(tmp_path)


def test_keys_are_written_as_in_toml() -> None:
    assert key_text(("modules", "a.b", "after", 0)) == 'modules."a.b".after[0]'
    assert key_text(("modules", "", "x y")) == 'modules.""."x y"'
