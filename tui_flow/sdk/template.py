"""The template: a process that has imported one version of one flow file, and forks a keeper and its worker on request.

`describe` becomes one once it has answered, where the engine wants that and the import left nothing that a fork would
spoil (`footprint`). The engine asks over a socket of packets (`contract.orders`), and is told, one JSON object each and
in any order,

    {"run": 12, "pid": 4711}   with a pidfd of the keeper: it was given that run
    {"run": 12, "error": …}    there was no process to be had
    {"run": 12, "code": 0}     the keeper has ended, with that return code as `subprocess` has it

One keeper with a worker is always forked ahead, since that is most of the time that a run needs to begin. Both get the
order at once, so that they make ready side by side; the worker waits at its gate for the keeper. A keeper
leads a session of its own and outlives its template; a worker dies with its keeper. When the engine closes the socket
the template waits for its keepers and ends; when the engine dies, the template does.
"""

import json
import os
import select
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tui_flow.contract import orders, rundir
from tui_flow.sdk import footprint, keeper, marking, worker
from tui_flow.sdk.flow_run import load_version
from tui_flow.sdk.forking import Signals, fork_worker
from tui_flow.sdk.inheriting import Inheritance
from tui_flow.sdk.process_tree import adopt_orphans

AHEAD_MS = 40
"""So long after the last request a keeper is forked ahead, so that it does not compete with the run that begins."""
_REHEARSAL = "tui_flow.sdk.rehearsal"
_ON_THE_WAY = (
    "atexit", "faulthandler", "hashlib", "importlib.util", "linecache", "random", "threading", "traceback",
    "tui_flow.sdk.flow_run", "tui_flow.sdk.futures", "tui_flow.sdk.logging", "tui_flow.sdk.params",
    "tui_flow.sdk.recorder", "tui_flow.sdk.task_runners", "tui_flow.sdk.timeouts", _REHEARSAL,
)  # fmt: skip
_COMMAND = [sys.executable, "-m", "tui_flow.sdk.keeper"]


class Seat:
    """What is to be seen to before the flow file is imported, if this process is to become a template."""

    def __init__(self, service: int, path: Path, project: Path) -> None:
        """`service` is the descriptor of the socket. Raises OSError where this system cannot have templates."""
        if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
            raise OSError("forking is safe, and can be watched, on Linux from 5.3 on")
        self._path = path
        self._hidden = _hidden(frozenset(sys.modules), [path.parent, project])
        self.service = socket.socket(fileno=service)
        self._marks = marking.Marks()
        marking.hide()
        self._inheritance = Inheritance()
        self._before = footprint.take()

    def objection(self) -> str:
        """What stands against a template after the import; empty where nothing does."""
        if self._hidden:
            return (
                f"finds {self._hidden} on its path, which stands in for a module that a template has loaded"
            )
        return footprint.left_behind(self._before, footprint.take())

    def serve(self, imported: worker.Imported, project: Path) -> None:
        """The rest of this process's life."""
        adopt_orphans(False)
        for name in _ON_THE_WAY:
            import_module(name)
        version = imported.version
        load_version(str(project), str(self._path), version.sha, version.module_shas)
        self._inheritance.settle()
        self._marks.show([sys.executable, "-m", "tui_flow.sdk.template", str(self._path)])
        _talk_to(project / rundir.STATE_DIR / rundir.ENGINE_LOG)
        Template(self.service, project, self._path, imported, self._marks, self._inheritance).serve()


class Kept(NamedTuple):
    """A keeper that was forked, as its parent sees it."""

    pid: int
    pidfd: int
    line: socket.socket
    """To the keeper and its worker: each of them takes one packet, its order, or ends when this is closed."""


