"""Who is at the other end of a local connection, by the word of the kernel."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys
import termios
from typing import Any, Final, Protocol

import attrs

from pywatt.errors import InvalidConfig

ALLOWED_UIDS_VARIABLE: Final = "PYWATT_ALLOWED_PEER_UIDS"

MAPPED: Final = b"\0" * 10 + b"\xff\xff"
"""How an IPv6 address begins that stands for an IPv4 one."""


class SocketLike(Protocol):
    """A socket, or what an event loop shows of one."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """One of its options."""

    def getsockname(self) -> Any:
        """The address of this end."""

    def getpeername(self) -> Any:
        """The address of the other end."""

    def fileno(self) -> int:
        """Its file descriptor."""
        ...


@attrs.frozen
class PeerCredentials:
    """The process at the other end of a Unix socket; its pid is None where the system does not tell."""

    pid: int | None
    uid: int
    gid: int


def read(sock: SocketLike) -> PeerCredentials | None:
    """Ask the kernel who is at the other end of a connected Unix socket.

    Returns:
        None on a system that does not tell.
    """
    if sys.platform == "linux":
        found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, gid = struct.unpack("3i", found)
        return PeerCredentials(pid, uid, gid)
    elif sys.platform == "darwin":  # noqa: RET505  the type checker follows no other form
        return _read_xucred(sock)
    else:
        return None


def _read_xucred(sock: SocketLike) -> PeerCredentials:
    sol_local, local_peercred, local_peerpid = 0, 1, 2
    # struct xucred: version, uid, number of groups, 16 groups.
    found = struct.unpack_from("=IIhxxI", sock.getsockopt(sol_local, local_peercred, 76))
    (pid,) = struct.unpack("=i", sock.getsockopt(sol_local, local_peerpid, 4))
    return PeerCredentials(pid, found[1], found[3])


def allowed_uids() -> frozenset[int]:
    """The users whose processes may be at the other end: ours, root, and those of PYWATT_ALLOWED_PEER_UIDS.

    Raises:
        InvalidConfig: the variable holds something else than numbers with commas between.
    """
    text = os.environ.get(ALLOWED_UIDS_VARIABLE, "")
    try:
        extra = {int(part) for part in text.split(",") if part.strip()}
    except ValueError:
        raise InvalidConfig(f"{ALLOWED_UIDS_VARIABLE} must be user ids with commas between") from None
    return frozenset({os.geteuid(), 0} | extra)


def same_session(pid: int, session: int) -> bool:
    """Whether a process is in a session; False when it is gone."""
    try:
        return os.getsid(pid) == session
    except OSError:
        return False


def tcp_peer_pid(sock: SocketLike, session: int | None = None) -> int | None:
    """Find the process on this machine at the other end of a TCP connection.

    Args:
        sock: the connected socket of this end.
        session: look only among the processes of this session; much faster.

    Returns:
        None when the peer is on another machine, gone, not ours to see, or the system is not Linux.
    """
    try:
        inode = _tcp_inode(own=sock.getpeername(), other=sock.getsockname())
    except OSError:  # it is not connected any more
        return None
    if inode is None:
        return None
    target = f"socket:[{inode}]"
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or (session is not None and not same_session(int(entry), session)):
            continue
        if _holds(int(entry), target):
            return int(entry)
    return None


def has_hung_up(sock: SocketLike) -> bool:
    """Tell whether the peer has closed its end already; False where the system is not Linux.

    Args:
        sock: a connected socket, of which nothing is read.
    """
    if sys.platform == "linux":
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))
    else:  # noqa: RET505  the type checker follows no other form
        return False


def unread_bytes(sock: SocketLike) -> int:
    """Count what the peer has sent and nobody has read yet; 0 where the system does not tell.

    Args:
        sock: a connected socket.
    """
    if sys.platform == "linux":
        buffer = bytearray(4)
        fcntl.ioctl(sock.fileno(), termios.FIONREAD, buffer)
        return int.from_bytes(buffer, sys.byteorder)
    else:  # noqa: RET505  the type checker follows no other form
        return 0


def _holds(pid: int, target: str) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(f"{folder}/{descriptor}") == target:
                return True
        except OSError:
            continue
    return False


def _tcp_inode(own: tuple[str, int], other: tuple[str, int]) -> str | None:
    """The inode of the socket whose own and other address these are."""
    for name in ("tcp", "tcp6"):
        wanted = _forms(own), _forms(other)
        try:
            with open(f"/proc/net/{name}", encoding="ascii") as table:
                lines = table.readlines()
        except OSError:
            continue
        for line in lines[1:]:
            fields = line.split()
            if fields[1] in wanted[0] and fields[2] in wanted[1] and fields[9] != "0":
                return fields[9]
    return None


def _forms(address: tuple[str, int]) -> tuple[str, ...]:
    """How the kernel prints an address: words in the machine's order, IPv4 also as mapped into IPv6."""
    host = address[0].partition("%")[0]
    if ":" not in host:
        plain = socket.inet_pton(socket.AF_INET, host)
        packed = [plain, MAPPED + plain]
    else:
        full = socket.inet_pton(socket.AF_INET6, host)
        packed = [full, full[12:]] if full.startswith(MAPPED) else [full]
    return tuple(f"{_words(one)}:{address[1]:04X}" for one in packed)


def _words(packed: bytes) -> str:
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words)
