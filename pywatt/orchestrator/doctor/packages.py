"""Which package has to be installed for an import."""

from __future__ import annotations

from typing import Final

EXTRAS: Final = {"fastapi": "fastapi", "starlette": "fastapi", "flask": "flask", "werkzeug": "flask"}
"""Imports that an extra of pywatt brings along."""

_PACKAGES: Final = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "grpc": "grpcio",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "usb": "pyusb",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


def package_for(name: str) -> tuple[str, bool]:
    """Return what to give to pip for an import, and whether that is known and not only the same name.

    Args:
        name: the imported name, dots included.
    """
    top = name.partition(".")[0]
    if top in EXTRAS:
        return f"'pywatt[{EXTRAS[top]}]'", True
    return _PACKAGES.get(top, top), top in _PACKAGES
