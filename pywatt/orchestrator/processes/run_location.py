"""Where the run directory of a configuration lies; light enough for every command line."""

import contextlib
import os
from typing import TYPE_CHECKING, Final

from pywatt.channels.limits import MAX_SOCKET_PATH

if TYPE_CHECKING:
    from hashlib import sha256 as _sha256
else:
    # As in the standard library's random.py: hashlib loads OpenSSL, which takes as long as all else here.
    try:
        from _sha2 import sha256 as _sha256
    except ImportError:  # before Python 3.12, or another Python
        try:
            from _sha256 import sha256 as _sha256
        except ImportError:
            from hashlib import sha256 as _sha256

LOCK: Final = "lock"
CONFIGURATION: Final = "configuration"
CONTROL_SOCKET: Final = "control.sock"
_MAX_NAME: Final = 32
_LONGEST_SOCKET_NAME: Final = 17  # 12 digits and ".sock"
_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


class RunLocation:
    """The places of one configuration's run; nothing of it need exist.

    Args:
        directory: the run directory.
        sockets: the directory of its sockets; another one when their paths would be too long.
    """

    def __init__(self, directory: str, sockets: str) -> None:
        self.directory = directory
        self.sockets = sockets

    @property
    def control_socket(self) -> str:
        """Where the orchestrator listens for commands."""
        return f"{self.sockets}/{CONTROL_SOCKET}"


def locate(configuration: str, base: str | None = None) -> RunLocation:
    """Return where the run of a configuration file lies.

    Args:
        configuration: the file; links in its path are followed.
        base: the home of run directories; None: `base_directory()`.
    """
    resolved = os.path.realpath(configuration)
    name = "".join(letter if letter in _SAFE else "-" for letter in os.path.basename(resolved)[:_MAX_NAME])
    directory = f"{base or base_directory()}/{name}-{digest(resolved)}"
    if len(os.fsencode(directory)) + 1 + _LONGEST_SOCKET_NAME <= MAX_SOCKET_PATH:
        return RunLocation(directory, directory)
    return RunLocation(directory, f"{fallback_directory()}/{digest(directory)}")


def base_directory() -> str:
    """Return the home of run directories: $PYWATT_RUN_DIR, $XDG_RUNTIME_DIR/pywatt, /tmp/pywatt-UID."""
    chosen = os.environ.get("PYWATT_RUN_DIR")
    if chosen:
        return os.path.abspath(chosen)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isabs(runtime) and _belongs_to_us(runtime):
        return os.path.join(runtime, "pywatt")
    return fallback_directory()


def fallback_directory() -> str:
    """Return a short path that is ours everywhere."""
    return f"/tmp/pywatt-{os.geteuid()}"  # noqa: S108  # owner, mode and symlinks are checked on opening


def digest(text: str) -> str:
    """Return 12 hex digits that stand for a text.

    Args:
        text: a path, or a name.
    """
    return _sha256(os.fsencode(text)).hexdigest()[:12]


def _belongs_to_us(path: str) -> bool:
    # After `sudo -E` the variable names the directory of another user.
    with contextlib.suppress(OSError):
        return os.stat(path).st_uid == os.geteuid()
    return False
