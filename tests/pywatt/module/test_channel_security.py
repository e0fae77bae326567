"""What a security level asks for is met, or the start fails."""

from __future__ import annotations

from typing import Any

import pytest

from pywatt.channels.tls import TlsConfig
from pywatt.errors import ConfigError, InvalidConfig
from pywatt.module.channel_security import check_level, identify_metadata
from pywatt.module.channel_tls import tls_for
from pywatt.protocol.init import InitBlob, SecurityLevel, TcpChannelConfig
from pywatt.protocol.listen import TcpAddress

CERTIFICATE = {"PYWATT_TLS_CLIENT_CERT": "/c.pem", "PYWATT_TLS_CLIENT_KEY": "/k.pem"}


def init(level: SecurityLevel = SecurityLevel.NONE, token: str | None = None, **env: str) -> InitBlob:
    return InitBlob(
        orchestrator_api="o",
        module_id="m",
        env=env,
        listen=TcpAddress("127.0.0.1", 0),
        auth_token=token,
        security_level=level,
    )


def channel(host: str = "127.0.0.1", tls: bool = True) -> TcpChannelConfig:
    return TcpChannelConfig(address=TcpAddress(host, 9901), tls_enabled=tls)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CA_CERT", "CLIENT_CERT", "CLIENT_KEY", "SERVER_NAME", "VERIFY", "COMPAT_PLAINTEXT"):
        monkeypatch.delenv(f"PYWATT_TLS_{name}", raising=False)
    monkeypatch.delenv("PYWATT_ALLOW_PLAINTEXT_TOKEN", raising=False)


@pytest.mark.parametrize(
    ("least", "level", "fits"),
    [
        (None, SecurityLevel.NONE, True),
        (SecurityLevel.NONE, SecurityLevel.NONE, True),
        (SecurityLevel.TOKEN, SecurityLevel.NONE, False),
        (SecurityLevel.TOKEN, SecurityLevel.MTLS, True),
        (SecurityLevel.MTLS, SecurityLevel.TOKEN, False),
    ],
)
def test_a_module_may_ask_for_a_least_level(
    least: SecurityLevel | None, level: SecurityLevel, fits: bool
) -> None:
    if fits:
        check_level(init(level, "token"), least)
    else:
        with pytest.raises(ConfigError, match="the module asks for security_level"):
            check_level(init(level, "token"), least)


def test_level_token_without_a_token_fails() -> None:
    for token in (None, ""):
        with pytest.raises(ConfigError, match="gave no auth_token"):
            check_level(init(SecurityLevel.TOKEN, token), None)


def test_the_token_is_in_the_identify_at_its_level_only() -> None:
    assert identify_metadata(init(SecurityLevel.NONE, "token")) == {"source": "m"}
    with_token = identify_metadata(init(SecurityLevel.TOKEN, "token"))
    assert with_token == {"source": "m", "properties": {"auth_token": "token"}}


def test_tls_is_used_when_it_is_offered() -> None:
    assert tls_for(init(), channel(tls=False)) is None
    assert tls_for(init(), channel()) == TlsConfig()
    named = init(PYWATT_TLS_CA_CERT="/ca.pem", PYWATT_TLS_SERVER_NAME="o", **CERTIFICATE)
    assert tls_for(named, channel()) == TlsConfig("/ca.pem", "/c.pem", "/k.pem", "o", True)


def test_the_environment_is_asked_after_the_init_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWATT_TLS_CA_CERT", "/mine.pem")
    monkeypatch.setenv("PYWATT_TLS_VERIFY", "false")
    configured = tls_for(init(PYWATT_TLS_CA_CERT="/theirs.pem"), channel())
    assert configured == TlsConfig(ca_cert_path="/theirs.pem", verify_server=False)


def test_plain_text_despite_tls_is_possible_at_level_none_only() -> None:
    assert tls_for(init(PYWATT_TLS_COMPAT_PLAINTEXT="1"), channel()) is None
    assert tls_for(init(SecurityLevel.TOKEN, "t", PYWATT_TLS_COMPAT_PLAINTEXT="1"), channel()) == TlsConfig()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_token_may_travel_in_plain_text_on_this_machine(host: str) -> None:
    assert tls_for(init(SecurityLevel.TOKEN, "t"), channel(host, tls=False)) is None


@pytest.mark.parametrize("host", ["192.0.2.1", "orchestrator.example"])
def test_a_token_travels_no_further_in_plain_text_unless_it_is_allowed(host: str) -> None:
    with pytest.raises(InvalidConfig, match="would travel in plain text"):
        tls_for(init(SecurityLevel.TOKEN, "t"), channel(host, tls=False))
    allowed = init(SecurityLevel.TOKEN, "t", PYWATT_ALLOW_PLAINTEXT_TOKEN="1")
    assert tls_for(allowed, channel(host, tls=False)) is None


@pytest.mark.parametrize(
    ("level", "tls", "env", "text"),
    [
        (SecurityLevel.MTLS, False, CERTIFICATE, "has TLS switched off"),
        (SecurityLevel.MTLS, True, {}, "needs PYWATT_TLS_CLIENT_CERT"),
        (SecurityLevel.MTLS, True, {**CERTIFICATE, "PYWATT_TLS_VERIFY": "0"}, "and verification"),
        (SecurityLevel.TOKEN, True, {"PYWATT_TLS_VERIFY": "0"}, "not possible at security_level Token"),
        (SecurityLevel.NONE, True, {"PYWATT_TLS_CLIENT_CERT": "/c.pem"}, "belong together"),
    ],
)
def test_what_cannot_be_met_fails(level: SecurityLevel, tls: bool, env: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidConfig, match=text):
        tls_for(init(level, "t", **env), channel(tls=tls))


def test_level_mtls_with_a_certificate_is_met() -> None:
    configured = tls_for(init(SecurityLevel.MTLS, **CERTIFICATE), channel())
    assert configured == TlsConfig(client_cert_path="/c.pem", client_key_path="/k.pem")
