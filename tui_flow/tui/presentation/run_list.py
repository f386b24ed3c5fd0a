"""The Runs view's rows: a window on a history that may hold a million runs."""

import json
import re
from collections.abc import Collection, Container

from tui_flow.contract.states import WENT_WRONG, FlowRunState
from tui_flow.store.records import FlowRun
from tui_flow.store.runs import Wanted
from tui_flow.tui.presentation import Line, filters, times
from tui_flow.tui.presentation.filters import Filter, Subject
from tui_flow.tui.presentation.flow_list import begins
from tui_flow.tui.presentation.glyphs import role, word

PAGE = 200
"""Runs that are read at once."""
MOST = 5_000
"""Runs that are kept at once; those farthest from the cursor are let go."""
WAITS = "waits for an answer: p"
NEWER_AT_MOST = 100
"""So many newer runs are counted; of more it says that there are more."""
_INDEXED = re.compile(r"[A-Za-z0-9_-]+")


class RunWindow:
    """Neighbouring runs of the history, the newest first: what has been read around the cursor."""

    def __init__(self) -> None:
        self.runs: list[FlowRun] = []
        self.older: int | None = 2**62
        """Where to go on reading downwards: ids below it; None where the oldest run is here."""
        self.newer: int | None = None
        """Where to go on reading upwards: ids above it; None where the newest run is here."""

        self.searched_to: int | None = None
        """How far down the search has come that fills it."""
        self.out: set[int] = set()
        """Those that the filter let through when they were read, and does no more."""
        self.is_cut = False
        """Whether it is sorted, and there are older runs that are not in it."""

    @property
    def is_whole(self) -> bool:
        """Whether all runs are here that there are."""
        return self.older is None and self.newer is None and not self.is_cut

    @property
    def newest_id(self) -> int:
        return max(run.id for run in self.runs)

    def place_of(self, run_id: int) -> int | None:
        return next((place for place, run in enumerate(self.runs) if run.id == run_id), None)

    def neighbour(self, run: FlowRun, *, older: bool) -> int | None:
        """The place of the run of the same flow that came before, or after; None where that is not here."""
        ids = (one.id for one in self.runs if one.flow == run.flow)
        if older:
            found = max((id for id in ids if id < run.id), default=None)
        else:
            found = min((id for id in ids if id > run.id), default=None)
        return None if found is None else self.place_of(found)

    def keep_sorted(self, found: list[FlowRun], *, is_cut: bool) -> None:
        """Takes runs in that stand in another order; nothing is read beside them."""
        self.runs, self.older, self.newer, self.is_cut = found, None, None, is_cut

    def add_older(self, found: list[FlowRun], older: int | None) -> int:
        """Takes runs in below. How many above were let go."""
        self.runs += found
        self.older = older
        gone = max(0, len(self.runs) - MOST)
        if gone:
            self.newer = self.runs[gone].id
            del self.runs[:gone]
        return gone

    def add_newer(self, found: list[FlowRun], newer: int | None) -> int:
        """Takes runs in above, which come the oldest first. How many there were."""
        self.runs[:0] = found[::-1]
        self.newer = newer
        if len(self.runs) > MOST:
            del self.runs[MOST:]
            self.older = self.runs[-1].id
        return len(found)

    def renew(self, found: list[FlowRun], out: Collection[int] = ()) -> list[int]:
        """Takes in what has become of runs that are here; those that are `out` stay, since nothing moves under the
        cursor. The places of those that changed."""
        places = {run.id: place for place, run in enumerate(self.runs)}
        changed = []
        for run in found:
            place = places.get(run.id)
            if place is not None and (self.runs[place] != run or (run.id in out) != (run.id in self.out)):
                self.runs[place] = run
                changed.append(place)
        self.out = (self.out - {run.id for run in found}) | (places.keys() & set(out))
        return changed


def wanted(filter: Filter, now: float) -> Wanted:
    """What of a filter the history can look for by itself; the filter has the last word."""
    plain = [term for term in filter.terms if not term.is_not and term.value]
    named = [filters.states_of(term.value, filters.OF_RUNS.states) for term in plain if term.field == "state"]
    states = [[FlowRunState(name) for name in names] for names in named]
    groups = {term.value for term in plain if term.field == "is"}
    if "failed" in groups:
        states.append(list(WENT_WRONG))
    flows = [term.value.lower() for term in plain if term.field == "flow"]
    since = [filters.since_of(term.value, now) or 0.0 for term in plain if term.field == "since"]
    days = [day for term in plain if term.field == "day" and (day := filters.day_of(term.value, now))]
    since += [start for start, _ in days]
    words = [part for term in plain if term.field == "text" for part in _INDEXED.findall(term.value)]
    return Wanted(
        flow=flows[0] if flows and flows[0].isascii() else None,
        states=tuple(states[0]) if states else None,
        since=max(since) if since else None,
        until=min((end for _, end in days), default=None),
        word=max(words, key=len) if words else None,
    )


def subject(run: FlowRun, now: float, new: Container[int] = ()) -> Subject:
    """What a filter sees of a run; `new` are the runs that are new to everybody."""
    texts = (
        run.flow, run.run_name, run.path, run.message, run.trigger, *run.tags,
        json.dumps(run.parameters, ensure_ascii=False) if run.parameters else "",
    )  # fmt: skip
    return Subject(
        "\n".join(texts), run.flow, run.tags, run.state, run.trigger, run.seconds(now), run.created_at, run.id,
        run.attempt > 1, run.schedule is not None, run.is_late(now), run.id in new,
    )  # fmt: skip


def frozen(newer: int, out: int) -> str:
    """What waits for `g`, since nothing moves under the cursor."""
    above = f"{newer}{'+' if newer >= NEWER_AT_MOST else ''} newer"
    gone = f"{out} {'matches' if out == 1 else 'match'} no more"
    if newer and out:
        return f"{above}, {gone}: g"
    return f"{above}, g shows them" if newer else f"{gone}, g drops {'it' if out == 1 else 'them'}"


def what(run: FlowRun, now: float, limit: str = "") -> tuple[str, str]:
    """How it ended and why, or what it is doing; `limit` is what it waits for, in a few letters."""
    if run.state is FlowRunState.RETRYING and run.due_at:
        return (f"retrying in {times.duration(max(0.0, run.due_at - now), live=True)}", "warn")
    if later := begins(run, now):
        return (later, "dim")
    if run.state is FlowRunState.PAUSED:
        return (WAITS, role(run.state))
    failed = role(run.state) == "bad"
    if run.failure is not None and failed:
        kind = run.failure.type.rpartition(".")[2]
        first = run.failure.message.partition("\n")[0]
        return (f"{kind}: {first}", "bad")
    first = limit or run.message.partition("\n")[0]
    name = word(run.state)
    if first.startswith(name):
        name, first = first, ""  # "cancelled by ada"
    return (
        f"{name}: {first}" if first else name,
        "bad" if failed else role(run.state) if not run.ended_at else "",
    )


def why_no_alert(run: FlowRun) -> str:
    """Why no alert names a run."""
    if run.state in WENT_WRONG:
        return f"no alert names run {run.id} any more, only newer ones; 5 lists all alerts"
    return f"run {run.id} is {run.state}: alerts are about runs that fail or crash"


def parameters(run: FlowRun) -> Line:
    """Its parameters, in a few words."""
    line: Line = []
    for name, value in run.parameters.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        line += [(f"{name}=", "dim"), (f"{text[:60]} ", "dim")]
    return line
