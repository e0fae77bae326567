"""What the init line holds that no log may show."""

from __future__ import annotations

import re
from typing import Final

from pywatt.observe.redaction import register_secret
from pywatt.protocol.init import InitBlob

_SECRET_NAME: Final = re.compile("SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_KEY|DSN", re.IGNORECASE)


def register_init_secrets(init: InitBlob) -> None:
    """Hide the token, and the values of `env` whose names sound secret, from every log line."""
    if init.auth_token:
        register_secret(init.auth_token)
    for name, value in init.env.items():
        if value and _SECRET_NAME.search(name):
            register_secret(value)
