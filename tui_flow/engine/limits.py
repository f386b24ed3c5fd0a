"""How many runs may go on at once: in the whole engine, of a flow, of a tag, and one of each lane."""

from collections import Counter
from typing import NamedTuple

from tui_flow.counting import counted
from tui_flow.settings import Settings
from tui_flow.store import flows, served
from tui_flow.store.database import Connection
from tui_flow.store.records import FlowRun, ServedFlow

REFRESH_SECONDS = 1.0
"""Between two looks at what the flows say."""
PATIENCE_SECONDS = 60.0
"""A run that waited so long for one of its tags keeps the others free for it, too: nobody overtakes it there."""


class Limits:
    """What the settings and the flows allow."""

    def __init__(self, settings: Settings, db: Connection) -> None:
        self.settings = settings
        self.flows: dict[str, int] = {}
        self.served: dict[tuple[str, str | None], ServedFlow] = {}
        self._db = db
        self._next_at = float("-inf")

    @property
    def total(self) -> int:
        return self.settings.max_concurrent_runs

    @property
    def tags(self) -> dict[str, int]:
        return self.settings.tag_limits

    def changed(self) -> None:
        """They are to be read anew at once."""
        self._next_at = float("-inf")

    def refresh(self, now: float) -> None:
        """Reads the flows' own limits anew, once in a while."""
        if now >= self._next_at:
            self._next_at = now + REFRESH_SECONDS
            self.flows = flows.run_limits(self._db)
            self.served = {(one.flow, one.name): one for one in served.list_served(self._db)}


class Obstacle(NamedTuple):
    """Why a run cannot take a slot now."""

    limit: str
    """What it waits for, in a few letters: "tag io", "run 12"."""
    why: str
    """The same in words for its owner."""


class Held:
    """The slots that are taken, and by whom."""

    def __init__(self, limits: Limits, holding: list[FlowRun]) -> None:
        self._limits = limits
        self._total = 0
        self._flows: Counter[str] = Counter()
        self._served: Counter[tuple[str, str | None]] = Counter()
        self._servers: Counter[str] = Counter()
        self._tags: Counter[str] = Counter()
        self._lanes: dict[str, int] = {}
        self._claimed: dict[str, int] = {}
        for run in holding:
            self.add(run)

    @property
    def is_full(self) -> bool:
        return self._total >= self._limits.total

    def add(self, run: FlowRun) -> None:
        """The run takes a slot."""
        self._total += 1
        self._flows[run.flow] += 1
        served = self._limits.served.get((run.flow, run.served))
        if served is not None:
            self._served[run.flow, run.served] += 1
            self._servers[served.server or ""] += 1
        self._tags.update(tag for tag in run.tags if tag in self._limits.tags)
        if run.lane is not None:
            self._lanes[run.lane] = run.id

    def obstacle(self, run: FlowRun) -> Obstacle | None:
        """Why the run cannot take a slot now; None where it can."""
        limits = self._limits
        if run.lane is not None and run.lane in self._lanes:
            first = f"run {self._lanes[run.lane]}"
            return Obstacle(first, f"{first} of the same schedule is not over")
        of_flow = limits.flows.get(run.flow)
        if of_flow is not None and self._flows[run.flow] >= of_flow:
            why = f"flow {run.flow} runs {_times(self._flows[run.flow])} already, and may {of_flow}"
            return Obstacle(f"flow {self._flows[run.flow]}/{of_flow}", why)
        obstacle = self._obstacle_as_served(run)
        if obstacle:
            return obstacle
        for tag in run.tags:
            of_tag = limits.tags.get(tag)
            if of_tag is not None and self._tags[tag] >= of_tag:
                why = f"{_going(self._tags[tag], f'with tag {tag} ')}, and {of_tag} may (tag_limits)"
                return Obstacle(f"tag {tag}", why)
            if tag in self._claimed:
                return Obstacle(f"tag {tag}", f"run {self._claimed[tag]} with tag {tag} has waited longer")
        if self.is_full:
            why = f"{_going(self._total)}, and {limits.total} may (max_concurrent_runs)"
            return Obstacle(f"slots {self._total}/{limits.total}", why)
        return None

    def _obstacle_as_served(self, run: FlowRun) -> Obstacle | None:
        """What the script that serves its flow has to say."""
        served = self._limits.served.get((run.flow, run.served))
        if served is None:
            return None
        count, limit = self._served[run.flow, run.served], served.max_concurrent_runs
        if limit is not None and count >= limit:
            why = f"{served.full_name} runs {_times(count)} already, and may {limit}"
            return Obstacle(f"served {count}/{limit}", why)
        together, limit = self._servers[served.server or ""], served.server_limit
        if served.server is not None and limit is not None and together >= limit:
            why = f"{_going(together, f'of the script that serves {served.full_name} ')}, and {limit} may"
            return Obstacle(f"script {together}/{limit}", why)
        return None

    def note_waiting(self, run: FlowRun, at: float) -> None:
        """The run was passed over. Once it has waited long, nobody takes what it waits for."""
        if at - run.created_at < PATIENCE_SECONDS:
            return
        for tag in run.tags:
            if tag in self._limits.tags:
                self._claimed.setdefault(tag, run.id)


def _going(count: int, which: str = "") -> str:
    """ "1 run with tag io goes on", "4 runs go on"."""
    return f"{counted(count, 'run')} {which}{'goes' if count == 1 else 'go'} on"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times at once"
