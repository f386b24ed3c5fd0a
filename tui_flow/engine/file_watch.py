"""What `on_file` watches: the files that match a pattern, as they come, change and are still.

A file is new where its path is, or its time of change or size is another than when it was last seen. It fires once two
looks that are `stable` apart have found it unchanged, so one that is still being written waits. Files that are there when
the trigger first looks are known, and fire nothing.
"""

from collections import deque
from typing import NamedTuple

from tui_flow.contract.schedules import OnFile
from tui_flow.contract.states import FireReason
from tui_flow.counting import counted
from tui_flow.engine.clock import Clock
from tui_flow.engine.file_search import FileSearch, Found
from tui_flow.engine.watches import AT_ONCE, Happening, Passed, Sighting
from tui_flow.store import events
from tui_flow.store.database import Connection
from tui_flow.store.records import Schedule

LOOK_SECONDS = 1.0
"""Between two looks."""
SHARE = 50
"""Looking takes at most one part in so many of the time."""
SLOW_SECONDS = 60.0
"""A look that takes longer is trouble."""
MAX_GONE = 10_000
"""Files that are known and not there any more; only with more of them are they forgotten, since a disk that is not mounted for a while
must not make all its files new."""


class _Moving(NamedTuple):
    """A file that is new, and may still be written."""

    stamp: str
    since: float
    """Monotonic: it has looked like that from then on."""


class FileWatch:
    def __init__(
        self,
        db: Connection,
        schedule: Schedule,
        when: OnFile,
        clock: Clock,
        search: FileSearch,
        begin: float | None,
    ) -> None:
        """`begin` is the time since which the trigger is there, where it is there for the first time."""
        self._when, self._clock, self._search = when, clock, search
        self.memory = schedule.memory or {}
        if begin is not None:
            self.memory = {"since": begin, "learn": ["", ""]}
        self.trouble = str(self.memory.get("trouble", ""))
        self._seen = events.seen_files(db, schedule.id)
        self._moving: dict[str, _Moving] = {}
        self._still: deque[tuple[str, str]] = deque()
        self._next_at = self._began_at = 0.0

    def look(self) -> Sighting | None:
        if self._still:
            return self._fires()
        now = self._clock.monotonic()
        if not self._search.is_busy and now >= self._due_at():
            self._began_at = now
            self._search.begin()
        found = self._search.take()
        if found is None:
            if self._search.is_busy and now - self._began_at >= SLOW_SECONDS:
                self.trouble = (
                    f"looking for files takes longer than {SLOW_SECONDS:g} s: does the disk answer?"
                )
            return None
        self._next_at = found.ended_at + max(LOOK_SECONDS, SHARE * (found.ended_at - found.began_at))
        self.trouble = found.trouble
        if found.is_cut:
            return None
        if "learn" in self.memory:
            return self._learned(found)
        self._compare(found)
        return self._fires() if self._still else self._forgotten(found)

    def settle(self, sighting: Sighting) -> None:
        self.memory = sighting.memory
        self._seen.update(sighting.seen)
        for path in sighting.forgotten:
            self._seen.pop(path, None)
        self._still = deque(one for one in self._still if one[0] not in sighting.seen)

    def pass_over(self, reason: FireReason, message: str) -> Sighting:
        """How many files that are, the next look tells."""
        return Sighting([], {**self.memory, "learn": [reason, message]})

    def due_at(self, now: float) -> float:
        if self._still:
            return now
        if not self._search.is_busy:
            return self._due_at()
        slow_at = self._began_at + SLOW_SECONDS
        return slow_at if slow_at > now else float("inf")

    def standing(self) -> str:
        if "learn" in self.memory:
            return "looks which files are there"
        moving = f"; {len(self._moving)} not still yet" if self._moving else ""
        return f"knows {counted(len(self._seen), 'file')}{moving}"

    def close(self) -> None:
        return

    def _due_at(self) -> float:
        """Sooner than usual where a file will have been still by then."""
        still_at = [one.since + self._when.stable_seconds for one in self._moving.values()]
        return min([self._next_at, *still_at])

    def _learned(self, found: Found) -> Sighting:
        """All that is there is known from now on. After a pause, a row tells how many were new."""
        reason, message = self.memory["learn"]
        memory = {name: value for name, value in self.memory.items() if name != "learn"}
        new = [path for path, stamp in found.files.items() if self._seen.get(path) != stamp]
        gone = frozenset(self._seen.keys() - found.files.keys())
        passed = None
        if reason and new:
            at = self._clock.time()
            passed = Passed(f"passed {at!r}", at, at, len(new), FireReason(reason), message)
        return Sighting([], memory, found.files, gone, passed)

    def _compare(self, found: Found) -> None:
        """Which files are new, and which of them are still."""
        moving: dict[str, _Moving] = {}
        still: list[tuple[str, str]] = []
        for path, stamp in found.files.items():
            if self._seen.get(path) == stamp:
                continue
            before = self._moving.get(path)
            since = before.since if before and before.stamp == stamp else found.ended_at
            if found.began_at - since >= self._when.stable_seconds or not self._when.stable_seconds:
                still.append((path, stamp))
            else:
                moving[path] = _Moving(stamp, since)
        self._moving = moving
        self._still.extend(sorted(still, key=lambda one: (_times(one[1]), one[0])))

    def _fires(self) -> Sighting:
        some = [self._still[at] for at in range(min(len(self._still), AT_ONCE))]
        return Sighting([self._happening(*one) for one in some], self.memory, dict(some))

    def _forgotten(self, found: Found) -> Sighting | None:
        gone = self._seen.keys() - found.files.keys()
        if len(gone) <= MAX_GONE or found.trouble:
            return None
        return Sighting([], self.memory, forgotten=frozenset(gone))

    def _happening(self, path: str, stamp: str) -> Happening:
        modified_ns, size = _times(stamp)
        cause = {"kind": "file", "path": path, "size": size, "modified_at": modified_ns / 1e9}
        return Happening(f"{path} {stamp}", self._clock.time(), cause, path, f"file {path}")


def _times(stamp: str) -> tuple[int, int]:
    """Time of change in nanoseconds, and size."""
    modified_ns, _, size = stamp.partition(" ")
    return int(modified_ns), int(size)