class Template:
    def __init__(
        self,
        service: socket.socket,
        project: Path,
        path: Path,
        imported: worker.Imported,
        marks: marking.Marks,
        inheritance: Inheritance,
    ) -> None:
        self._service, self._imported, self._marks = service, imported, marks
        self._project, self._path = project, path
        self._inheritance = inheritance
        self._ahead: Kept | None = None
        self._keepers: dict[int, tuple[int, int]] = {}  # pid and run, by pidfd
        self._is_wanted = True
        self._poll = select.poll()
        self._poll.register(service, select.POLLIN)

    def serve(self) -> None:
        """Until the engine wants it no more and all its keepers are gone."""
        while self._is_wanted or self._keepers:
            is_idle = self._ahead is not None or not self._is_wanted
            ready = self._poll.poll(None if is_idle else AHEAD_MS)
            if not ready:
                with suppress(OSError):  # no process to be had: perhaps when one is needed
                    self._ahead = self._fork(is_ahead=True)
            for fd, _ in ready:
                if fd == self._service.fileno():
                    self._hear()
                elif self._ahead is not None and fd == self._ahead.pidfd:
                    self._reap(self._dismiss(self._ahead))
                else:
                    self._reap(fd)

    def _hear(self) -> None:
        try:
            packet = self._service.recv(orders.MAX_PACKET)
        except ConnectionError:
            packet = b""
        if packet:
            self._start(packet)
            return
        self._is_wanted = False
        self._poll.unregister(self._service)
        if self._ahead is not None:
            self._dismiss(self._ahead)

    def _dismiss(self, kept: Kept) -> int:
        """Lets the one that was forked ahead go. It is reaped like the others."""
        kept.line.close()
        self._ahead = None
        self._keepers[kept.pidfd] = kept.pid, 0
        return kept.pidfd

    def _start(self, packet: bytes) -> None:
        run = orders.run_id_of(packet)
        try:
            kept, self._ahead = self._ahead or self._fork(is_ahead=False), None
        except OSError as error:
            self._tell({"run": run, "error": error.strerror or str(error)})
            return
        with (
            suppress(BrokenPipeError),
            kept.line,
        ):  # whoever is killed before it has heard, is seen like any other end
            kept.line.send(packet)
            kept.line.send(packet)
        self._keepers[kept.pidfd] = kept.pid, run
        self._tell({"run": run, "pid": kept.pid}, kept.pidfd)

    def _reap(self, pidfd: int) -> None:
        pid, run = self._keepers.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        if run:
            self._tell({"run": run, "code": os.waitstatus_to_exitcode(status)})

    def _tell(self, message: dict[str, Any], *fds: int) -> None:
        with suppress(ConnectionError):  # nobody listens any more: the run goes on all the same
            socket.send_fds(self._service, [json.dumps(message).encode()], list(fds))

    def _fork(self, is_ahead: bool) -> Kept:
        """A keeper with its worker, both waiting for their order. Raises OSError."""
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            pid = os.fork()
        except OSError:
            line.close()
            theirs.close()
            raise
        if pid == 0:
            self._live(line, theirs, is_ahead)
        theirs.close()
        kept = Kept(pid, os.pidfd_open(pid), line)
        self._poll.register(kept.pidfd, select.POLLIN)
        return kept

    def _live(self, line: socket.socket, mine: socket.socket, is_ahead: bool) -> NoReturn:
        """The keeper's whole life: it never returns to its parent's code."""
        code = 1
        try:
            for fd in (line.detach(), self._service.detach(), *self._keepers):
                os.close(fd)
            os.setsid()
            if is_ahead:
                self._marks.show(_COMMAND)
            signals = Signals()
            forked = fork_worker(lambda wait: self._work(mine, wait, is_ahead), signals.forget)
            if is_ahead:
                import_module(_REHEARSAL).keep()
            order = self._take_order(mine)
            if order is None:
                os._exit(0)
            is_there = os.waitpid(forked.pid, os.WNOHANG) == (0, 0)
            ahead = keeper.Ahead(signals, forked) if is_there else None
            code = keeper.guard(order.directory, self._work_of(order), ahead, order.spec)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with suppress(Exception):
                sys.stderr.flush()
            os._exit(code)

    def _work(self, mine: socket.socket, wait: Any, is_ahead: bool) -> int:
        """The worker's whole life, from before it knows its run."""
        if is_ahead:
            import_module(_REHEARSAL).work(self._project, self._path, self._imported.version)
        order = self._take_order(mine)
        if order is None or order.spec is None:
            return 1
        return self._work_of(order)(order.spec, order.directory, wait)

    def _take_order(self, mine: socket.socket) -> orders.Order | None:
        """Waits for it, and takes on the marks of its run. None where there is none to come."""
        with mine:
            packet = mine.recv(orders.MAX_PACKET)
        if not packet:
            return None
        order = orders.decode(packet)
        if order.spec is not None:
            self._marks.set(order.directory, order.spec.cookie, [*_COMMAND, str(order.directory)])
        return order

    def _work_of(self, order: orders.Order) -> keeper.Work:
        """What a worker does once it knows its run."""

        def work(spec: rundir.RunSpec, directory: Path, wait: Any) -> int:
            worker.settle_in(spec, directory)

            def begin() -> worker.Imported:
                # Not before the recorder has its high descriptors: with threads, the kernel takes 10 ms to make room.
                self._inheritance.renew()
                for fd, text in zip((1, 2), order.said, strict=True):
                    _write(fd, text.encode("utf-8", "surrogateescape"))
                return self._imported

            return worker.run(spec, directory, wait, begin)

        return work


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _talk_to(path: Path) -> None:
    """From now on, what this process and its keepers have to say goes to that file, as a spawned keeper's does."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        fd = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    for standard in (1, 2):
        os.dup2(fd, standard)
    os.close(fd)


def _hidden(names: frozenset[str], folders: list[Path]) -> str:
    """The first file in these folders that an import would have found, had this process not been faster."""
    for folder in folders:
        with suppress(OSError):
            for name in sorted(os.listdir(folder)):  # noqa: PTH208
                if name.removesuffix(".py") in names:
                    return name
    return ""
