"""What the init line holds that no log may show."""

from __future__ import annotations

from typing import Final

from pywatt.observe.redaction import register_secret
from pywatt.protocol.init import InitBlob

SECRET_WORDS: Final = (
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "CREDENTIAL",
    "PRIVATE",
    "API_KEY",
    "DSN",
)


def register_init_secrets(init: InitBlob) -> None:
    """Hide the token, and the values of `env` whose names sound secret, from every log line."""
    if init.auth_token:
        register_secret(init.auth_token)
    for name, value in init.env.items():
        if value and any(word in name.upper() for word in SECRET_WORDS):
            register_secret(value)
