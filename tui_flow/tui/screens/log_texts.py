"""What the keys of the Logs view do with what was found: copy it, save it, read it in a pager, edit what it names."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract.failure import Failure
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.store.records import FlowRun
from tui_flow.tui import saving
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation import hit_lines, tracebacks
from tui_flow.tui.presentation.address import Address, Spot
from tui_flow.tui.presentation.hits import Row

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section
    from tui_flow.tui.widgets.hit_list import HitLines

    _Base = Section
else:
    _Base = object


class LogTexts(_Base):
    """The part of the Logs view that hands out text."""

    if TYPE_CHECKING:
        list: HitLines

    def _hits(self) -> Sequence[Row]:
        """All hits in the order of the list."""
        return [row for head in self.list.found.heads() for row in head.hit_rows()]

    def _texts(self, *, kept: bool) -> Iterator[str]:
        """Each of them as a line of a file."""
        return (hit_lines.plain_line(row.group, row.hit, kept=kept) for row in self._hits() if row.hit)

    def action_save(self) -> None:
        """Asks for the name of a file for all hits."""
        if not self.list.rows:
            self.say("there is no hit to save")
            return
        name = saving.file_name(f"search-{self.text[:40]}.log")

        def save(path: str) -> None:
            if path.strip():
                hits = list(self._texts(kept=True))
                saving.save(self.console, self, path.strip(), hits, len(hits))

        self.ask("a new file to save all hits to", save, str(self.console.settings.project / name))

    async def action_pager(self) -> None:
        """All hits in $PAGER, at the one under the cursor."""
        row = self.list.selected
        if row is None:
            self.say("there is no hit to read")
            return
        wanted = row if row.hit is not None else row.head.hit_rows()[0]
        self.console.page(self._texts(kept=False), self._hits().index(wanted) + 1)

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        row = self.list.selected
        return (row.group.run, row.group.run.failure) if row is not None else (None, None)

    def action_edit(self) -> None:
        """Opens the editor at the line that a traceback names; elsewhere where the hit's run failed."""
        row = self.list.selected
        if row is None:
            return
        place = tracebacks.place_of(row.hit.text) if row.hit is not None else None
        if place is not None:
            self.console.edit(Path(place[0]), place[1])
        else:
            self.console.edit_run(row.group.run)

    async def copyables(self) -> Sequence[Copyable]:
        row = self.list.selected
        if row is None:
            return []
        run, hit = row.group.run, row.hit
        task = row.group.names.get(hit.task_run or 0, "") if hit else ""
        address = Address("runs", run_id=run.id, at=Spot(hit.line if hit else None, task))
        shown = "\n".join(f"{each.line + 1}: {each.text}" for each in row.group.hits)
        return [
            *([Copyable("y", "line", hit.text)] if hit else []),
            Copyable("u", "address", f"tui-flow open {shlex.quote(str(address))}"),
            Copyable("c", "command", f"tui-flow search {shlex.quote(self.text)}"),
            Copyable("i", "run's number", str(run.id)),
            Copyable("f", "log's path", str(run_dir(self.console.settings.state_dir, run.id) / LOG)),
            Copyable("l", "hits of the run", shown),
        ]
