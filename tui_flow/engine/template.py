"""The engine's end of a template: one version of one flow file, imported in a process that forks its runs."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.orders import Order, encode
from tui_flow.contract.rundir import RunSpec
from tui_flow.contract.version import Version
from tui_flow.engine import children

_MAX_PACKET = 4096
_BUFFER = 1024 * 1024
"""Bytes that may be on their way; the system may grant less: some two hundred orders."""


class Asked(NamedTuple):
    """Who asked for a run, and is to be told what became of that."""

    gone: Callable[[], None]
    """The keeper is gone."""
    lost: Callable[[], None]
    """Nobody began the run: it has to be started in another way."""
    ended: Callable[[int], None]
    """The keeper's return code, if it comes to be known."""


class Template:
    def __init__(
        self,
        child: "subprocess.Popen[bytes]",
        service: socket.socket,
        path: str,
        version: Version,
        said: list[str],
    ) -> None:
        """`said` is what the import printed, to each of the two streams. In a running event loop."""
        self.path, self.version = path, version
        self.made_at = self.used_at = 0.0
        """Monotonic; the owner's to keep."""
        self.made_on = (0, 0, 0)
        """Year, month and day of this host: the owner's, too."""
        self.forked = 0
        """How many runs it has begun."""
        self.is_alive = True
        self._child, self._service, self._said = child, service, said
        self._asked: dict[int, Asked] = {}
        self._begun: dict[int, Asked] = {}
        self._loop = asyncio.get_running_loop()
        service.setblocking(False)
        service.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._loop.add_reader(service, self._hear)

    @property
    def pid(self) -> int:
        return self._child.pid

    def fork(self, run_id: int, directory: Path, spec: RunSpec, asked: Asked) -> bool:
        """Asks for a run. False where it cannot even be asked: it is too busy, or not alive any more."""
        if not self.is_alive:
            return False
        try:
            self._service.send(encode(Order(run_id, directory, self._said, spec)))
        except BlockingIOError:  # more at once than the socket holds: waiting would keep the engine
            return False
        except OSError:  # it is dead, or does not listen
            self.end()
            return False
        self._asked[run_id] = asked
        self.forked += 1
        return True

    def end(self) -> None:
        """It is wanted no more: it ends as soon as its runs are over."""
        if self.is_alive:
            self.is_alive = False
            with suppress(OSError):
                self._service.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """At once. Its runs go on."""
        self.end()
        with suppress(ProcessLookupError):
            self._child.kill()

    def gone(self) -> None:
        """Its process is: what it has not begun is lost."""
        self.is_alive = False
        while self._hear():
            continue
        self._loop.remove_reader(self._service)
        self._service.close()
        self._child.wait()
        for asked in [self._asked.pop(id) for id in list(self._asked)]:
            asked.lost()

    def _hear(self) -> bool:
        try:
            data, fds, _, _ = socket.recv_fds(self._service, _MAX_PACKET, 1)
        except BlockingIOError:
            return False
        except OSError:
            data, fds = b"", []
        if not data:
            self._loop.remove_reader(self._service)
            return False
        self._take(json.loads(data), fds)
        return True

    def _take(self, told: dict[str, Any], fds: list[int]) -> None:
        run_id = told["run"]
        if "pid" in told:
            self._begun[run_id] = asked = self._asked.pop(run_id)
            children.on_readable(fds[0], asked.gone)
        elif "code" in told and run_id in self._begun:
            self._begun.pop(run_id).ended(told["code"])
        elif "error" in told:
            self._asked.pop(run_id).lost()
        for fd in fds[1:]:
            os.close(fd)
