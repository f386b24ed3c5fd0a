"""Which flow files are imported already, so that a run of one begins in milliseconds.

A template is kept for the current version of a file: after a save that described well, after a first run, and when it
is asked for (`warm`). A new version retires the one before; a file that is broken keeps that of its last good version.
The least recently used go first: when there are too many, when none of its runs came for `template_idle_seconds`, and
when memory is short. One in use is imported anew after `template_max_age_seconds`, since what a module reads when it is
imported (a config file, the time) stays as it was; and no run begins from an import of another day. Whatever becomes of a template, its runs go on, and a run that it has not begun is spawned.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tui_flow.contract.rundir import RunSpec
from tui_flow.contract.version import Version, relative
from tui_flow.engine.clock import Clock
from tui_flow.engine.describing import Description, describe
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.template import Asked, Template
from tui_flow.settings import Settings

WARM_AFTER_SECONDS = 1.0
"""A first run is not disturbed: its file is imported for the next one so much later."""
MEMORY_SECONDS = 5.0
"""Between two looks at the memory that is left."""
LEAST_MEMORY = 0.1
"""With a smaller part of the machine's memory available, templates go."""

Describe = Callable[[Path, str, float, bool], Awaitable[Description]]


class Templates:
    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        log: EngineLog,
        wake: Callable[[], None],
        describe: Describe = describe,
        memory_left: Callable[[], float] | None = None,
    ) -> None:
        """`memory_left` gives the part of the machine's memory that is available."""
        self.settings, self._clock, self._log, self._wake = settings, clock, log, wake
        self._describe, self._memory_left = describe, memory_left or available_memory
        self._versions: dict[str, Version] = {}
        self._templates: dict[str, Template] = {}
        self._hopeless: set[str] = set()
        self._wanted: dict[str, float] = {}  # by path: when to import it
        self._warming: dict[str, asyncio.Task[Description]] = {}
        self._next_look_at = 0.0
        self._is_short = False

    @property
    def are_wanted(self) -> bool:
        """Whether there may be any."""
        settings = self.settings
        return settings.template_idle_seconds > 0 and settings.max_templates > 0 and not self._is_short

    def version_of(self, path: Path | str) -> Version | None:
        """What a run of that flow file runs now: its last good version."""
        return self._versions.get(self._relative(path))

    def is_warm(self, path: Path | str) -> bool:
        """Whether a run of the file, as it is now, would be forked."""
        template = self._templates.get(self._relative(path))
        return template is not None and template.is_alive

    def publish(self, path: str, found: Description) -> None:
        """A file (relative to the project) has a new version, or the same one imported anew."""
        assert found.version is not None
        self._versions[path] = found.version
        self._hopeless.discard(path)
        self._wanted.pop(path, None)
        self._retire(path)
        self._keep(path, found)

    def restore(self, path: str, version: Version) -> None:
        """A file has the version that an earlier engine found."""
        self._versions[path] = version

    def forget(self, path: str) -> None:
        """The file is gone."""
        self._versions.pop(path, None)
        self._wanted.pop(path, None)
        self._retire(path)

    def warm(self, path: Path | str) -> None:
        """A run of that flow file is to come soon: imports it now, if nobody has."""
        self._want(self._relative(path), 0.0)

    def fork(self, run_id: int, directory: Path, spec: RunSpec, asked: Asked) -> bool:
        """Asks a template for a run. False where there is none for it: then it is to be spawned."""
        path = self._relative(spec.path)
        template, now = self._templates.get(path), self._clock.monotonic()
        if template is None:
            self._want(path, WARM_AFTER_SECONDS)
            return False
        if spec.source_sha not in ("", template.version.sha):
            return False
        template.used_at = now
        if template.made_on != self._today():  # a module that keeps the day it was imported on would be wrong
            self._wanted.setdefault(path, now + WARM_AFTER_SECONDS)
            self._wake()
            return False
        if template.fork(run_id, directory, spec, asked):
            return True
        if not template.is_alive:
            self._retire(path)
        return False

    def tick(self, now: float) -> float:
        """Imports what is wanted, one file at a time, and lets go of what is not needed."""
        self._take_up(now)
        self._let_go(now)
        self._renew(now)
        due = [at for at in self._wanted.values() if at > now]
        if self._wanted and not self._warming and self.are_wanted:
            path = min(self._wanted, key=self._wanted.__getitem__)
            if self._wanted[path] <= now:
                del self._wanted[path]
                self._import(path)
        if self._templates or self._is_short:
            due.append(self._next_look_at)
            due += [one.used_at + self.settings.template_idle_seconds for one in self._templates.values()]
            on_the_way = self._warming.keys() | self._wanted.keys()
            due += [self._too_old_at(path) for path in self._templates.keys() - on_the_way]
        return min(due, default=float("inf"))

    def stop(self) -> None:
        """Ends them all. Runs go on."""
        for task in self._warming.values():
            task.cancel()
        for path in list(self._templates):
            self._retire(path)

    def _relative(self, path: Path | str) -> str:
        return relative(str(path), self.settings.project) or str(path)

    def _want(self, path: str, seconds: float) -> None:
        is_there = path in self._templates or path in self._warming or path in self._hopeless
        if path not in self._versions or is_there or not self.are_wanted:
            return
        at = self._clock.monotonic() + seconds
        self._wanted[path] = min(at, self._wanted.get(path, at))
        self._wake()

    def _import(self, path: str) -> None:
        coroutine = self._describe(self.settings.project, path, self.settings.import_timeout_seconds, True)
        task = asyncio.ensure_future(coroutine)
        task.add_done_callback(lambda _: self._wake())
        self._warming[path] = task

    def _take_up(self, now: float) -> None:
        for path, task in list(self._warming.items()):
            if not task.done():
                continue
            del self._warming[path]
            found = task.result()
            # Anything but the current version is for the discovery to find out and publish.
            if found.version is not None and found.version == self._versions.get(path):
                self._retire(path)
                self._keep(path, found)
                self._wake()
            else:
                self._hopeless.add(path)
                self._retire(path)
                found.drop()
        if now >= self._next_look_at and (self._templates or self._is_short):
            self._next_look_at = now + MEMORY_SECONDS
            self._is_short = self._memory_left() < LEAST_MEMORY

    def _keep(self, path: str, found: Description) -> None:
        if found.template is None:
            if found.objection:
                self._hopeless.add(path)
                self._log.say(f"{path}: every run imports it anew: it {found.objection}")
            return
        found.template.made_at = found.template.used_at = self._clock.monotonic()
        found.template.made_on = self._today()
        self._templates[path] = found.template

    def _let_go(self, now: float) -> None:
        for path, template in list(self._templates.items()):
            idle = now - template.used_at >= self.settings.template_idle_seconds
            if not template.is_alive or idle or not self.are_wanted:
                self._retire(path)
        while len(self._templates) > self.settings.max_templates:
            self._retire(min(self._templates, key=lambda path: self._templates[path].used_at))

    def _renew(self, now: float) -> None:
        """Imports anew what was imported too long ago, and used since; what was not is let go of. Runs that begin
        meanwhile begin from the old one."""
        for path, template in list(self._templates.items()):
            if now < self._too_old_at(path) or path in self._warming or path in self._wanted:
                continue
            if template.used_at > template.made_at:
                self._wanted[path] = now
            else:
                self._retire(path)

    def _today(self) -> tuple[int, int, int]:
        """The day on this host."""
        year, month, day, *_ = time.localtime(self._clock.time())
        return year, month, day

    def _too_old_at(self, path: str) -> float:
        age = self.settings.template_max_age_seconds
        return self._templates[path].made_at + age if age > 0 else float("inf")

    def _retire(self, path: str) -> None:
        template = self._templates.pop(path, None)
        if template is not None:
            template.end()


def available_memory() -> float:
    """The part of the machine's memory that is available; all of it where nobody tells."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            told = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return told["MemAvailable"] / told["MemTotal"]
    except (OSError, ValueError, KeyError, IndexError):
        return 1.0
