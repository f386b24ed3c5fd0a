"""Keeps the history's flows equal to what `flows/` holds: describes what is new, and forgets what is gone.

Good news is published at once. Bad news (a file is broken, or holds fewer flows, or is gone) is published when the
file has been still for a moment, since an editor may be in the middle of it. A broken file keeps the flows of its
last good version. A file that was described well is not described again until its text changes, also by a later engine;
a broken one is tried again with every engine, and when something else in `flows/` changes that may have mended it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tui_flow.contract.changes import FlowFileChanged
from tui_flow.contract.version import Version
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.describing import Description, describe
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.flow_files import FlowSource
from tui_flow.engine.templates import Templates
from tui_flow.engine.watcher import Watcher
from tui_flow.settings import Settings
from tui_flow.store import flows
from tui_flow.store.database import Connection
from tui_flow.store.records import Flow, FlowFile

AT_ONCE = 2
"""Describing processes."""
FEW = 4
"""So many saved files are held ready; when more are saved at once, as by a checkout, none are."""
STILL_SECONDS = 0.5


class Held(NamedTuple):
    """A description that is bad news, and when it may be published."""

    description: Description
    due_at: float


class Discovery:
    def __init__(
        self,
        settings: Settings,
        db: Connection,
        clock: Clock,
        watcher: Watcher,
        bus: Bus,
        wake: Callable[[], None],
        templates: Templates,
        log: EngineLog,
    ) -> None:
        self.settings, self._db, self._clock = settings, db, clock
        self._watcher, self._bus, self._wake, self._templates = watcher, bus, wake, templates
        self._files = {file.path: file for file in flows.list_flow_files(db)}
        self._parts: dict[str, dict[str, str]] = {}
        """The modules of the project that had a part in what is known of a file, and the SHA-256 of each."""
        for file in self._files.values():
            self._restore(file)
        self._done = {path: file.sha for path, file in self._files.items() if file.state == "ok"}
        self._log = log
        self._retryable: set[str] = set()
        self._crowded: set[str] = set()
        """Files of which a flow is left out, because another file has one of its name."""
        self._seen: dict[str, FlowSource] = {}
        self._tasks: dict[str, tuple[str, asyncio.Task[Description]]] = {}
        self._held: dict[str, Held] = {}
        self._gone_at: dict[str, float] = {}
        self._waiters: list[tuple[str | None, asyncio.Event]] = []

    @property
    def broken(self) -> int:
        """How many flow files are broken."""
        return sum(file.state == "broken" for file in self._files.values())

    def file_of(self, path: str) -> FlowFile | None:
        """A flow file as the history has it."""
        return self._files.get(path)

    def is_done(self, path: str | None) -> bool:
        """Whether the history says of that file, or of all, what the watcher last saw of them."""
        if self._watcher.sources is not self._seen:
            return False
        if path is not None:
            return path in self._done or path not in self._seen
        return not self._gone_at and self._seen.keys() <= self._done.keys()

    async def wait_done(self, path: str | None = None) -> None:
        while not self.is_done(path):
            event = asyncio.Event()
            self._waiters.append((path, event))
            self._wake()
            await event.wait()

    def tick(self, now: float) -> float:
        """Compares, describes, publishes. Gives when the next held news is due."""
        if self._watcher.sources is not self._seen:
            self._compare(now)
        for path, (_, task) in list(self._tasks.items()):
            if task.done():
                self._take(path, task.result(), now)
        for path, held in list(self._held.items()):
            if held.due_at <= now:
                self._publish(path, held.description)
        for path, due_at in list(self._gone_at.items()):
            if due_at <= now:
                self._remove(path)
        self._start()
        self._release()
        return min(
            [*(held.due_at for held in self._held.values()), *self._gone_at.values()], default=float("inf")
        )

    def stop(self) -> None:
        """Ends the describing processes."""
        for path in list(self._tasks):
            self._cancel(path)
        for path in list(self._held):
            self._drop(path)

    def _restore(self, file: FlowFile) -> None:
        """Goes on from what an earlier engine knew of a file."""
        with suppress(ValueError, KeyError, TypeError):
            version = Version.from_json(file.version or "")
            self._templates.restore(file.path, version)
            if file.state == "ok":
                self._parts[file.path] = version.module_shas
                self._watcher.follow(file.path, version.module_shas)

    def _cancel(self, path: str) -> None:
        _, task = self._tasks.pop(path)
        if not task.cancel() and not task.cancelled() and task.exception() is None:
            task.result().drop()  # it was done already, and nobody wants it

    def _drop(self, path: str) -> None:
        held = self._held.pop(path, None)
        if held is not None:
            held.description.drop()

    def _compare(self, now: float) -> None:
        before, self._seen = self._seen, self._watcher.sources
        changed = {path for path in before.keys() | self._seen.keys() if _differ(before, self._seen, path)}
        stale = {path for path in self._parts if path in self._seen and not self._is_made_of_these(path)}
        again = self._retryable | self._crowded
        for path in changed | stale | again if changed or stale else ():
            source, file = self._seen.get(path), self._files.get(path)
            is_other = source is None or self._done.get(path) != source.sha or path in stale
            if is_other or path in self._crowded or (file and file.state == "broken"):
                self._done.pop(path, None)
                self._parts.pop(path, None)
                self._drop(path)
        for path, (sha, _) in list(self._tasks.items()):
            if path not in self._seen or self._seen[path].sha != sha:
                self._cancel(path)
        gone = self._files.keys() - self._seen.keys()
        self._gone_at = {path: self._gone_at.get(path, now + STILL_SECONDS) for path in gone}

    def _start(self) -> None:
        """Describes what is to be described, a few at once."""
        for path, source in self._seen.items():
            if len(self._tasks) >= AT_ONCE:
                return
            if path in self._tasks or path in self._held or path in self._done:
                continue
            if source.error is not None:
                self._publish(path, Description("", [], source.error))
                continue
            waiting = sum(one not in self._done for one in self._seen)
            stays = self._templates.are_wanted and waiting <= FEW
            limit = self.settings.import_timeout_seconds
            task = asyncio.create_task(describe(self.settings.project, path, limit, stays))
            task.add_done_callback(lambda _: self._wake())
            self._tasks[path] = source.sha, task

    def _take(self, path: str, description: Description, now: float) -> None:
        """Publishes what was found out, or holds it back for a moment."""
        sha, _ = self._tasks.pop(path)
        if description.sha not in ("", sha):
            self._watcher.hint()  # the file changed before it was imported: what was found is of a later text
            description.drop()
            return
        description = description._replace(sha=sha)
        self._parts[path] = self._follow_modules(path, description)
        if not self._is_made_of_these(path):
            self._watcher.hint()  # a module changed since it was imported: the next look finds out
        lost = {flow.name for flow in self._flows_of(path)} - {flow.name for flow in description.flows}
        still_for = self._clock.time() - self._changed_at(path)
        if (description.error or lost) and 0 <= still_for < STILL_SECONDS:
            self._held[path] = Held(description, now + STILL_SECONDS - still_for)
        else:
            self._publish(path, description)

    def _publish(self, path: str, found: Description) -> None:
        self._held.pop(path, None)
        self._crowded.discard(path)
        if found.error is None:
            found = self._without_namesakes(path, found)
        broken = found.error is not None
        file = FlowFile(
            path,
            found.sha,
            "broken" if broken else "ok",
            found.error,
            found.line,
            found.traceback,
            self._clock.time(),
            self._version_text(path, found),
        )
        known, self._files[path] = self._files.get(path), file
        self._done[path] = self._seen[path].sha
        self._retryable.discard(path)
        if broken and not found.died:
            self._retryable.add(path)
        flows.save_described(self._db, file, found.flows)
        if broken:
            found.drop()
        else:
            self._templates.publish(path, found)
        if known is None or known[:6] + known[7:] != file[:6] + file[7:]:
            self._bus.publish(FlowFileChanged(path, file.state))

    def _without_namesakes(self, path: str, found: Description) -> Description:
        """Without the flows whose names are those of flows in other files, as helpers often are; broken where no other is
        left. A file that is gone does not count."""
        taken = {
            flow.name: other for flow in found.flows if (other := self._namesake(flow, path)) is not None
        }
        if not taken:
            return found
        self._crowded.add(path)
        name, other = next(iter(taken.items()))
        if len(taken) < len(found.flows):
            self._log.warn(f"{path}: {name!r} is a flow of {other}; here it runs by its path: {path}:{name}")
            return found._replace(flows=[flow for flow in found.flows if flow.name not in taken])
        found.drop()
        line = next(flow.line for flow in found.flows if flow.name == name)
        error = f"flow {name!r} is defined in {other} as well; rename one of them, or run it by its path"
        return Description(found.sha, [], error, line)

    def _namesake(self, flow: Flow, path: str) -> str | None:
        """The other file that has a flow of that name."""
        other = flows.get_namesake(self._db, flow.name, path)
        if other is None:
            return None
        if other.path in self._seen:
            return other.path
        self._remove(other.path)
        return None

    def _remove(self, path: str) -> None:
        self._gone_at.pop(path, None)
        self._done.pop(path, None)
        self._crowded.discard(path)
        self._parts.pop(path, None)
        self._watcher.follow(path, {})
        self._templates.forget(path)
        self._retryable.discard(path)
        del self._files[path]
        flows.delete_file(self._db, path)
        self._bus.publish(FlowFileChanged(path, "removed"))
        for other in self._retryable | self._crowded:
            self._done.pop(other, None)

    def _version_text(self, path: str, found: Description) -> str | None:
        """The version that the flows of a file run: found now, or the last good one."""
        if found.version is not None:
            return found.version.to_json()
        known = self._files.get(path)
        return known.version if known else None

    def _follow_modules(self, path: str, found: Description) -> dict[str, str]:
        """Has the modules watched that had a part in a description; gives the SHA-256 of each, as it was then.

        A broken file may be mended by any that its last good version had.
        """
        parts, known = found.modules, self._templates.version_of(path)
        if found.error is not None and known is not None:
            parts = dict.fromkeys(known.module_shas, "") | parts
        now = self._watcher.follow(path, parts)
        if found.error is None:
            return parts
        return {part: sha or now[part].sha for part, sha in parts.items()}

    def _is_made_of_these(self, path: str) -> bool:
        """Whether the modules of the project that a file was described with are what they were."""
        modules = self._watcher.modules
        return all(path not in modules or modules[path].sha == sha for path, sha in self._parts[path].items())

    def _changed_at(self, path: str) -> float:
        """When the file, or a module that had a part in it, was changed last: seconds since the epoch."""
        modules = [self._watcher.modules[part] for part in self._parts[path] if part in self._watcher.modules]
        return max(source.stamp.mtime_ns for source in (self._seen[path], *modules)) / 1e9

    def _flows_of(self, path: str) -> list[Flow]:
        return [flow for flow in flows.list_flows(self._db) if flow.path == path]

    def _release(self) -> None:
        waiting = [(path, event) for path, event in self._waiters if not self.is_done(path)]
        for path, event in self._waiters:
            if self.is_done(path):
                event.set()
        self._waiters = waiting


def _differ(before: dict[str, FlowSource], after: dict[str, FlowSource], path: str) -> bool:
    old, new = before.get(path), after.get(path)
    return old is None or new is None or old._replace(settled=new.settled) != new
