"""The names that `import pywatt` offers: pinned, typed, and loaded only when they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pywatt

PUBLIC = {
    "AnnounceBlob",
    "AnnouncedEndpoint",
    "AnnouncementError",
    "AppConfig",
    "AppState",
    "ApplicationError",
    "BootstrapError",
    "CallError",
    "CallTimeout",
    "ChannelCapabilities",
    "ChannelPreferences",
    "ChannelRouter",
    "ChannelType",
    "ConfigError",
    "ConnectionClosed",
    "ConnectionConfig",
    "ConnectionFailed",
    "ConnectionState",
    "ConnectionTimeout",
    "EncodedMessage",
    "EncodingFormat",
    "EndpointAnnounce",
    "EndpointNotFound",
    "HandshakeError",
    "HttpError",
    "InitBlob",
    "InitError",
    "InternalCallError",
    "InvalidConfig",
    "InvalidPayload",
    "IpcChannel",
    "IpcChannelConfig",
    "IpcConnectionConfig",
    "Message",
    "MessageChannel",
    "MessageMetadata",
    "MessageTooLarge",
    "ModuleDefinition",
    "ModuleNotFound",
    "ModuleUnavailable",
    "NetworkError",
    "ProtocolError",
    "PyWattSDKError",
    "ReconnectPolicy",
    "ReconnectionFailed",
    "RequiredChannelFailed",
    "Result",
    "RoutingMatrix",
    "Secret",
    "SecretClient",
    "SecretError",
    "SecretIoError",
    "SecretJsonError",
    "SecretMode",
    "SecretNotFound",
    "SecretTimeout",
    "SecurityLevel",
    "SendQueueFull",
    "ServerError",
    "TcpChannel",
    "TcpChannelConfig",
    "TlsConfig",
    "__version__",
    "announce_from_router",
    "emit_build_info",
    "format_error_chain",
    "get_build_info",
    "get_version_info",
    "pywatt_module",
    "read_init",
    "send_announce",
    "wrap_exception",
}


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after a statement."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return set(ended.stdout.split())


def test_the_public_names_are_these() -> None:
    assert set(pywatt.__all__) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pywatt, name) is not None
    assert name in dir(pywatt)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(pywatt.__file__).read_text())
    (guarded,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = set()
    for node in guarded.body:
        if isinstance(node, ast.ImportFrom):
            seen |= {alias.asname for alias in node.names if alias.asname is not None}
        elif isinstance(node, ast.Assign):
            seen |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    assert seen | {"__version__"} == PUBLIC


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        pywatt.Nonsense


def test_the_names_of_the_earlier_sdks_are_the_same_classes() -> None:
    assert pywatt.AnnouncedEndpoint is pywatt.EndpointAnnounce


def test_importing_pywatt_imports_nothing_else() -> None:
    before = loaded_after("pass")
    assert loaded_after("import pywatt") - before == {"pywatt"}


def test_a_plain_module_loads_no_web_framework_and_no_client() -> None:
    loaded = loaded_after("from pywatt import pywatt_module\nimport pywatt.module.process")
    for heavy in ("aiohttp", "click", "rich", "a2wsgi", "uvloop", "fastapi", "flask", "starlette", "cattrs"):
        assert heavy not in loaded


def test_the_build_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYWATT_GIT_HASH", raising=False)
    assert pywatt.get_build_info()["git_hash"] == "unknown"
    monkeypatch.setenv("PYWATT_GIT_HASH", "abc123")
    info = pywatt.get_version_info()
    assert info["git_hash"] == "abc123"
    assert info["core"] in ("compiled", "interpreted")
    assert info["sdk_version"] == pywatt.__version__
    assert info["python_version"] == sys.version.split()[0]
