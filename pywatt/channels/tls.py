"""TLS for TCP channels."""

from __future__ import annotations

import logging
import ssl

import attrs

from pywatt.errors import InvalidConfig

logger = logging.getLogger(__name__)


@attrs.frozen
class TlsConfig:
    """How a TCP channel speaks TLS, version 1.2 or later.

    Args:
        ca_cert_path: the authority to trust instead of the system's.
        client_cert_path: our certificate; needs the key too.
        client_key_path: its key.
        server_name: the name to ask for and to verify; the host when None.
        verify_server: whether the peer's certificate must be valid.
    """

    ca_cert_path: str | None = None
    client_cert_path: str | None = None
    client_key_path: str | None = None
    server_name: str | None = None
    verify_server: bool = True


def client_context(config: TlsConfig) -> ssl.SSLContext:
    """The context of the connecting side.

    Raises:
        InvalidConfig: a file cannot be used, or a certificate and its key are not given together.
    """
    if (config.client_cert_path is None) != (config.client_key_path is None):
        raise InvalidConfig("TLS: a client certificate and its key must be given together")
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=config.ca_cert_path)
        if config.client_cert_path is not None:
            context.load_cert_chain(config.client_cert_path, config.client_key_path)
    except (OSError, ValueError) as error:
        raise InvalidConfig(f"TLS: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not config.verify_server:
        logger.warning("TLS: the certificate of the peer is not verified")
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
