"""What the palette offers for each flow, and for its latest run."""

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui.presentation import reruns, times
from tui_flow.tui.presentation.filters import quoted
from tui_flow.tui.presentation.flow_list import FlowRow, rows_of
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.palette import Offer
from tui_flow.tui.presentation.why_not import why_not
from tui_flow.tui.screens.home import HomeScreen

if TYPE_CHECKING:
    from tui_flow.tui.app import Console


def flow_offers(console: "Console", first: str) -> Iterator[Offer]:
    """What can be done with each flow, with that called `first` before the others, and each file once."""
    rows = sorted(rows_of(console.overview), key=lambda row: row.name != first)
    for row in rows:
        yield from _FlowOffers(console, row).all()
    for row in {row.path: row for row in reversed(rows)}.values():
        yield _edit(console, row)


def _edit(console: "Console", row: FlowRow) -> Offer:
    where = console.settings.project / row.path
    line = (row.broken.error_line or 0) if row.broken else row.flow.line if row.flow else 0
    about = "does not import" if row.broken else ""
    offer = Offer("flow", f"Edit {row.path}", about, "", partial(console.edit, where, line), "bad")
    return offer.unless(why_read_only(console), console.say)


def why_read_only(console: "Console") -> str:
    """Why nothing can be changed; empty where it can."""
    return console.bridge.read_only.what if console.bridge.read_only else ""


class _FlowOffers:
    """Of one flow."""

    def __init__(self, console: "Console", row: FlowRow) -> None:
        self._console, self._row, self._read_only = console, row, why_read_only(console)

    def all(self) -> Iterator[Offer]:
        row = self._row
        if row.flow is not None:
            yield from self._of_flow(row.flow)
        if row.run is not None:
            yield from self._of_run(row.run)
        if row.waiting is not None and row.waiting is not row.run:
            yield from self._endings(row.waiting)
        if row.standing:
            yield self._pause()

    def _of_flow(self, flow: Flow) -> Iterator[Offer]:
        console, latest = self._console, self._row.run
        state = self._state(latest) if latest else ("", "")
        takes_none = "" if flow.parameters.get("properties") else why_not("run_with")
        source = f"values of run {latest.id}" if latest else ""
        ask: Any = (
            partial(console.run_again, latest, ask=True, open_it=True)
            if latest
            else partial(console.run_flow, flow, {}, ask=True, open_it=True)
        )
        yield self._change(
            f"Run {flow.name}", partial(console.run_flow, flow, {}, ask=False, open_it=True), *state
        )
        yield self._change(f"Run {flow.name} with params…", ask, source, why_not=takes_none)

    def _of_run(self, run: FlowRun) -> Iterator[Offer]:
        from tui_flow.tui import reading
        from tui_flow.tui.answering import answer

        console, name, (state, look) = self._console, self._row.name, self._state(run)
        about = f"run {run.id}  {state}"
        goes_on = "" if reruns.ways(run, "") else f"run {run.id} is {run.state}"
        nothing_failed = f"run {run.id} completed" if run.state is FlowRunState.COMPLETED else goes_on

        def diff() -> None:
            console.run_worker(reading.show_diff(console, run), group="reading")

        if run.state is FlowRunState.PAUSED:
            yield self._change(f"Answer run {run.id}", partial(answer, console, run), about, look)
        yield self._change(
            f"Rerun {name} from failed", partial(console.rerun, run, way="f"), about, look, nothing_failed
        )
        yield self._change(f"Rerun {name} all", partial(console.rerun, run, way="a"), about, look, goes_on)
        yield Offer("flow", f"Open {name}", about, "", partial(console.open_run, run.id), look)
        yield Offer("flow", f"Logs: search in {name}", "", "", self._search)
        yield Offer("flow", f"Diff {name} with last success", about, "", diff, look)
        yield from self._endings(run)

    def _endings(self, run: FlowRun) -> Iterator[Offer]:
        console, name, (state, look) = self._console, self._row.name, self._state(run)
        ended = "it has ended" if run.state in TERMINAL else ""
        for verb, is_kill in (("Cancel", False), ("Kill", True)):
            end = partial(console.end_run, run, kill=is_kill)
            yield self._change(f"{verb} run {run.id}", end, f"{name}  {state}", look, ended)

    def _pause(self) -> Offer:
        console, row = self._console, self._row
        verb = "Pause" if row.standing == "active" else "Resume"
        about = f"next fire {times.moment(row.next_at, time.time())}" if row.next_at else ""
        pause = partial(console.pause_flow, row.name, row.standing)
        return self._change(f"{verb} schedule of {row.name}", pause, about)

    def _change(self, title: str, act: Any, about: str = "", look: str = "dim", why_not: str = "") -> Offer:
        """What a console that only reads does not do."""
        offer = Offer("flow", title, about, "", act, look, words=self._row.name.casefold())
        return offer.unless(self._read_only or why_not, self._console.say)

    def _state(self, run: FlowRun) -> tuple[str, str]:
        return f"{self._console.paint.marks.glyph(run.state)} {run.state}", role(run.state)

    async def _search(self) -> None:
        """Asks for what is to be found in the logs of the flow's runs."""
        console = self._console
        await console.action_view("logs")
        if isinstance(console.screen, HomeScreen):
            console.screen.open_prompt(f"flow:{quoted(self._row.name)} ")
