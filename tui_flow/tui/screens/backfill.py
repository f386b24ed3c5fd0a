"""Back-fill from the Schedule view: a range is asked for, what it would run is shown, and only then it runs."""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_flow.contract import commands
from tui_flow.contract.schedules import TIMED
from tui_flow.counting import counted
from tui_flow.store.records import Schedule
from tui_flow.tui.presentation import Line, filters, times
from tui_flow.tui.refusal import Refused

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section
    from tui_flow.tui.widgets.agenda_table import AgendaTable

    _Base = Section
else:
    _Base = object
HINT = "from when, and until when:  7d   2026-11-01   2026-11-01 2026-11-07"
SHOWN = 8
"""Fire times that the preview names."""


def range_of(text: str, now: float) -> tuple[float, float] | None:
    """Beginning and end of "7d", "yesterday", "2026-11-01" or "2026-11-01 2026-11-07"; None for what is no range.

    An end that is a day counts whole, and none is in the future."""
    words = text.split()
    if not 1 <= len(words) <= 2:
        return None
    start = filters.since_of(words[0], now)
    end = filters.since_of(words[1], now) if len(words) == 2 else now
    if start is None or end is None:
        return None
    end = times.end_of(words[1], end) if len(words) == 2 else end
    return (start, min(end, now)) if start < min(end, now) else None


class Backfilling(_Base):
    """The part of the Schedule view that fills gaps."""

    if TYPE_CHECKING:
        table: AgendaTable

    def action_backfill(self) -> None:
        row = self.table.selected
        if row is None or row.schedule is None or row.kind == "once":
            return
        if row.schedule.kind not in TIMED:
            self.say(f"a trigger has no fire times to fill: {row.schedule.flow}/{row.schedule.slug}")
            return
        if not self.console.may_change():
            return
        self.home.ask(HINT, partial(self._range_entered, row.schedule))

    def _range_entered(self, schedule: Schedule, text: str) -> None:
        found = range_of(text, time.time())
        if found is None:
            raise Refused(
                f"say 7d, or 2026-11-01 2026-11-07: {text.strip() or 'nothing'} is not a range in the past"
            )
        asked = commands.Backfill(schedule.flow, *found, schedule=schedule.slug, dry_run=True)
        self.console.ask(asked, lambda told: self._preview(asked, told))

    def _preview(self, asked: commands.Backfill, told: dict[str, Any]) -> None:
        """What it would do, and whether it shall."""
        from tui_flow.tui.screens.dialogs import ConfirmScreen

        wanted = [slot["fire_at"] for slot in told["slots"] if slot["action"] == "run"]
        left = len(told["slots"]) - len(wanted)
        name = f"{asked.flow}/{asked.schedule}"
        if not wanted:
            why = (
                f"all {left} of its fire times have their run"
                if left
                else "it has no fire times in that range"
            )
            self.say(f"nothing to fill: {why}")
            return
        lines: list[Line] = [
            [(name, "strong"), (f" makes {counted(len(wanted), 'run')}, one after another", ""), (f"; {left} left out" if left else "", "dim")],
            *([(f"  {times.local(at):%a %Y-%m-%d %H:%M}", "")] for at in wanted[:SHOWN]),
            *([[(f"  and {len(wanted) - SHOWN} more", "dim")]] if len(wanted) > SHOWN else []),
        ]  # fmt: skip

        def made(answer: dict[str, Any]) -> None:
            runs = counted(sum(slot["action"] == "run" for slot in answer["slots"]), "run")
            self.console.cannot_undo(f"{name}: {runs} made: x in 2 Runs cancels them, u does not")
            self.say(f"{name}: {runs} made; 2 shows them")

        def answered(yes: bool | None) -> None:
            if yes:
                self.console.ask(asked._replace(dry_run=False), made)

        self.console.push_screen(
            ConfirmScreen(
                f"Back-fill {counted(len(wanted), 'run')}?", lines, "Make none", f"Make {len(wanted)}"
            ),
            answered,
        )
