"""The first line of every view: whose project it is, what is at work, how the engine is, and what time it is."""

import os
import socket
import time
from typing import Any

from tui_flow.tui.bridge import OTHER
from tui_flow.tui.presentation import Line, text_of, times
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.widgets.bars import Bar

MAX_NAME = 18
"""Cells of the header that the project's name may take, and the machine's."""
ROOMY = 120
"""Columns from which on there is room for words, the flows and the date."""
_ENGINE_ROLES = {
    "ok": "dim",
    "connecting": "dim",
    "stopped": "warn",
    "stale": "warn",
    "gone": "bad",
    OTHER: "warn",
}


class Header(Bar):
    """Drawn again when something in it is another: once a minute, where nothing happens."""

    def __init__(self) -> None:
        super().__init__(id="header")

    def on_mount(self) -> None:
        self.update_all()

    def on_resize(self) -> None:
        self.update_all()

    def update_all(self) -> None:
        """Says it anew, in as many words as there is room for."""
        width = self.app.size.width
        name, host, notes = self._project(), self._machine(), self._notes()
        words, fewer, fewest = self._counts(roomy=width >= ROOMY)
        clock, engine = self._clock(width), self._engine()
        helped, right, bare = [self._engine(helps=True), clock], [engine, clock], [engine]
        whole, brand, bare_name = [*name, *host, *notes], [*name, *notes], [(" ", ""), *name[1:]]
        for left, told in (
            ([*whole, *words], helped),
            ([*whole, *words], right),
            ([*whole, *fewer], right),
            ([*brand, *fewer], right),
            ([*brand, *fewer], bare),
            ([*bare_name, *notes, *fewer], bare),
            ([*bare_name, *notes, *fewest], bare),
        ):
            if len(text_of([*left, *told])) < width:
                break
        self.set(left, told)

    @property
    def _console(self) -> Any:
        return self.app

    def _project(self) -> Line:
        project = short(self._console.settings.project.name, MAX_NAME, self.paint.marks.ellipsis)
        return [(" tui_flow  ", "strong"), (project, "key")]

    def _machine(self) -> Line:
        return [(f"@{short(_host(), MAX_NAME, self.paint.marks.ellipsis)}", "dim")]

    def _notes(self) -> Line:
        """What holds for all that is shown."""
        console = self._console
        line: Line = []
        if console.bridge.read_only:
            line.append(("  read-only", "warn"))
        if console.zone == "utc":
            line.append(("  times in UTC", "warn"))
        if console.no_room:
            line.append(("  no room: starts paused", "bad"))
        return line

    def _engine(self, *, helps: bool = False) -> tuple[str, str]:
        """How it is, by its last answer; and where it is not, what helps."""
        console, more = self._console, ""
        if console.engine == "stale":
            more = f" {times.until(console.bridge.silent_seconds)}"
        elif helps and console.needs_restart:
            more = f" ({console.restart_command})"
        return f"engine {console.engine}{more} ", _ENGINE_ROLES.get(console.engine, "dim")

    def _clock(self, width: int) -> tuple[str, str]:
        """Minutes are enough: each change is sent over the line."""
        now = time.time()
        here = times.local(now)
        return (
            f" {here:%a %Y-%m-%d %H:%M} {times.zone_name(now).split()[-1]} "
            if width >= ROOMY
            else f" {here:%H:%M} "
        ), "dim"

    def _counts(self, *, roomy: bool) -> tuple[Line, Line, Line]:
        """What is at work, waits or is wrong: shape and number, with words; with words where the shape is also that of
        a state, which it does not count; and with the shortest ones."""
        console, marks = self._console, self.paint.marks
        started, paused, queued = console.overview.going
        broken = sum(1 for file in console.overview.files if file.state == "broken")
        new = len(console.new_alerts())
        files = f" broken file{'s' if broken > 1 else ''}"
        waits = f" wait{'s' if paused == 1 else ''} for you"
        found = [
            (started, f"{marks.glyph('running')}{started}", " running", "", "live"),
            (paused, f"{marks.glyph('paused')}{paused}", waits, "", "warn"),
            (queued, f"{marks.glyph('pending')}{queued}", " queued", "", "dim"),
            (broken, f"!{broken}", files, " broken", "bad"),
            (new, f"{marks.glyph('failed')}{new}", f" new alert{'s' if new > 1 else ''}", " new", "bad"),
        ]
        flows = len(console.overview.flows)
        if roomy:
            told = f" flow{'' if flows == 1 else 's'}" + (f" ({broken}{files})" if broken else "")
            found = [
                (flows or broken, f"{flows}", told, told, "bad" if broken else ""),
                *found[:3],
                *found[4:],
            ]
        there = [each for each in found if each[0]]
        return (
            [(f"  {count}{word}", role) for _, count, word, _, role in there],
            [(f"  {count}{word if brief else ''}", role) for _, count, word, brief, role in there],
            [(f"  {count}{brief}", role) for _, count, _, brief, role in there],
        )


def _host() -> str:
    """This machine's name, without its domain."""
    return (os.environ.get("HOSTNAME") or socket.gethostname()).partition(".")[0]
