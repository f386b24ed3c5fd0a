"""What the console does with the news that the bridge brings, and with the time that passes."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from tui_flow.contract.errors import READS_ONLY, EngineError, HistoryError, TuiFlowError
from tui_flow.counting import and_more
from tui_flow.settings import in_words, load, said_of
from tui_flow.store.records import Alert, Flow
from tui_flow.tui.actions import action_named
from tui_flow.tui.asking import Asking
from tui_flow.tui.bridge import OTHER, RunReading
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation import alert_list
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.flow_list import EMPTY, Overview
from tui_flow.tui.reloads import Reloads
from tui_flow.tui.screens.view import View
from tui_flow.tui.watchman import Watchman
from tui_flow.tui.widgets.header import Header


@runtime_checkable
class HearsOfFlows(Protocol):
    """A screen that is no view, and depends on what a flow takes."""

    def take_flows(self, flows: Sequence[Flow]) -> None: ...


class Hearing(Asking, inherit_bindings=False):
    """The bridge's audience: keeps what was told last, and tells the views."""

    keymap: Keymap
    watchman: Watchman
    reloads: Reloads
    overview = EMPTY
    has_overview = False
    engine = "connecting"
    no_room = ""
    """Why the engine starts no run for now."""
    trouble: TuiFlowError | None = None
    """What went wrong first, and still is."""
    to_say: Sequence[tuple[str, str]] = ()
    """Sentences and their roles that are to be known from the beginning, and that nobody has seen yet."""
    _unread = ""
    """The one of them that stands there, until a key is pressed."""
    _complaint = ""
    """The sentence about the last trouble."""
    _begin: Address | None = None
    """Where it is to open, until it has."""
    is_held = True
    """Whether the first frame is yet to be drawn: with the flows in it, rather than without them and then with them."""

    def begin_to_tick(self) -> None:
        self._second = self.set_interval(1.0, self._tick, pause=True)
        self.set_timer(_until_next_minute(), self._tick_minute)

    def take_overview(self, overview: Overview) -> None:
        is_first = not self.has_overview
        self._mended(HistoryError)
        self.overview, self.has_overview = overview, True
        self.reloads.take(overview.files)
        self.watchman.take(overview.alerts, is_first=is_first)
        if is_first:
            self.call_after_refresh(self._say_first, overview.alerts)
        self._tick_if_needed()
        self._update_headers()
        for view in self._views():
            view.take_overview()
        for screen in self.screen_stack:
            if isinstance(screen, HearsOfFlows):
                screen.take_flows(overview.flows)
        self.follow_progress()
        if self._begin is None:
            self.draw_first_frame()

    def draw_first_frame(self) -> None:
        """At once, unless it has been drawn."""
        if self.is_held:
            self.is_held = False
            for view in self._views()[-1:]:
                if not self.has_overview:
                    view.tell_empty()
                view.draw()

    def wants_advances(self) -> bool:
        return any(view.wants_advances() for view in self._views()[-1:])

    def take_advances(self, overview: Overview) -> None:
        self.overview = overview
        for view in self._views():
            view.take_advances()

    def new_alerts(self) -> list[Alert]:
        return alert_list.new_ones(self.overview.alerts, time.time())

    def _say_first(self, alerts: Sequence[Alert]) -> None:
        """What is to be known from the beginning, a sentence after the other."""
        mistakes, wrong = self.settings.mistakes, self.keymap.wrong
        width, ellipsis = self.size.width - 1, self.paint.marks.ellipsis
        self.to_say = [
            *([(first_of([said_of(each) for each in mistakes], width, ellipsis), "bad")] if mistakes else []),
            *([(first_of(wrong, width, ellipsis), "warn")] if wrong else []),
            *self.watchman.what_happened(alerts),
        ]
        self.say_next()

    def say_next(self) -> None:
        """The next of the sentences that are to be known from the beginning, if there is one."""
        if self.to_say:
            (self._unread, role), *self.to_say = self.to_say
            self.say(self._unread, role)

    def note_read(self) -> None:
        """A key was pressed: what stood there has been read."""
        self._unread = ""

    def tell(self, text: str, role: str = "") -> None:
        """News, which stay until the next sentence, and wait for one that is to be known from the beginning to be read."""
        if self._unread and self.said() == self._unread:
            self.to_say = [*self.to_say, (text, role)]
        else:
            self.say(text, role, stays=True)

    def take_run(self, reading: RunReading) -> None:
        for view in self._views():
            view.take_run(reading)

    def take_engine(self, state: str, error: TuiFlowError | None) -> None:
        before = (self.has_engine, self.needs_restart)
        self.engine = state
        if self.has_engine:
            self._mended(EngineError)
        self._tick_if_needed()
        if (self.has_engine, self.needs_restart) != before:
            self._show_anew()
        else:
            self._update_headers()
        if error is not None:
            self._take_error(error)

    @property
    def has_engine(self) -> bool:
        """Whether one is there, or on its way: without one nothing fires."""
        return self.engine not in ("stopped", "gone")

    @property
    def needs_restart(self) -> bool:
        """Whether `:restart` helps: there is no engine, or one of another version; and one can be there."""
        if self.bridge.read_only not in (None, READS_ONLY):
            return False
        return not self.has_engine or (self.engine == OTHER and not self.bridge.read_only)

    @property
    def restart_command(self) -> str:
        """What brings an engine back."""
        key = self.keymap.first(action_named("app.commands"))
        return "tui-flow engine start" if self.bridge.read_only else f"{key}{' ' * (len(key) > 1)}restart"

    def _show_anew(self) -> None:
        """Something is another that much of what is shown depends on."""
        self._update_headers()
        for view in self._views():
            if self.has_overview:
                view.take_overview()
            view.query("*").refresh()
            if view.said in ("", self._complaint):
                view.say("")

    def take_room(self, reason: str) -> None:
        before, self.no_room = self.no_room, reason
        if bool(reason) == bool(before):
            return
        self._update_headers()
        if reason:
            self.say(f"no run is started: {reason}", "bad", stays=True)
        elif self.engine == "ok":
            self.say("there is room again: runs are started", stays=True)

    def take_settings(self, trouble: str) -> None:
        try:
            found, _ = load(self.settings.project)
            trouble = trouble or in_words(found.mistakes)
        except TuiFlowError as error:
            trouble = trouble or error.what
        if trouble:
            self.say(f"the earlier settings still apply: {trouble}", "bad", stays=True)
            return
        self.settings = replace(found, theme=self.settings.theme)  # that may be from the command line
        self.say("the saved settings apply now", stays=True)
        if self.has_overview:
            for view in self._views():
                view.take_overview()

    def take_trouble(self, error: TuiFlowError | None) -> None:
        if error is not None:
            self._take_error(error)
        else:
            self._mended(HistoryError)

    def _mended(self, kind: type[TuiFlowError]) -> None:
        """What went wrong in this way does no more."""
        if isinstance(self.trouble, kind):
            self.trouble = None

    def _take_error(self, error: TuiFlowError) -> None:
        """Says it, and where there is nothing else to show yet, says all of it."""
        self.complain(error, stays=True)
        self._complaint = self.said()
        self.trouble = self.trouble or error
        for view in self._views():
            view.tell_empty()
        if isinstance(error, HistoryError):
            self.draw_first_frame()

    def _tick_if_needed(self) -> None:
        """Seconds count while something runs, or the engine is silent."""
        if self.overview.active or self.engine == "stale":
            self._second.resume()
        else:
            self._second.pause()

    def _update_headers(self) -> None:
        """Also of a form, which is no view."""
        for screen in self.screen_stack:
            for header in screen.query(Header):
                header.update_all()

    def _tick(self) -> None:
        if self.engine == "stale":
            self._update_headers()
        for view in self._views()[-1:]:
            view.tick()

    def on_unmount(self) -> None:
        """What happened until here was seen."""
        self.watchman.note_seen()

    def on_app_focus(self) -> None:
        self.watchman.is_looked_at = True

    def on_app_blur(self) -> None:
        self.watchman.is_looked_at = False

    def _tick_minute(self) -> None:
        """At the turn of a minute, when the clock in the header moves on."""
        self.set_timer(_until_next_minute(), self._tick_minute)
        self._update_headers()
        self.watchman.note_seen()
        for view in self._views()[-1:]:
            view.tick_minute()

    def _views(self) -> list[View]:
        return [screen for screen in self.screen_stack if isinstance(screen, View) and screen.is_mounted]


def first_of(mistakes: Sequence[str], width: int, ellipsis: str) -> str:
    """The first of them, cut where it has no room beside how many more there are."""
    others = and_more(len(mistakes), "mistake")
    return short(mistakes[0], width - len(others), ellipsis) + others


def _until_next_minute() -> float:
    """Seconds."""
    return 60.0 - time.time() % 60.0
