"""The engine's Unix socket: an address that fits, and who is at the other end."""

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_flow.contract.rundir import ENGINE_SOCKET

MAX_ADDRESS_BYTES = 100
"""A little less than what Linux (108) and macOS (104) take."""


@contextmanager
def address(state_dir: Path) -> Iterator[str]:
    """The socket's address, to be bound or connected to while the context lasts.

    A path that is too long for the kernel goes by way of an open directory; on macOS by the current folder, which is
    changed for that moment. Raises OSError where the state directory cannot be opened.
    """
    path = str(state_dir / ENGINE_SOCKET)
    if len(os.fsencode(path)) <= MAX_ADDRESS_BYTES:
        yield path
        return
    directory = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    before = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if sys.platform == "linux":
            yield f"/proc/self/fd/{directory}/{ENGINE_SOCKET}"
        else:
            os.fchdir(directory)
            yield ENGINE_SOCKET
            os.fchdir(before)
    finally:
        os.close(before)
        os.close(directory)


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, from the kernel."""
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return int(uid)
    local_peercred, xucred = 0x001, struct.Struct("IIh16I")  # getpeereid(3) is a wrapper for this
    _, uid, *_ = xucred.unpack(connection.getsockopt(0, local_peercred, xucred.size))
    return int(uid)
